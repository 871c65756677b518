"""`manage.py erase_report REPORT_ID --by USER --reason TEXT`: what was written and signed of a report, on request."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from reports.models import Report
from reports.services.erasing import NotErasable, SigningConflict, erase_report


class Command(BaseCommand):
    """Exit 1 with a sentence when it may not be erased."""

    help = "Erase the content of a signed report on request. It cannot be undone; the tombstone and its digests stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("report_id", type=int)
        parser.add_argument("--by", required=True, metavar="USER", help="an administrator of the site")
        parser.add_argument("--reason", required=True, help="it stays: it must not name the patient")

    def handle(self, *_args: Any, **options: Any) -> None:
        report = Report.objects.filter(pk=options["report_id"]).select_related("study__site", "study__patient").first()
        actor = User.objects.filter(username=options["by"]).first()
        if report is None or actor is None:
            raise CommandError("There is no such report, or no such user.")
        try:
            erasure = erase_report(report=report, actor=actor, reason=options["reason"])
        except (NotErasable, SigningConflict, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Erased: {erasure.tombstones.count()} rows emptied. Backups still hold it; see the manual.")
