"""Clocks of critical results and days of follow-up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reports.rules.communication import (
    ESCALATIONS,
    LIMITS,
    OTHER,
    TIERS,
    closes_the_loop,
    default_limit,
    next_escalation,
)
from reports.rules.follow_up import due_on, is_overdue, suggested
from screening.programmes import PROGRAMMES
from screening.rules.lung_rads import MANAGEMENT, due_date

DUE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_every_programme_has_a_clock_for_every_tier_and_the_higher_the_tier_the_sooner():
    assert set(LIMITS) == set(PROGRAMMES)
    for limits in (*LIMITS.values(), OTHER):
        assert tuple(limits) == TIERS
        known = [minutes for minutes in limits.values() if minutes is not None]
        assert known == sorted(known) and known[0] <= 30


def test_minutes_hours_and_days():
    assert [default_limit("brain", tier) for tier in TIERS] == [30, 60, 24 * 60]
    assert default_limit("lung", "soon") == 2 * 24 * 60
    assert default_limit("breast", "soon") is None
    assert default_limit("", "critical") == 30
    assert default_limit("brain", "routine") is None


def test_a_late_task_is_escalated_at_once_and_after_each_further_limit_three_times():
    times = [next_escalation(DUE, 30, done) for done in range(ESCALATIONS + 1)]
    assert times == [DUE, DUE + timedelta(minutes=30), DUE + timedelta(minutes=60), None]


@pytest.mark.parametrize(
    ("means", "read_back_by", "closed"),
    [
        ("phone", "Dr Lin", True),
        ("in_person", "Dr Lin", True),
        ("phone", " ", False),
        ("message", "Dr Lin", False),
        ("other", "", False),
    ],
)
def test_only_what_was_said_back_closes_the_loop_by_itself(means, read_back_by, closed):
    assert closes_the_loop(means, read_back_by) is closed


@pytest.mark.parametrize(
    ("number", "unit", "day"),
    [
        (10, "days", date(2026, 2, 10)),
        (6, "weeks", date(2026, 3, 14)),
        (1, "months", date(2026, 2, 28)),
        (12, "months", date(2027, 1, 31)),
        (25, "months", date(2028, 2, 29)),
    ],
)
def test_an_interval_counts_from_the_exam_that_is_reported(number, unit, day):
    assert due_on(date(2026, 1, 31), number, unit) == day


@pytest.mark.parametrize(("number", "unit"), [(0, "days"), (61, "months"), (1, "years"), (-3, "weeks")])
def test_what_is_no_interval_is_refused(number, unit):
    with pytest.raises(ValueError, match="interval"):
        due_on(date(2026, 1, 31), number, unit)


@pytest.mark.parametrize("category", [*MANAGEMENT, None])
def test_the_suggestion_is_the_rules_own_interval(category):
    given = suggested("lung", category)
    months = MANAGEMENT[category].months if category else None
    assert (given.number if given else None) == months
    if given:
        exam = date(2026, 1, 31)
        assert due_on(exam, given.number, given.unit) == due_date(category, exam)


def test_other_programmes_suggest_nothing_by_themselves():
    assert suggested("brain", None) is None and suggested("breast", "4A") is None


def test_a_grace_of_two_weeks_comes_before_overdue():
    due = date(2026, 3, 1)
    assert not is_overdue(due, date(2026, 3, 15)) and is_overdue(due, date(2026, 3, 16))
