"""`manage.py seed_demo`: a demo site with a person per role and synthetic studies. Idempotent."""

from __future__ import annotations

from argparse import ArgumentParser
from io import StringIO
from pathlib import Path
from typing import Any

import pydicom
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Site
from accounts.roles import Role
from accounts.services import ensure_demo_user, ensure_site
from config.data import data_folder
from screening.models import Study
from screening.phantoms.catalogue import DEMO_STUDIES
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from screening.services.registry import register_shipped
from screening.services.rights import grant_for_show

PEOPLE = (
    ("reader", Role.READER, "Mara", "Osei"),
    ("reader2", Role.READER, "Lena", "Brandt"),
    ("trainee", Role.TRAINEE, "Tomas", "Ruiz"),
    ("technologist", Role.TECHNOLOGIST, "Ines", "Moreau"),
    ("administrator", Role.ADMINISTRATOR, "Ada", "Nwosu"),
    ("auditor", Role.AUDITOR, "Piotr", "Zielinski"),
)
PASSWORD = "firstread-demo"


class Command(BaseCommand):
    help = "Make the demo site, its people and its studies, where they are not there yet."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dicom", action="append", default=[], type=Path, help="ingest this folder, too")
        parser.add_argument("--password", default=PASSWORD, help="of every demo account")

    def handle(self, *args: Any, **options: Any) -> None:
        demo = ensure_site(slug="demo", name="North Clinic (demo)")
        default = ensure_site(slug="default", name="Default site")
        password = options["password"]
        for username, role, first_name, last_name in PEOPLE:
            ensure_demo_user(
                username=username,
                first_name=first_name,
                last_name=last_name,
                password=password,
                memberships={demo: role, default: role},
            )
        # No model's figures need to have earned the right: a demonstration should show what it does, and says so.
        register_shipped()
        grant_for_show(sites=(demo, default))
        self._phantoms(demo)
        self._files(demo, options["dicom"])

    def _phantoms(self, site: Site) -> None:
        for demo in DEMO_STUDIES:
            if Study.objects.filter(site=site, patient__patient_id=demo.patient_id).exists():
                continue
            self.stdout.write(f"    {demo.name} …")
            images = demo.make().datasets
            # All or nothing, so that a run that was stopped is taken up where it was; drawn before, so
            # that nobody waits for the database meanwhile.
            with transaction.atomic():
                for dataset in images:
                    result = ingest_instance(data=as_bytes(dataset), source="command", site=site, actor=None)
                    if result.result == "rejected":
                        raise CommandError(f"A synthetic image was rejected: {result.reason}")

    def _files(self, site: Site, folders: list[Path]) -> None:
        real = data_folder() / "dicom"
        shipped = sorted(path for path in real.iterdir() if path.is_dir()) if real.is_dir() else []
        for folder in [*shipped, *folders]:
            if not folder.exists():
                raise CommandError(f"There is no folder {folder}.")
            if folder in shipped and is_there(folder, site):
                continue
            self.stdout.write(f"    DICOM files of {folder.name} …")
            try:
                call_command("ingest", str(folder), site=site.slug, stdout=StringIO())
            except SystemExit:
                self.stdout.write("      some files were not taken; the upload page says why")


def is_there(folder: Path, site: Site) -> bool:
    """Does the site hold as many images of this folder's study as the folder has files?"""
    files = [path for path in folder.iterdir() if path.is_file()]
    uid = pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID
    return Study.objects.filter(site=site, study_uid=uid, instance_count__gte=len(files)).exists()
