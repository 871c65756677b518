"""`manage.py draft --findings FILE --json`: draft a report offline, without the database."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.content import content_for
from reports.drafting.generator import draft_report
from reports.drafting.types import LANGUAGES, REGISTERS, DraftInputError, HouseStyle

LARGEST = 10 * 1024 * 1024


class Command(BaseCommand):
    """FILE is one line of `score --json`, plus an optional "prior"; "-" reads standard input."""

    help = "Draft the report of one study from one line of `score --json`. Writes nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--findings", required=True, metavar="FILE", help="one line of `score --json`; - is standard input"
        )
        parser.add_argument("--json", action="store_true", help="print the draft as JSON")
        parser.add_argument("--language", choices=LANGUAGES, default="en", help="language of the draft")
        parser.add_argument("--register", choices=REGISTERS, default="full", help="full sentences or terse ones")
        parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    def handle(self, *_args: Any, **options: Any) -> None:
        result = _read(options["findings"])
        try:
            style = HouseStyle(language=options["language"], register=options["register"])
            draft = draft_report(result, device=options["device"], style=style)
        except DraftInputError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(draft))
            return
        for section in content_for(result.get("programme")).sections:
            texts = [sentence["text"] for sentence in draft["sections"][section.name]]
            self.stdout.write(f"{section.title}: {' '.join(texts)}")


def _read(name: str) -> dict[str, Any]:
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _read_file(Path(name))
    except OSError as error:
        raise CommandError(f"The findings cannot be read: {error.strerror or 'unknown reason'}.") from error
    if len(data) > LARGEST:
        raise CommandError("The findings are larger than 10 MB.")
    try:
        result = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CommandError("The findings are not one JSON value in UTF-8.") from error
    if not isinstance(result, dict):
        raise CommandError("The findings are not a JSON object.")
    return result


def _read_file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST + 1)
