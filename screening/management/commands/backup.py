"""`manage.py backup DIR`: everything, encrypted, while the program runs; again adds only what is new."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from screening.services.backup import BackupFailed, back_up, new_key


class Command(BaseCommand):
    """One JSON line says what was made."""

    help = "Back up the database, every stored object and the models, encrypted, while the program runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="made when missing; each run adds a snapshot")
        parser.add_argument("--new-key", action="store_true", help="first write a new key where BACKUP_KEY says")

    def handle(self, *_args: Any, folder: Path, **options: Any) -> None:
        try:
            if options["new_key"]:
                new_key(Path(settings.BACKUP_KEY))
            made = back_up(folder)
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        line = {"snapshot": made.name, "objects": made.objects, "added": made.added, "bytes_added": made.size}
        self.stdout.write(json.dumps(line))
