"""The outbox: what a signature leaves for other systems, sent at least once and accepted once."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from config.jobs import JOBS
from reports.models import Delivery, Moment, Signature, Target
from reports.services import editing, sending
from reports.services.sending import (
    DeliveryConflict,
    DeliveryError,
    give_up,
    pause_s,
    queue_signed,
    send_again,
    send_delivery,
    sweep_deliveries,
)
from reports.states import DeliveryStatus
from reports.tasks import send_delivery as send_task
from reports.tasks import sweep_deliveries as sweep_task
from screening.services.reading import claim_study
from tests.reports.conftest import full_text
from tests.targets.servers import HERE, ris, web

S = DeliveryStatus


@pytest.fixture
def clock():
    with time_machine.travel(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC), tick=False) as moved:
        yield moved


def only() -> Delivery:
    return Delivery.objects.get()


def to_ris(make_target, server, **changes) -> Target:
    return make_target("mllp", f"mllp://{HERE}:{server.port}", **changes)


def test_a_signature_leaves_a_row_for_each_target_and_document(ready, sign, make_target, south):
    make_target("stow", f"http://{HERE}:1/dicom-web", documents=["sr", "dicom-pdf"])
    make_target("mllp", f"mllp://{HERE}:1")
    make_target("mllp", f"mllp://{HERE}:1", is_on=False)
    make_target("mllp", f"mllp://{HERE}:1", moments=[Moment.PRELIMINARY])
    make_target("fhir", f"http://{HERE}:1", site=south)
    signature = sign(ready)
    rows = Delivery.objects.values_list("document", "moment", "status", "digest")
    assert sorted(rows) == [
        (document, "final", "WAITING", signature.content_sha256) for document in ("dicom-pdf", "hl7", "sr")
    ]
    assert queue_signed(signature) == 0, "the same signature leaves nothing twice"


def test_a_signature_that_is_rolled_back_leaves_nothing(ready, sign, make_target, monkeypatch):
    make_target("mllp", f"mllp://{HERE}:1")

    def fails(**_given):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("reports.services.signing.complete_reading", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        sign(ready)
    assert not Signature.objects.exists() and not Delivery.objects.exists()


def test_the_outbox_is_sent_when_the_signature_is_in(ready, sign, make_target, django_capture_on_commit_callbacks):
    sent = []
    with ris() as server, pytest.MonkeyPatch.context() as patch:
        to_ris(make_target, server)
        patch.setattr("celery.current_app.send_task", lambda name, args, queue: sent.append((name, args, queue)))
        with django_capture_on_commit_callbacks(execute=True):
            sign(ready)
        assert (JOBS["send_delivery"].task, [only().pk], "sending") in sent
        assert send_task(only().pk) and not send_task(only().pk)
        assert server.accepted == [f"FR{only().digest[:18].upper()}"]
    assert (only().status, only().detail, only().tries) == (S.SENT, "AA", 1)
    event = AuditEvent.objects.get(verb=Verb.DOCUMENT_SENT)
    assert event.detail["sha256"] == only().sent_sha256 and event.site == ready.study.site
    assert ready.study.patient.patient_id not in json.dumps(event.detail)


def test_a_receiver_that_fails_twice_has_exactly_one_accepted_message(ready, sign, make_target, clock):
    with ris("AE", "accept and close", "accept") as server:
        to_ris(make_target, server)
        sign(ready)
        for _turn in range(20):
            sweep_task()
            clock.shift(dt.timedelta(seconds=5))
        assert len(server.came) == 3 and len(set(server.came)) == 1
        assert server.accepted == [server.came[0]], "the third is known by MSH-10 as the second"
    assert (only().status, only().tries, only().attempt) == (S.SENT, 3, 3)


@pytest.mark.parametrize("first", ["AR", "CE", "close", "garbage", "no end", "other", "silent"])
def test_whatever_goes_wrong_first_the_message_gets_there_once(ready, sign, make_target, clock, first, monkeypatch):
    monkeypatch.setattr(sending.delivering, "reach", lambda: _short_reach())
    with ris(first, "accept") as server:
        to_ris(make_target, server)
        sign(ready)
        for _turn in range(4):
            sweep_deliveries()
            clock.shift(dt.timedelta(seconds=10))
        assert len(server.accepted) == 1
    assert only().status == S.SENT


def _short_reach():
    from tests.targets.servers import reach

    return reach(f"http://{HERE}", HERE, total_s=0.3)


def test_pauses_grow_to_an_hour_and_are_never_the_same_for_all():
    halves = [sum(pause_s(tries) for _turn in range(200)) / 200 / 0.75 for tries in range(1, 40)]
    assert halves[0] == pytest.approx(5, rel=0.2) and halves[3] == pytest.approx(40, rel=0.2)
    assert max(pause_s(tries) for tries in range(1, 2000)) <= 3600
    assert len({pause_s(5) for _turn in range(50)}) > 40
    assert sum(halves[: JOBS["send_delivery"].attempts - 1]) > 20 * 3600, "about a day before anybody is asked"


def test_after_so_many_tries_it_is_a_dead_letter_with_its_reason(ready, sign, make_target, clock):
    with ris("AE") as server:
        to_ris(make_target, server)
        sign(ready)
        for _turn in range(JOBS["send_delivery"].attempts + 3):
            sweep_deliveries()
            clock.shift(dt.timedelta(hours=1))
        assert len(server.came) == JOBS["send_delivery"].attempts
    assert (only().status, only().reason, only().detail) == (S.FAILED, "refused", "AE")
    event = AuditEvent.objects.get(verb=Verb.DOCUMENT_NOT_SENT)
    assert (event.detail["reason"], event.detail["code"]) == ("refused", "AE")


def test_what_can_never_be_taken_is_a_dead_letter_at_once(ready, sign, make_target):
    with ris("AR 200") as server:
        to_ris(make_target, server)
        sign(ready)
        sweep_deliveries()
        sweep_deliveries()
        assert len(server.came) == 1
    assert (only().status, only().detail) == (S.FAILED, "AR 200")


def test_a_target_that_is_not_there_is_left_in_peace_and_costs_one_try(ready, sign, make_target, clock):
    target = make_target("stow", f"http://{HERE}:1", documents=["sr", "dicom-pdf"])
    sign(ready)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending.delivering, "_objects", lambda delivery: ["x"])
        patch.setattr(sending.delivering.stow, "store", _nobody)
        assert sweep_deliveries() == 1, "the second waits with the first"
        assert sweep_deliveries() == 0
        target.refresh_from_db()
        assert target.failures == 1 and target.retry_at > timezone.now()
        clock.shift(dt.timedelta(seconds=6))
        assert sweep_deliveries() == 1
    target.refresh_from_db()
    assert target.failures == 2
    assert sum(Delivery.objects.values_list("tries", flat=True)) == 2


def _nobody(*_given):
    from reports.targets.results import NotSent

    raise NotSent("no_connection", unreachable=True)


def test_how_long_a_server_asks_to_wait_is_how_long_it_is_left(ready, sign, make_target, clock):
    with web((503, {"Retry-After": "900"}, b"")) as server:
        target = make_target("fhir", server.url)
        sign(ready)
        sweep_deliveries()
        target.refresh_from_db()
        assert target.retry_at == timezone.now() + dt.timedelta(seconds=900)
        clock.shift(dt.timedelta(seconds=899))
        assert sweep_deliveries() == 0
        clock.shift(dt.timedelta(seconds=2))
        assert sweep_deliveries() == 1


def test_a_worker_that_was_lost_holds_a_document_for_its_lease_only(ready, sign, make_target, clock):
    with ris() as server:
        to_ris(make_target, server)
        sign(ready)
        lost = sending._claim(only().pk)
        assert lost is not None and sending._claim(only().pk) is None
        clock.shift(dt.timedelta(seconds=JOBS["send_delivery"].lease_s - 1))
        assert sweep_deliveries() == 0
        clock.shift(dt.timedelta(seconds=2))
        assert sweep_deliveries() == 1
        # What the lost one says now counts no more.
        from reports.targets.results import NotSent

        sending._not_sent(lost, NotSent("no_answer", final=True))
        assert only().status == S.SENT and len(server.accepted) == 1


def test_a_document_that_kills_every_worker_is_given_to_people_at_last(ready, sign, make_target, clock):
    make_target("mllp", f"mllp://{HERE}:1")
    sign(ready)
    for _turn in range(JOBS["send_delivery"].attempts + 2):
        sending._claim(only().pk)
        clock.shift(dt.timedelta(seconds=JOBS["send_delivery"].lease_s + 1))
    assert (only().status, only().reason) == (S.FAILED, "lost")


def test_a_target_that_is_switched_off_keeps_what_waits(ready, sign, make_target):
    with ris() as server:
        target = to_ris(make_target, server)
        sign(ready)
        Target.objects.update(is_on=False)
        assert sweep_deliveries() == 0 and not send_delivery(only().pk)
        Target.objects.filter(pk=target.pk).update(is_on=True)
        assert sweep_deliveries() == 1 and len(server.accepted) == 1


def test_preliminary_then_final_are_two_messages_in_their_order(
    ready, sign, make_target, reader, second_reader, trainee, make_user
):
    with ris() as server:
        to_ris(make_target, server)
        sign(ready, "preliminary")
        sweep_deliveries()
        claim_study(study=ready.study, reader=second_reader)
        editing.save_revision(report=ready, author=second_reader, parent=1, sections=full_text(ready))
        sign(ready, by=second_reader)
        sweep_deliveries()
        states = [message.oru_r01_patient_result.oru_r01_order_observation.obr.obr_25 for message in server.messages]
        assert [state.to_er7() for state in states] == ["P", "F"]
    assert list(Delivery.objects.values_list("moment", "status")) == [("preliminary", S.SENT), ("final", S.SENT)]


def test_where_the_first_could_not_be_sent_only_the_newest_state_goes(ready, sign, make_target, second_reader, clock):
    with ris("close", "accept") as server:
        to_ris(make_target, server)
        sign(ready, "preliminary")
        sweep_deliveries()
        claim_study(study=ready.study, reader=second_reader)
        editing.save_revision(report=ready, author=second_reader, parent=1, sections=full_text(ready))
        sign(ready, by=second_reader)
        clock.shift(dt.timedelta(seconds=60))
        sweep_deliveries()
        sweep_deliveries()
        state = server.messages[0].oru_r01_patient_result.oru_r01_order_observation.obr.obr_25
        assert len(server.messages) == 1 and state.to_er7() == "F"
    assert list(Delivery.objects.values_list("status", flat=True)) == [S.SUPERSEDED, S.SENT]


def test_a_person_sends_again_or_gives_up_with_a_reason(ready, sign, make_target, administrator, reader):
    with ris("AR 200", "AR 200", "accept") as server:
        to_ris(make_target, server)
        sign(ready)
        sweep_deliveries()
        with pytest.raises(DeliveryError):
            give_up(delivery=only(), actor=administrator, reason=" ")
        give_up(delivery=only(), actor=administrator, reason="They read it on our pages")
        assert only().status == S.GIVEN_UP
        with pytest.raises(DeliveryConflict):
            give_up(delivery=only(), actor=administrator, reason="Once more")
        send_again(delivery=only(), actor=administrator)
        sweep_deliveries()
        stale = only()
        send_again(delivery=only(), actor=administrator)
        with pytest.raises(DeliveryConflict):
            send_again(delivery=stale, actor=administrator)
        sweep_deliveries()
        assert only().status == S.SENT and len(server.accepted) == 1
    verbs = AuditEvent.objects.filter(object_type="delivery", actor=administrator).order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        Verb.DELIVERY_GIVEN_UP,
        Verb.DELIVERY_SENT_AGAIN,
        Verb.DELIVERY_SENT_AGAIN,
    ]
    assert verbs[0].detail["why"] == "They read it on our pages"
