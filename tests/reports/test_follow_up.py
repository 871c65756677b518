"""What a signed report recommends becomes due; the study that arrives closes it; what never arrives is overdue."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.models import FollowUp, Recommendation, Signature
from reports.rules.follow_up import is_overdue
from reports.selectors.follow_up import (
    follow_ups_of,
    last_day_in_time,
    open_follow_ups,
    recommendation_of,
    suggested_for,
)
from reports.services.follow_up import (
    FollowUpConflict,
    FollowUpError,
    close_by_hand,
    recommend,
    take_back,
)
from reports.services.signing import sign_report
from reports.states import FollowUpStatus
from screening.models import Study
from screening.services.studies import close_study
from tests.conftest import PASSWORD
from tests.reports.test_chain import tamper, verified

LDCT = {"kind": "imaging", "what": "Low-dose CT of the chest", "number": 3, "unit": "months", "owner": "programme"}
EXAM = dt.datetime(2026, 1, 31, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def dated(ready):
    """The report's exam was on 31 January."""
    Study.objects.filter(pk=ready.study_id).update(study_at=EXAM, received_at=EXAM)
    ready.study.refresh_from_db()
    return ready


@pytest.fixture
def sign(dated, reader, request_by):
    def act() -> Signature:
        return sign_report(
            report=dated, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
        )

    return act


@pytest.fixture
def due(dated, reader, sign) -> FollowUp:
    recommend(report=dated, actor=reader, **LDCT)
    sign()
    return FollowUp.objects.get()


@pytest.fixture
def arrives(make_study, north, monkeypatch):
    """A later study of the same patient is taken in and complete; `programme` as routing would have it."""

    def come(patient, programme: str = "lung", at: dt.datetime = EXAM + dt.timedelta(days=80), **fields) -> Study:
        monkeypatch.setattr("screening.services.studies.route", lambda _facts: Chosen(programme))
        monkeypatch.setattr("screening.services.scoring.request_score", lambda study: None)
        study = make_study(north, study_at=at, **fields)
        Study.objects.filter(pk=study.pk).update(patient=patient)
        study.refresh_from_db()
        return close_study(study=study)

    return come


class Chosen:
    def __init__(self, programme: str) -> None:
        self.programme, self.reason = programme or None, ""


def test_the_rule_of_the_category_is_suggested_and_nothing_is_due_without_a_person(dated, sign):
    given = suggested_for(dated.study)
    assert (given.category, given.suggestion.number, given.due_on) == ("4A", 3, dt.date(2026, 4, 30))
    sign()
    assert not FollowUp.objects.exists()


def test_a_recommendation_is_signed_with_the_report_and_becomes_due(due, dated):
    assert (due.status, due.due_on, due.programme) == (FollowUpStatus.DUE, dt.date(2026, 4, 30), "lung")
    signed = json.loads(Signature.objects.get().canonical)["follow_up"]
    assert (signed["what"], signed["interval"], signed["due_on"]) == (LDCT["what"], "3 months", "2026-04-30")
    assert AuditEvent.objects.get(verb=Verb.FOLLOW_UP_OPENED).detail["due_on"] == "2026-04-30"
    code, [site] = verified()
    assert (code, site["faults"]) == (0, [])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")
def test_a_recommendation_changed_behind_the_signature_is_found(due):
    tamper("reports_recommendation", "what", "Nothing at all")
    code, [site] = verified()
    assert (code, site["faults"][0]["sequence"]) == (1, 1)


def test_the_newest_recommendation_counts_and_can_be_taken_back(dated, reader, sign):
    recommend(report=dated, actor=reader, **LDCT)
    recommend(report=dated, actor=reader, **{**LDCT, "number": 6})
    assert recommendation_of(dated).number == 6
    take_back(report=dated, actor=reader)
    take_back(report=dated, actor=reader)
    assert recommendation_of(dated) is None
    assert Recommendation.objects.count() == 3
    sign()
    assert not FollowUp.objects.exists()
    assert "follow_up" not in json.loads(Signature.objects.get().canonical)


