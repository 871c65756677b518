"""`manage.py rotate_storage_keys`: the first key of STORAGE_KEY takes over from the others; headers alone are written."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from screening.services.keeping import NoKey, rotate_keys


class Command(BaseCommand):
    """One JSON line; when `complete`, the older keys may be taken out of STORAGE_KEY. Exit 1 when an object cannot be read."""

    help = "Wrap the keys of stored images with the first key of STORAGE_KEY, while the program runs. Contents stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many objects; default all")

    def handle(self, *_args: Any, limit: int | None, **_options: Any) -> None:
        try:
            done = rotate_keys(limit=limit)
        except NoKey as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"rewrapped": done.changed, "failed": done.failed, "complete": done.complete}))
        if done.failed:
            raise SystemExit(1)
