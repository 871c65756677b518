"""`manage.py encrypt_store`: what lies in the store as it came, encrypted where it lies; again goes on where it stopped."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from screening.services.keeping import NoKey, encrypt_store


class Command(BaseCommand):
    """One JSON line. Exit 1 when an object cannot be read."""

    help = (
        "Encrypt stored images that lie there plain, while the program runs. Give STORAGE_KEY to every process first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many objects; default all")

    def handle(self, *_args: Any, limit: int | None, **_options: Any) -> None:
        try:
            done = encrypt_store(limit=limit)
        except NoKey as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"encrypted": done.changed, "failed": done.failed, "complete": done.complete}))
        if done.failed:
            raise SystemExit(1)
