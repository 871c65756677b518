"""`manage.py deidentify STUDY_UID … --out DIR --project NAME`: studies without their persons, as files."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from screening.models import Study
from screening.services.deidentifying import NoKey, export_deidentified


class Command(BaseCommand):
    """One JSON line a study. Exit 1 when an image had to be left out."""

    help = "Write studies freed of their persons (DICOM PS3.15 Annex E) to a folder, with a report of what went."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study_uids", nargs="+", metavar="STUDY_UID")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--project", required=True, help="one project, one set of new names")
        parser.add_argument("--site", default="default", metavar="SLUG")

    def handle(self, *_args: Any, **options: Any) -> None:
        left_out = 0
        for uid in options["study_uids"]:
            study = Study.objects.filter(study_uid=uid, site__slug=options["site"]).select_related("site").first()
            if study is None:
                raise CommandError("There is no such study at this site.")
            try:
                done = export_deidentified(study=study, project=options["project"], folder=options["out"], actor=None)
            except NoKey as error:
                raise CommandError(str(error)) from error
            left_out += sum(done.refused.values())
            self.stdout.write(
                json.dumps({"folder": str(done.folder), "written": done.written, "refused": dict(done.refused)})
            )
        if left_out:
            raise SystemExit(1)
