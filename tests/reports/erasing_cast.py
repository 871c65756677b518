"""A study with a planted word wherever a person can write, and an administrator who erases it."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.utils import timezone

from reports.models import CommunicationStep, CommunicationTask, Opinion, Recommendation, Report
from reports.services import editing
from reports.services.addenda import add_addendum
from reports.services.amending import amend_report
from reports.services.erasing import erase_report, erase_study
from reports.services.signing import sign_report
from screening.models import Deferral, FindingDecision, Instance, Measurement, ModelBundle, Patient, StudyNote
from screening.phantoms.headers import as_bytes
from screening.services.reading import claim_study
from screening.storage import storage
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, changed_text, full_text, sentence
from tests.reports.exports import ct_headers

# A word that is nowhere else, planted wherever a person can write.
SECRET = "Zwetschgenknödel"
NAME, NUMBER = "ERASEME^Ottilie", "ERASE-4711"
REASON = "Asked for in writing, file 12"


def planted(text: str = "") -> str:
    return f"{text} {SECRET}".strip()


@pytest.fixture
def written(make_study, north, score, reader, second_reader, request_by, settings) -> Report:
    """A signed, amended report with an addendum, on stored images, with words of people in every place."""
    headers = ct_headers(2)
    first = next(iter(headers.values()))
    study = make_study(north, study_uid=str(first.StudyInstanceUID), accession_number=planted("A1"), description=SECRET)
    Patient.objects.filter(pk=study.patient_id).update(name=NAME, patient_id=NUMBER)
    series = study.series.get()
    for row, (uid, header) in zip(series.instances.all(), headers.items(), strict=True):
        header.PatientName = NAME
        Instance.objects.filter(pk=row.pk).update(sop_uid=uid, sha256=storage().put(as_bytes(header)))
    run = score(study, category_rule=planted("Lung-RADS"))
    report = by_template(study)
    claim_study(study=study, reader=reader)
    sections = full_text(report)
    sections["recommendation"] = [sentence(planted("Follow up."), "h-r")]
    editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    by_hand(study, report, reader, run)
    by = {"report": report, "request": request_by(reader), "password": PASSWORD}
    sign_report(signer=reader, revision=1, meaning="final", **by)
    add_addendum(signer=reader, after=0, reason=planted("Why."), text=planted("More."), images=None, **by)
    amend_report(
        signer=second_reader,
        revision=1,
        after=1,
        sections=changed_text(report, planted("Another.")),
        reason=planted("A slip."),
        images=None,
        **by,
    )
    report.refresh_from_db()
    return report


def by_hand(study, report, reader, run) -> None:
    """Rows of the tables whose services have tests of their own."""
    now = timezone.now()
    shared = {"study": study, "author": reader, "at": now}
    Measurement.objects.create(
        **shared,
        uid="0b0e0000-0000-4000-8000-000000000001",
        number=1,
        version=1,
        series_uid="1",
        sop_uid="1",
        frame=1,
        tool="length",
        points=[[1, 1], [2, 2]],
        text=SECRET,
        values=[{"name": SECRET, "value": 1, "unit": "mm"}],
    )
    FindingDecision.objects.create(
        **shared, finding=None, key="r1", version=1, event="remove", state="REMOVED", note=SECRET,
        values={"location": SECRET},
    )  # fmt: skip
    StudyNote.objects.create(**shared, asks=True, text=SECRET)
    study.readings.update(first_opinion_text=SECRET)
    Deferral.objects.create(
        study=study, by=reader, reason="other", note=SECRET, at=now, until=now + timezone.timedelta(hours=1),
        due_at=now, images=2, ended_at=now,
    )  # fmt: skip
    Opinion.objects.create(
        study=study, reading=study.readings.get(), reader=reader, ordinal=1, verdict="recall", note=SECRET, at=now
    )
    Recommendation.objects.create(
        report=report, version=1, kind="imaging", what=SECRET, number=3, unit="months", due_on=now.date(),
        owner="programme", by=reader, at=now,
    )  # fmt: skip
    task = CommunicationTask.objects.create(
        site=study.site, study=study, report=report, tier="urgent", finding=SECRET, opened_at=now, limit_minutes=60,
        due_at=now, status="ACKNOWLEDGED", closed_at=now, opened_by=reader,
    )  # fmt: skip
    CommunicationStep.objects.create(
        task=task, kind="told", whom=SECRET, read_back_by=SECRET, note=SECRET, at=now, recorded_at=now, by=reader
    )


def everything_kept(settings) -> bytes:
    """All that the database and the storage hold of the two apps and the audit trail, as one text."""
    found = []
    for model in apps.get_models():
        # What came with the product is about nobody.
        if model._meta.app_label in ("accounts", "screening", "reports") and model is not ModelBundle:
            found += [
                json.dumps([str(value) for value in row], ensure_ascii=False)
                for row in model._base_manager.values_list()
            ]
    files = [path.read_bytes() for path in settings.STORAGE_ROOT.rglob("*") if path.is_file()]
    return "\n".join(found).encode() + b"".join(files)


@pytest.fixture
def erase(administrator, request_by, django_capture_on_commit_callbacks):
    def act(target, reason=REASON, actor=administrator):
        service = erase_report if isinstance(target, Report) else erase_study
        named = {"report": target} if isinstance(target, Report) else {"study": target}
        with django_capture_on_commit_callbacks(execute=True):
            return service(**named, actor=actor, reason=reason, request=request_by(actor))

    return act
