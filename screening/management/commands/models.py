"""`manage.py models …`: the registry of models from the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from screening.models import ModelBundle
from screening.scoring.bundle import BundleError
from screening.selectors.registry import active_row, folder_of
from screening.services import registry


class Command(BaseCommand):
    help = "List, install, choose and go back. What is done here is in the audit trail, without a person's name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        listing = acts.add_parser("list", help="every version, and which one reads")
        listing.add_argument("--json", action="store_true", help="one JSON object a line for each version")
        acts.add_parser("register", help="make rows for what this version of Firstread ships")
        installing = acts.add_parser("install", help="check a bundle and keep it; it reads nothing yet")
        installing.add_argument("path", type=Path, metavar="PATH", help="a zip archive or a folder")
        activating = acts.add_parser("activate", help="let a version read its programme from now on")
        activating.add_argument("name")
        activating.add_argument("version")
        activating.add_argument("--reason", required=True)
        back = acts.add_parser("rollback", help="let the version before the one that reads now read again")
        back.add_argument("programme")
        back.add_argument("--reason", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except registry.BundleRefused as refusal:
            raise CommandError("\n".join(refusal.faults)) from refusal

    def _list(self, options: dict[str, Any]) -> None:
        for row in ModelBundle.objects.all():
            state = self._state(row)
            if options["json"]:
                line = {
                    "name": row.name,
                    "version": row.version,
                    "programme": row.programme,
                    "sha256": row.sha256,
                    "shipped": row.shipped,
                    "state": state,
                    "triage": row.metadata.get("triage") is True,
                }
                self.stdout.write(json.dumps(line))
            else:
                self.stdout.write(f"{row.programme:<18}{row.name:<24}{row.version:<12}{state}")

    def _state(self, row: ModelBundle) -> str:
        try:
            folder_of(row)
        except BundleError:
            return "gone"
        return "reads" if row == active_row(row.programme) else "installed"

    def _register(self, _options: dict[str, Any]) -> None:
        new = registry.register_shipped()
        self.stdout.write("\n".join(f"{row} is new." for row in new) or "Nothing new.")

    def _install(self, options: dict[str, Any]) -> None:
        path: Path = options["path"]
        if path.is_dir():
            row = registry.install_folder(folder=path, actor=None)
        else:
            try:
                with path.open("rb") as archive:
                    row = registry.install_archive(archive=archive, actor=None)
            except OSError as error:
                raise CommandError(f"{path} cannot be read.") from error
        self.stdout.write(f"{row} is installed. It reads nothing until it is activated.")

    def _activate(self, options: dict[str, Any]) -> None:
        row = ModelBundle.objects.filter(name=options["name"], version=options["version"]).first()
        if row is None:
            raise CommandError(f"There is no model {options['name']} {options['version']}.")
        registry.activate(row=row, reason=options["reason"], actor=None)
        self.stdout.write(f"{row} reads from now on.")

    def _rollback(self, options: dict[str, Any]) -> None:
        activation = registry.roll_back(programme=options["programme"], reason=options["reason"], actor=None)
        self.stdout.write(f"{activation.bundle} reads from now on.")
