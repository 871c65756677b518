"""`manage.py rescore`: ask the models that read now once more. Runs are added; those there are stay."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from screening.models import Study
from screening.scoring.bundle_schema import PROGRAMMES
from screening.services.rescoring import NotRescored, rescore, rescore_waiting


class Command(BaseCommand):
    help = "Score studies again: those named, or all of a programme that wait to be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("uids", nargs="*", metavar="UID", help="StudyInstanceUID")
        parser.add_argument("--programme", choices=sorted(PROGRAMMES), help="every waiting study of this programme")
        parser.add_argument("--site", metavar="SLUG", help="of this site alone")

    def handle(self, *_args: Any, **options: Any) -> None:
        sites = Site.objects.filter(is_active=True)
        if options["site"]:
            sites = sites.filter(slug=options["site"])
        if not sites.exists():
            raise CommandError(f"There is no active site {options['site']}.")
        if bool(options["uids"]) == bool(options["programme"]):
            raise CommandError("Name studies, or a programme with --programme.")
        if options["programme"]:
            try:
                done = rescore_waiting(programme=options["programme"], sites=sites, actor=None)
            except NotRescored as refusal:
                raise CommandError(str(refusal)) from refusal
            self.stdout.write(f"{done.asked} asked for, {done.left} would give the same result, {done.more} left.")
            return
        for uid in options["uids"]:
            found = Study.objects.filter(study_uid=uid, site__in=sites).select_related("site")
            if not found:
                raise CommandError(f"There is no study {uid}.")
            for study in found:
                self.stdout.write(f"{uid}: {self._one(study)}")

    def _one(self, study: Study) -> str:
        try:
            run = rescore(study=study, actor=None)
        except NotRescored as refusal:
            return str(refusal)
        return "asked for." if run else "it would give the same result."
