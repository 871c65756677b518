"""`manage.py restore DIR`: a backup into an empty installation, then every check there is."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from screening.services.backup import BackupFailed, bring_back, missing_objects


class Command(BaseCommand):
    """Exit 0 when all is back and holds. One JSON line at the end."""

    help = "Bring a backup back into an empty database and storage, and verify every digest, signature and seal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--snapshot", default="", help="its name; default the newest")

    def handle(self, *_args: Any, folder: Path, **options: Any) -> None:
        call_command("migrate", verbosity=0, stdout=self.stderr)
        try:
            back = bring_back(folder, options["snapshot"], lambda text: self.stderr.write(text))
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        # A newer program than the one that made the backup brings its database up to date.
        call_command("migrate", verbosity=0, stdout=self.stderr)
        damaged = list(missing_objects())
        faulty = [name for name in ("verify_audit", "verify_reports") if not self._holds(name)]
        line = {
            "snapshot": back.name,
            "objects": back.objects,
            "bytes": back.size,
            "damaged": damaged,
            "faulty": faulty,
        }
        self.stdout.write(json.dumps(line))
        if damaged or faulty:
            raise SystemExit(1)

    def _holds(self, name: str) -> bool:
        try:
            call_command(name, stdout=self.stderr)
        except SystemExit:
            return False
        return True
