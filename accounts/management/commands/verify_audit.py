"""`manage.py verify_audit`: does every audited event still stand as it was sealed?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.sealing import Head, Verdict
from accounts.services.sealing import KeyMissing, kept_head, verify


class Command(BaseCommand):
    """Exit 0 when everything holds, 1 otherwise; each fault is named."""

    help = "Verify the sealed audit trail against its key and its latest head, both kept outside the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", metavar="NUMBER:DIGEST", help="the latest head; default the one in its file")
        parser.add_argument("--json", action="store_true", help="one JSON line")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            head = Head.parse(options["head"]) if options["head"] else kept_head()
            verdict = verify(head)
        except (ValueError, KeyMissing) as error:
            raise CommandError(str(error)) from error
        self._tell(verdict, as_json=options["json"])
        if verdict.faults:
            raise SystemExit(1)

    def _tell(self, verdict: Verdict, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(verdict)))
            return
        self.stdout.write(f"{verdict.events} events, {verdict.seals} seals, {verdict.waiting} waiting for their seal.")
        if verdict.head:
            self.stdout.write(f"Head: {verdict.head}")
        for note in verdict.notes:
            self.stdout.write(note)
        for fault in verdict.faults:
            where = f"event {fault.event}" if fault.event is not None else f"seal {fault.seal}"
            self.stdout.write(f"{where}: {fault.reason}")
        self.stdout.write("Faults were found." if verdict.faults else "Everything holds.")
