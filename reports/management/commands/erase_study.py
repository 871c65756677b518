"""`manage.py erase_study STUDY_UID --site SLUG --by USER --reason TEXT`: a study with its report, on request."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from reports.services.erasing import NotErasable, SigningConflict, erase_study
from screening.models import Study


class Command(BaseCommand):
    """Exit 1 with a sentence when it may not be erased."""

    help = "Erase a study, its images, results and report on request. It cannot be undone; the tombstone stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study_uid")
        parser.add_argument("--site", default="default", metavar="SLUG")
        parser.add_argument("--by", required=True, metavar="USER", help="an administrator of the site")
        parser.add_argument("--reason", required=True, help="it stays: it must not name the patient")

    def handle(self, *_args: Any, **options: Any) -> None:
        studies = Study.objects.filter(study_uid=options["study_uid"], site__slug=options["site"])
        study = studies.select_related("site", "patient").first()
        actor = User.objects.filter(username=options["by"]).first()
        if study is None or actor is None:
            raise CommandError("There is no such study at this site, or no such user.")
        try:
            erasure = erase_study(study=study, actor=actor, reason=options["reason"])
        except (NotErasable, SigningConflict, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Erased: {erasure.objects_gone} files, {erasure.tombstones.count()} rows emptied."
            " Backups still hold them; see the manual."
        )
