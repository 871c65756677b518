"""A study opened in an emergency is told to its own site at once, by mail and webhook, without the patient or the reason."""

from __future__ import annotations

import json

import pytest
from django.core import mail

from accounts.models import Site
from reports.models import Delivery, Moment
from reports.services.sending import sweep_deliveries
from screening.services.emergency import break_glass
from tests.targets.servers import web

REASON = "Mrs Osei lies in our emergency room"


@pytest.fixture(autouse=True)
def mail_on(settings):
    settings.EMAIL_HOST = "mail.example.org"
    settings.PUBLIC_URL = "https://firstread.example.org"


@pytest.fixture
def study(north, make_study):
    Site.objects.filter(pk=north.pk).update(break_glass_minutes=30)
    return make_study(north, accession_number="ACC-1")


def test_whoever_asked_for_it_gets_one_message_of_who_which_study_and_until_when(study, stranger, make_target):
    with web((204, {}, b"")) as server:
        make_target("webhook", f"{server.url}/hook", moments=[Moment.EMERGENCY])
        make_target("mail", "audit@example.org", moments=[Moment.LATE, Moment.EMERGENCY])
        make_target("mail", "head@example.org")
        glass = break_glass(user=stranger, number="ACC-1", reason=REASON)
        sweep_deliveries(), sweep_deliveries()
        (asked,) = server.said
    said = json.loads(asked.body)
    assert (said["event"], said["study_uid"], said["by"]) == ("emergency_access", study.study_uid, "stranger")
    assert said["expires_at"] == glass.expires_at.isoformat()
    (message,) = mail.outbox
    assert message.to == ["audit@example.org"]
    assert "stranger" in message.body and "https://firstread.example.org/emergency/" in message.body
    for told in (asked.body.decode(), message.subject + message.body):
        assert "Osei" not in told and study.patient.name.split("^")[0] not in told
        assert study.patient.patient_id not in told


def test_another_sites_targets_hear_nothing_and_a_failed_try_tells_nobody(study, stranger, south, make_target):
    make_target("mail", "south@example.org", site=south, moments=[Moment.EMERGENCY])
    break_glass(user=stranger, number="ACC-1", reason=REASON)
    with pytest.raises(Exception, match="Nothing can be opened"):
        break_glass(user=stranger, number="ACC-2", reason=REASON)
    sweep_deliveries()
    assert not mail.outbox and not Delivery.objects.exists()
