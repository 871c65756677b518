"""A patient's name and numbers reach no log, audit entry, task, reason, address or answer to a stranger."""

from __future__ import annotations

import json
import logging
from io import BytesIO

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pydicom import dcmread

from accounts.models import AuditEvent
from reports.models import Report
from screening import gpu_tasks
from screening.models import IngestProblem, ScoreRun, Study
from screening.phantoms.head import head_ct
from screening.phantoms.headers import as_bytes, fictional_patient
from screening.services.studies import close_study
from screening.states import AiState, RunStatus
from tests.conftest import PASSWORD

SECRETS = ("ZZSECRETNAME", "ZZID4711", "ZZACC815", "19010203", "1901-02-03")
PATIENT = fictional_patient(7).renamed(
    name="ZZSECRETNAME^X", patient_id="ZZID4711", accession="ZZACC815", birth_date="19010203"
)


@pytest.fixture
def files() -> list[bytes]:
    return head_ct(7, slices=12, patient=PATIENT).files()


@pytest.fixture(autouse=True)
def everything_logged(caplog):
    """All that production could be told to log. Queries carry their parameters and are never logged there.

    The last level set is also that of what catches the lines, so the widest comes last.
    """
    caplog.set_level(logging.WARNING, logger="django.db.backends")
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def sent(monkeypatch):
    """What is handed to the broker."""
    messages: list[tuple[str, object]] = []
    monkeypatch.setattr(
        type(current_app._get_current_object()),
        "send_task",
        lambda _app, name, args=None, **options: messages.append((name, [args, options])),
    )
    return messages


def client_of(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def everything_told(caplog, sent=()) -> str:
    """Log lines with all their fields and tracebacks, audit entries, problems, reasons of runs, and messages."""
    return "\n".join(
        [
            caplog.text,
            json.dumps([record.__dict__ for record in caplog.records], default=str),
            json.dumps(list(AuditEvent.objects.values("object_type", "object_id", "detail")), default=str),
            json.dumps(list(IngestProblem.objects.values()), default=str),
            json.dumps(list(ScoreRun.objects.values("reason", "result")), default=str),
            json.dumps(list(Study.objects.values("ai_reason", "route_reason", "tier_rule", "due_rule"))),
            json.dumps(list(sent), default=str),
        ]
    )


def leaked(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def take_in(client: Client, files: list[bytes]) -> list[object]:
    address = reverse("api-instances")
    return [client.post(address, data, content_type="application/dicom") for data in files]


def test_the_secrets_are_in_the_files_and_on_the_readers_page(technologist, reader, files):
    """So that the tests below look for what is there to be found."""
    assert leaked(files[0].decode("latin-1"))
    take_in(client_of(technologist), files[:1])
    assert leaked(client_of(reader).get(reverse("worklist")).content.decode())


def test_files_that_are_taken_or_refused_tell_nothing(caplog, technologist, files, sent):
    other = dcmread(BytesIO(files[0]))
    other.PatientID, other.WindowCenter = "ZZID4711-other", 77
    another_patient = dcmread(BytesIO(files[1]))
    another_patient.PatientID = "ZZID4711-other"
    bad = [files[1][:-300], as_bytes(other), as_bytes(another_patient), b"ZZSECRETNAME^X" * 40]
    client = client_of(technologist)
    answers = take_in(client, [files[0], *bad])
    assert [answer.status_code for answer in answers] == [201, 422, 409, 409, 422]
    assert IngestProblem.objects.count() == len(bad)
    told = "".join(answer.content.decode() for answer in answers)
    assert leaked(told + everything_told(caplog, sent)) == []


def test_a_name_in_a_files_own_name_stays_out_of_the_log(caplog, technologist, files):
    upload = SimpleUploadedFile("ZZSECRETNAME^X ZZID4711.dcm", files[0][:-300])
    answer = client_of(technologist).post(reverse("upload-receive"), {"files": upload, "site": "north"})
    assert answer.status_code < 500
    assert leaked(caplog.text + json.dumps(list(AuditEvent.objects.values("detail")), default=str)) == []


def closed_study(technologist, files, capture) -> Study:
    assert {answer.status_code for answer in take_in(client_of(technologist), files)} == {201}
    with capture(execute=True):
        return close_study(study=Study.objects.get())


def test_a_model_that_fails_naming_the_patient_leaves_a_reason_without_the_name(
    caplog, technologist, files, sent, monkeypatch, django_capture_on_commit_callbacks
):
    closed_study(technologist, files, django_capture_on_commit_callbacks)

    def broken(_programme, study, _context, _bundle):
        dataset = study.instances[0].dataset
        raise RuntimeError(f"cannot read {dataset.PatientName} {dataset.PatientID} born {dataset.PatientBirthDate}")

    monkeypatch.setattr(gpu_tasks, "read_study", broken)
    run = ScoreRun.objects.get()
    for _attempt in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            gpu_tasks.score_study(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert Study.objects.get().ai_state == AiState.FAILED
    assert {name for name, _rest in sent} == {
        "screening.gpu_tasks.score_study",
        "screening.tasks.prepare_metadata",
        "reports.gpu_tasks.draft_report",
    }
    assert "RuntimeError" in caplog.text
    assert leaked(everything_told(caplog, sent)) == []


def test_reading_saving_badly_and_signing_wrongly_tell_nothing(
    caplog, technologist, reader, files, sent, django_capture_on_commit_callbacks
):
    study = closed_study(technologist, files, django_capture_on_commit_callbacks)
    client, uid = client_of(reader), study.study_uid
    opened = [
        client.get(reverse("worklist")),
        client.post(reverse("worklist-search"), {"text": "ZZSECRETNAME"}),
        client.post(reverse("study-claim", args=[uid])),
        client.get(reverse("reading-room", args=[uid])),
        client.get(reverse("api-study", args=[uid])),
    ]
    assert [answer.status_code for answer in opened] == [200, 200, 302, 200, 200]
    assert leaked(opened[2]["Location"]) == []
    report = Report.objects.get(study=study)
    bad = [
        ("report-save", '{"parent": 0, "sections": {"ZZSECRETNAME^X": 1}}'),
        ("report-save", '{"parent": "ZZID4711", "sections": {}}'),
        ("report-save", "ZZSECRETNAME^X"),
        ("report-sign", json.dumps({"password": "ZZSECRETNAME", "meaning": "final", "revision": 0})),
        ("report-sign", json.dumps({"password": PASSWORD, "meaning": "ZZSECRETNAME", "revision": 0})),
    ]
    for name, body in bad:
        answer = client.post(reverse(name, args=[report.pk]), body, content_type="application/json")
        assert 400 <= answer.status_code < 500, (name, body)
    assert leaked(everything_told(caplog, sent)) == []


def test_a_stranger_is_told_nothing_by_any_address_of_the_study(
    caplog, technologist, stranger, files, django_capture_on_commit_callbacks
):
    study = closed_study(technologist, files, django_capture_on_commit_callbacks)
    client, uid = client_of(stranger), study.study_uid
    answers = [
        client.get(reverse("worklist")),
        client.get(reverse("worklist-rows")),
        client.post(reverse("worklist-search"), {"text": "X"}),
        client.get(reverse("reading-room", args=[uid])),
        client.get(reverse("api-study", args=[uid])),
        client.get(reverse("api-findings", args=[uid])),
        client.get(reverse("api-worklist")),
        client.post(reverse("study-claim", args=[uid])),
    ]
    assert leaked("".join(answer.content.decode() for answer in answers) + everything_told(caplog)) == []
