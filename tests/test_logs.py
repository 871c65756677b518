"""No log line of the main pages names a patient, also when the page fails."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from screening.models import Patient
from screening.views import worklist

SECRETS = ("Ferrante", "Ignazia", "PID-77123", "1961-02-03", "19610203")


@pytest.fixture
def study(make_study, north):
    study = make_study(north, images=1, status="TO_READ", programme="lung")
    Patient.objects.filter(pk=study.patient_id).update(
        name="Ferrante^Ignazia", patient_id="PID-77123", birth_date="1961-02-03"
    )
    return study


def lines(caplog) -> str:
    formatter = logging.Formatter("%(levelname)s %(name)s %(message)s %(exc_info)s")
    plain = "\n".join(formatter.format(record) for record in caplog.records)
    return plain + json.dumps([record.__dict__ for record in caplog.records], default=str)


def pages(study) -> dict[str, tuple[str, str, dict[str, str]]]:
    uid = study.study_uid
    return {
        "worklist": ("get", reverse("worklist"), {}),
        "rows": ("get", reverse("worklist-rows"), {}),
        "search": ("post", reverse("worklist-search"), {"text": "Ferrante"}),
        "reading room": ("get", reverse("reading-room", args=[uid]), {}),
        "state": ("get", reverse("reading-room-state", args=[uid]), {}),
        "claim": ("post", reverse("study-claim", args=[uid]), {}),
        "API study": ("get", reverse("api-study", args=[uid]), {}),
        "API findings": ("get", reverse("api-findings", args=[uid]), {}),
        "API worklist": ("get", reverse("api-worklist"), {}),
        "no such study": ("get", reverse("reading-room", args=["1.2.3"]), {}),
    }


NAMES = (
    "worklist", "rows", "search", "reading room", "state", "claim",
    "API study", "API findings", "API worklist", "no such study",
)  # fmt: skip


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR])
@pytest.mark.parametrize("name", NAMES)
def test_no_log_line_of_a_page_names_the_patient(caplog, make_user, north, study, name, role):
    caplog.set_level(logging.WARNING, logger="django.db.backends")
    caplog.set_level(logging.DEBUG)
    client = Client(raise_request_exception=False)
    client.force_login(make_user("somebody", role, north))
    method, url, data = pages(study)[name]
    assert getattr(client, method)(url, data).status_code != 500
    found = [secret for secret in SECRETS if secret in lines(caplog)]
    assert not found


def test_a_page_that_fails_logs_the_error_without_the_patient(caplog, reader, study, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(worklist, "worklist_page", broken)
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    assert client.post(reverse("worklist-search"), {"text": "Ferrante"}).status_code == 500
    assert "broken on purpose" in lines(caplog)
    assert not [secret for secret in SECRETS if secret in lines(caplog)]


def test_a_failed_sign_in_logs_no_typed_name_and_no_password(caplog, db):
    caplog.set_level(logging.WARNING, logger="django.db.backends")
    caplog.set_level(logging.DEBUG)
    Client().post(reverse("account_login"), {"login": "hunter2-typed-here", "password": "hunter2-secret"})
    assert "hunter2" not in lines(caplog)
