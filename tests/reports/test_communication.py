"""Critical results: a signature starts the clock, telling stops it, lateness is escalated, and all of it is on record."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.models import CommunicationLimit, CommunicationStep, CommunicationTask, Report
from reports.selectors.communication import critical_of, late_communications, limit_for, limits_of, open_communications
from reports.services import editing
from reports.services.communication import (
    CommunicationConflict,
    CommunicationError,
    acknowledge,
    dismiss,
    not_confirm,
    open_task,
    set_limit,
    sweep_late,
    tell,
)
from reports.services.signing import sign_report
from reports.states import CommunicationStatus
from reports.tasks import sweep_communications
from screening.models import FindingDecision
from screening.models.study import Study
from screening.services.deciding import decide
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.conftest import NOTHING_FOUND, by_template, full_text, sentence

NINE = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NINE, tick=False) as moved:
        yield moved


@pytest.fixture
def critical(clock, make_study, north, score, reader) -> Report:
    """A report of a critical study that only needs its signature."""
    study = make_study(north)
    score(study, tier="critical", tier_rule="Critical: as the rule says.")
    report = by_template(study)
    claim_study(study=report.study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    return report


@pytest.fixture
def sign(request_by, reader):
    def act(report: Report, meaning: str = "final", by=reader):
        revision = report.revisions.order_by("number").last().number
        return sign_report(
            report=report, signer=by, revision=revision, meaning=meaning, password=PASSWORD, request=request_by(by)
        )

    return act


@pytest.fixture
def task(critical, sign) -> CommunicationTask:
    sign(critical)
    return CommunicationTask.objects.get()


def told(task: CommunicationTask, actor, **changes):
    words = {"whom": "Dr Lin, emergency department", "means": "phone", "read_back_by": "Dr Lin", **changes}
    return tell(task=task, actor=actor, **words)


def test_signing_a_critical_result_starts_its_clock(task, reader):
    assert (task.tier, task.status, task.by_signature) == ("critical", CommunicationStatus.OPEN, True)
    assert (task.opened_at, task.due_at) == (NINE, NINE + dt.timedelta(minutes=30))
    assert (task.opened_by, task.finding) == (reader, "solid nodule, right upper lobe")
    event = AuditEvent.objects.get(verb=Verb.COMMUNICATION_OPENED)
    assert event.detail["tier"] == "critical" and event.detail["by_signature"] is True
    assert task.study.patient.name not in str(event.detail)


@pytest.mark.parametrize("tier", ["urgent", "soon", "routine"])
def test_the_tier_sets_the_clock_and_a_routine_result_has_none(clock, make_study, north, score, reader, sign, tier):
    study = make_study(north)
    score(study, tier=tier)
    report = by_template(study)
    claim_study(study=report.study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    sign(report)
    minutes = {"urgent": 60, "soon": 2 * 24 * 60}.get(tier)
    opened = [task.due_at for task in CommunicationTask.objects.all()]
    assert opened == ([NINE + dt.timedelta(minutes=minutes)] if minutes else [])


def test_a_finding_the_reader_rejected_is_told_to_nobody(critical, reader, request_by, sign):
    decide(
        study=critical.study,
        author=reader,
        key="f1",
        version=0,
        event="reject",
        sent={"reason": "vessel"},
        request=request_by(reader),
    )
    assert FindingDecision.objects.count() == 1
    assert critical_of(critical.study) is None
    own = {name: [sentence("Nothing of note.", f"h-{name}")] for name in full_text(critical)}
    editing.save_revision(report=critical, author=reader, parent=1, sections=own, answers=NOTHING_FOUND)
    sign(critical)
    assert not CommunicationTask.objects.exists()


def test_told_by_telephone_and_read_back_the_loop_is_closed(task, reader, clock):
    clock.shift(dt.timedelta(minutes=12))
    step = told(task, reader, note="Neurosurgery informed too")
    task.refresh_from_db()
    assert (task.status, task.closed_at) == (CommunicationStatus.ACKNOWLEDGED, timezone.now())
    assert (step.whom, step.means, step.read_back_by, step.by) == (
        "Dr Lin, emergency department",
        "phone",
        "Dr Lin",
        reader,
    )
    clock.shift(dt.timedelta(hours=5))
    assert sweep_late() == 0
    event = AuditEvent.objects.filter(verb=Verb.COMMUNICATION_RECORDED).get()
    assert "Lin" not in str(event.detail)


def test_a_message_waits_for_its_receiver_and_is_escalated_like_silence(task, reader, clock):
    told(task, reader, means="message", read_back_by="")
    task.refresh_from_db()
    assert task.status == CommunicationStatus.TOLD
    clock.shift(dt.timedelta(minutes=31))
    assert sweep_late() == 1
    acknowledge(task=CommunicationTask.objects.get(), actor=reader, whom="Dr Lin")
    assert CommunicationTask.objects.get().status == CommunicationStatus.ACKNOWLEDGED
    clock.shift(dt.timedelta(hours=5))
    assert sweep_late() == 0


def test_a_critical_result_nobody_was_told_of_is_escalated_by_the_clock(task, reader, north, clock):
    CommunicationTask.objects.update(escalate_to="Head of department, 4711")
    clock.shift(dt.timedelta(minutes=29))
    assert sweep_communications() == 0
    clock.shift(dt.timedelta(minutes=1))
    assert sweep_communications() == 1
    assert sweep_communications() == 0
    task.refresh_from_db()
    assert (task.status, task.escalations) == (CommunicationStatus.OPEN, 1)
    step = task.steps.get()
    assert (step.kind, step.by, step.whom, step.at) == ("escalated", None, "Head of department, 4711", timezone.now())
    assert AuditEvent.objects.get(verb=Verb.COMMUNICATION_ESCALATED).detail["time"] == 1
    clock.shift(dt.timedelta(minutes=30))
    assert sweep_communications() == 1
    clock.shift(dt.timedelta(days=2))
    assert sweep_communications() == 1
    clock.shift(dt.timedelta(days=2))
    assert sweep_communications() == 0
    assert late_communications(reader) == 1


def test_a_sweeper_that_was_away_does_not_escalate_all_at_once(task, clock):
    clock.shift(dt.timedelta(hours=9))
    assert sweep_late() == 1
    assert sweep_late() == 0
    clock.shift(dt.timedelta(minutes=30))
    assert sweep_late() == 1


def test_who_was_told_meanwhile_is_told_so_and_nothing_is_recorded_twice(task, reader, second_reader):
    seen = CommunicationTask.objects.get()
    told(task, reader)
    with pytest.raises(CommunicationConflict):
        told(seen, second_reader)
    assert CommunicationStep.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"whom": " "}, {"means": "pigeon"}, {"at": NINE + dt.timedelta(hours=1)}, {"at": NINE - dt.timedelta(days=8)}],
)
def test_a_record_without_whom_how_or_a_sound_time_is_refused(task, reader, changes):
    with pytest.raises(CommunicationError):
        told(task, reader, **changes)
    assert not CommunicationStep.objects.exists()


def test_the_time_at_which_somebody_was_told_may_lie_before_the_record(task, reader, clock):
    clock.shift(dt.timedelta(minutes=20))
    step = told(task, reader, at=NINE + dt.timedelta(minutes=5))
    assert (step.at, step.recorded_at) == (NINE + dt.timedelta(minutes=5), timezone.now())


def test_a_reader_may_tell_before_signing_and_then_signing_opens_nothing_more(critical, reader, sign):
    task = open_task(study=critical.study, actor=reader, tier="critical", finding="Tension pneumothorax")
    told(task, reader)
    sign(critical)
    assert CommunicationTask.objects.count() == 1


def test_a_reader_who_does_not_confirm_says_why_and_signing_opens_nothing(critical, reader, trainee, sign):
    with pytest.raises(CommunicationError, match="reason"):
        dismiss(study=critical.study, actor=reader, note=" ")
    assert not CommunicationTask.objects.exists()
    with pytest.raises(PermissionDenied):
        dismiss(study=critical.study, actor=trainee, note="A calcified vessel")
    dismiss(study=critical.study, actor=reader, note="A calcified vessel")
    sign(critical)
    task = CommunicationTask.objects.get()
    assert (task.status, task.steps.get().note) == (CommunicationStatus.NOT_CONFIRMED, "A calcified vessel")
    with pytest.raises(CommunicationConflict):
        dismiss(study=critical.study, actor=reader, note="Again")


def test_what_was_told_cannot_be_unconfirmed(task, reader):
    told(task, reader, means="message")
    with pytest.raises(CommunicationConflict):
        not_confirm(task=CommunicationTask.objects.get(), actor=reader, note="A mistake")


def test_a_finding_of_the_readers_own_is_told_on_a_study_without_ai(clock, make_study, north, reader):
    study = make_study(north)
    task = open_task(study=study, actor=reader, tier="urgent", finding="Aortic dissection\x00\n")
    assert (task.finding, task.due_at) == ("Aortic dissection", NINE + dt.timedelta(minutes=60))
    for words in ({"tier": "routine", "finding": "x"}, {"tier": "urgent", "finding": " "}):
        with pytest.raises(CommunicationError):
            open_task(study=study, actor=reader, **words)


@pytest.mark.parametrize("who", ["technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_read_neither_open_nor_record(task, request, who):
    with pytest.raises(PermissionDenied):
        told(task, request.getfixturevalue(who))
    with pytest.raises(PermissionDenied):
        open_task(study=task.study, actor=request.getfixturevalue(who), tier="urgent", finding="x")


def test_a_reader_of_another_site_sees_no_task(task, reader, stranger):
    assert list(open_communications(reader)) == [task]
    assert not open_communications(stranger).exists()


def test_a_site_sets_its_own_limits_and_running_clocks_keep_theirs(task, administrator, reader, north):
    set_limit(
        site=north, programme="lung", tier="critical", minutes=15, escalate_to=" Chief, 4711 ", actor=administrator
    )
    assert limit_for(north, "lung", "critical").minutes == 15
    assert limit_for(north, "brain", "critical").minutes == 30
    task.refresh_from_db()
    assert task.due_at == NINE + dt.timedelta(minutes=30)
    new = open_task(study=task.study, actor=reader, tier="critical", finding="Another")
    assert (new.due_at, new.escalate_to) == (NINE + dt.timedelta(minutes=15), "Chief, 4711")
    event = AuditEvent.objects.get(verb=Verb.TIME_LIMITS_SET)
    assert event.detail == {"tier": "critical", "before": 30, "after": 15}
    set_limit(site=north, programme="lung", tier="critical", minutes=15, escalate_to="Chief, 4711", actor=administrator)
    assert AuditEvent.objects.filter(verb=Verb.TIME_LIMITS_SET).count() == 1


def test_a_tier_without_a_limit_opens_nothing(critical, administrator, north, sign, reader):
    set_limit(site=north, programme="lung", tier="critical", minutes=None, escalate_to="", actor=administrator)
    assert [limit.minutes for limit in limits_of(north, "lung")] == [None, 60, 2 * 24 * 60]
    sign(critical)
    assert not CommunicationTask.objects.exists()
    with pytest.raises(CommunicationError, match="no time limit"):
        open_task(study=critical.study, actor=reader, tier="critical", finding="x")


@pytest.mark.parametrize("changes", [{"minutes": 0}, {"minutes": 10**6}, {"tier": "routine"}, {"programme": "knee"}])
def test_what_is_no_limit_is_refused(north, administrator, changes):
    words = {"programme": "lung", "tier": "critical", "minutes": 10, "escalate_to": "", **changes}
    with pytest.raises(CommunicationError):
        set_limit(site=north, actor=administrator, **words)
    assert not CommunicationLimit.objects.exists()


def test_only_an_administrator_of_the_site_sets_limits(north, reader, stranger):
    for actor in (reader, stranger):
        with pytest.raises(PermissionDenied):
            set_limit(site=north, programme="lung", tier="critical", minutes=10, escalate_to="", actor=actor)


def test_the_database_itself_refuses_to_change_a_step(task, reader):
    told(task, reader)
    for statement in ("UPDATE reports_communicationstep SET whom = 'X'", "DELETE FROM reports_communicationstep"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_preliminary_signature_starts_the_clock_too(critical, sign, trainee, reader):
    Study.objects.filter(pk=critical.study_id).update(status="TO_READ")
    critical.study.readings.update(status="RELEASED")
    claim_study(study=Study.objects.get(pk=critical.study_id), reader=trainee)
    critical.study.refresh_from_db()
    sign(critical, "preliminary", by=trainee)
    assert CommunicationTask.objects.get().opened_by == trainee
