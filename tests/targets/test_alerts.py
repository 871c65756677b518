"""A critical result that is late is told by mail and webhook: by the clock, few times, and without the patient."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.core import mail

from reports.models import CommunicationTask, Delivery
from reports.services.alerts import MOST
from reports.services.communication import open_task, sweep_late, tell
from reports.services.sending import sweep_deliveries
from reports.states import DeliveryStatus
from tests.targets.servers import web

NINE = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
S = DeliveryStatus


@pytest.fixture
def clock():
    with time_machine.travel(NINE, tick=False) as moved:
        yield moved


@pytest.fixture
def task(clock, make_study, north, reader) -> CommunicationTask:
    study = make_study(north, programme="brain")
    return open_task(study=study, actor=reader, tier="critical", finding="Subdural haematoma of Mrs Osei")


@pytest.fixture(autouse=True)
def mail_on(settings):
    settings.EMAIL_HOST = "mail.example.org"
    settings.PUBLIC_URL = "https://firstread.example.org"


def passes(clock, minutes: float) -> None:
    clock.shift(dt.timedelta(minutes=minutes))
    sweep_late()
    sweep_deliveries()


def test_nothing_is_told_before_it_is_late_and_one_message_when_it_is(task, clock, make_target):
    with web((204, {}, b"")) as server:
        make_target("webhook", f"{server.url}/hook")
        make_target("mail", "head@example.org, desk@example.org")
        passes(clock, 29)
        assert not server.said and not mail.outbox
        passes(clock, 2)
        passes(clock, 1)
        assert len(server.said) == 1 and len(mail.outbox) == 1
    said = json.loads(server.said[0].body)
    link = f"https://firstread.example.org/studies/{task.study.study_uid}/"
    assert (said["event"], said["study"], said["tier"]) == ("critical_result_late", link, "critical")
    (message,) = mail.outbox
    assert message.to == ["head@example.org", "desk@example.org"] and link in message.body


def test_no_message_holds_anything_of_the_patient(task, clock, make_target):
    with web((204, {}, b"")) as server:
        make_target("webhook", server.url)
        make_target("mail", "head@example.org")
        passes(clock, 31)
        told = server.said[0].body.decode() + mail.outbox[0].subject + mail.outbox[0].body
    patient = task.study.patient
    words = [*str(patient.name).replace("^", " ").split(), patient.patient_id, "Osei", "aematoma"]
    assert words[0] and not [word for word in words if word in told]


def test_each_escalation_is_told_and_none_after_somebody_was_told(task, clock, make_target, reader):
    make_target("mail", "head@example.org")
    passes(clock, 31)
    passes(clock, 30)
    assert len(mail.outbox) == 2 and "(escalation 2)" in mail.outbox[1].body
    tell(task=CommunicationTask.objects.get(), actor=reader, whom="Dr Lin", means="phone", read_back_by="Dr Lin")
    passes(clock, 60)
    assert len(mail.outbox) == 2


def test_a_message_that_waited_until_it_was_settled_is_not_sent(task, clock, make_target, reader):
    with web((503, {}, b""), (204, {}, b"")) as server:
        make_target("webhook", server.url)
        passes(clock, 31)
        tell(task=CommunicationTask.objects.get(), actor=reader, whom="Dr Lin", means="phone", read_back_by="Dr Lin")
        passes(clock, 10)
        assert len(server.said) == 1
    assert Delivery.objects.get().status == S.EMPTY


def test_many_late_results_are_a_bounded_number_of_messages_an_hour_and_none_is_lost(
    clock, make_study, north, reader, make_target
):
    make_target("mail", "head@example.org")
    for _number in range(MOST + 5):
        open_task(study=make_study(north, programme="brain"), actor=reader, tier="critical", finding="A bleed")
    passes(clock, 31)
    assert len(mail.outbox) == MOST
    assert "No further message" in mail.outbox[-1].body and "No further message" not in mail.outbox[-2].body
    passes(clock, 10)
    assert len(mail.outbox) == MOST
    CommunicationTask.objects.update(next_escalation_at=None)
    passes(clock, 55)
    assert len(mail.outbox) == MOST + 5
    studies = {message.body.split("/studies/")[1].split("/")[0] for message in mail.outbox}
    assert len(studies) == MOST + 5


def test_without_a_mail_server_the_message_waits_and_says_why(task, clock, make_target, settings):
    settings.EMAIL_HOST = ""
    make_target("mail", "head@example.org")
    passes(clock, 31)
    assert not mail.outbox
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) == (S.WAITING, "mail_off")


def test_another_sites_target_hears_nothing(task, clock, make_target, south):
    make_target("mail", "head@example.org", site=south)
    passes(clock, 31)
    assert not mail.outbox
