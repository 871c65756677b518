"""What people do while a backup is made, as a process of its own: `python -m tests.operation.acts take|sign FOLDER|NUMBER`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
django.setup()

from django.db import transaction  # noqa: E402

from accounts.audit import record  # noqa: E402
from accounts.models import Site, User, Verb  # noqa: E402
from reports.models import Meaning, Report, Revision  # noqa: E402
from reports.services.signing import FORMAT, append_signature, signed_sections  # noqa: E402
from screening.models import Study  # noqa: E402
from screening.services.ingest import ingest_instance  # noqa: E402


def take(folder: Path) -> None:
    site = Site.objects.get(slug="default")
    for path in sorted(folder.iterdir()):
        result = ingest_instance(data=path.read_bytes(), source="test", site=site, actor=None)
        assert result.result == "stored", result.reason
        print(path.name, flush=True)


def sign(number: int) -> None:
    site = Site.objects.get(slug="default")
    reader, _made = User.objects.get_or_create(username="reader")
    study = Study.objects.order_by("pk").first()
    report, _made = Report.objects.get_or_create(study=study, defaults={"programme": "lung", "created_at": moment()})
    for ordinal in range(number):
        with transaction.atomic():
            sections = {
                "nodules": [{"id": "h1", "text": f"Nodule of {ordinal} mm, 右肺.", "origin": "human", "evidence": []}]
            }
            sections["nodules"][0]["state"] = "human"
            last = report.revisions.count()
            revision = Revision.objects.create(
                report=report, number=last + 1, sections=sections, author=reader, created_at=moment()
            )
            body = {"format": FORMAT, "sections": signed_sections(revision), "ai_state": "scored", "model": None}
            append_signature(report, reader, revision, Meaning.PRELIMINARY, body)
            record(Verb.REPORT_SIGNED, actor=reader, site=site, object_type="report", object_id=report.pk)


def moment() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    {"take": lambda what: take(Path(what)), "sign": lambda what: sign(int(what))}[sys.argv[1]](sys.argv[2])