@pytest.mark.parametrize(
    "changes", [{"what": " "}, {"number": 0}, {"number": 400}, {"unit": "moons"}, {"kind": "x"}, {"owner": "nobody"}]
)
def test_what_is_no_recommendation_is_refused(dated, reader, changes):
    with pytest.raises(FollowUpError):
        recommend(report=dated, actor=reader, **{**LDCT, **changes})


def test_only_who_reads_the_study_recommends_and_nobody_after_the_signature(dated, reader, second_reader, sign):
    with pytest.raises(PermissionDenied):
        recommend(report=dated, actor=second_reader, **LDCT)
    sign()
    with pytest.raises((PermissionDenied, FollowUpConflict)):
        recommend(report=dated, actor=reader, **LDCT)


def test_the_arriving_study_of_the_same_patient_and_programme_closes_it(due, arrives):
    study = arrives(due.patient)
    due.refresh_from_db()
    assert (due.status, due.closed_reason, due.closed_by_study) == (FollowUpStatus.CLOSED, "arrived", study)
    event = AuditEvent.objects.get(verb=Verb.FOLLOW_UP_CLOSED)
    assert event.detail == {"study": due.study.study_uid, "reason": "arrived", "by": study.study_uid}


def test_other_programmes_other_patients_and_older_examinations_close_nothing(due, arrives, make_study, north):
    arrives(due.patient, programme="brain")
    arrives(due.patient, at=EXAM - dt.timedelta(days=300))
    arrives(make_study(north).patient)
    arrives(due.patient, programme="")
    due.refresh_from_db()
    assert due.status == FollowUpStatus.DUE


@pytest.mark.parametrize("doubt", [{"patient_id": ""}, {"mismatch": True}])
def test_where_it_is_in_doubt_whose_a_study_is_it_closes_nothing(due, arrives, doubt):
    patient = due.patient
    for name, value in doubt.items():
        setattr(patient, name, value)
    patient.save()
    arrives(patient)
    due.refresh_from_db()
    assert due.status == FollowUpStatus.DUE


def test_a_study_that_came_before_the_report_was_signed_closes_it_at_once(dated, reader, sign, arrives):
    recommend(report=dated, actor=reader, **LDCT)
    study = arrives(dated.study.patient)
    sign()
    assert FollowUp.objects.get().closed_by_study == study


def test_a_referral_is_closed_by_a_person_only(dated, reader, sign, arrives):
    recommend(report=dated, actor=reader, **{**LDCT, "kind": "referral", "what": "Chest physician"})
    sign()
    arrives(dated.study.patient)
    row = FollowUp.objects.get()
    assert row.status == FollowUpStatus.DUE
    for reason in ("", "arrived", "bored"):
        with pytest.raises(FollowUpError):
            close_by_hand(follow_up=row, actor=reader, reason=reason)
    close_by_hand(follow_up=row, actor=reader, reason="elsewhere", note="Seen on Monday")
    with pytest.raises(FollowUpConflict):
        close_by_hand(follow_up=FollowUp.objects.get(), actor=reader, reason="declined")
    row = FollowUp.objects.get()
    assert (row.closed_by, row.closed_reason, row.note) == (reader, "elsewhere", "Seen on Monday")


@pytest.mark.parametrize("who", ["technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_read_close_nothing(due, request, who):
    with pytest.raises(PermissionDenied):
        close_by_hand(follow_up=due, actor=request.getfixturevalue(who), reason="declined")


def test_it_is_overdue_after_its_day_and_the_days_of_grace(due, reader, stranger):
    for day, overdue in ((dt.date(2026, 4, 30), 0), (dt.date(2026, 5, 14), 0), (dt.date(2026, 5, 15), 1)):
        with time_machine.travel(dt.datetime.combine(day, dt.time(9), dt.UTC), tick=False):
            today = timezone.localdate()
            assert open_follow_ups(reader).filter(due_on__lt=last_day_in_time(today)).count() == overdue
            assert is_overdue(due.due_on, today) is bool(overdue)
    assert not open_follow_ups(stranger).exists()


def test_the_next_study_says_what_it_closes(due, make_study, north):
    study = make_study(north, programme="lung")
    study.patient = due.patient
    assert follow_ups_of(study) == [due]
    assert follow_ups_of(due.study) == [due]
