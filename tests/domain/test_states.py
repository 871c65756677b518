"""Every (state, event) pair of every table, and the one function that changes a status."""

from __future__ import annotations

import itertools

import pytest

from reports.states import (
    COMMUNICATION_TABLE,
    DELIVERY_TABLE,
    FOLLOW_UP_TABLE,
    REPORT_TABLE,
    CommunicationStatus,
    DeliveryStatus,
    FollowUpStatus,
    ReportStatus,
)
from screening.models import Study
from screening.states import (
    EXPORT_TABLE,
    READING_TABLE,
    RUN_TABLE,
    STUDY_TABLE,
    ExportStatus,
    InvalidTransition,
    LostRace,
    ReadingStatus,
    RunStatus,
    StudyStatus,
    advance,
    next_status,
)

TABLES = {
    "study": (STUDY_TABLE, StudyStatus),
    "run": (RUN_TABLE, RunStatus),
    "reading": (READING_TABLE, ReadingStatus),
    "report": (REPORT_TABLE, ReportStatus),
    "communication": (COMMUNICATION_TABLE, CommunicationStatus),
    "delivery": (DELIVERY_TABLE, DeliveryStatus),
    "export": (EXPORT_TABLE, ExportStatus),
    "follow-up": (FOLLOW_UP_TABLE, FollowUpStatus),
}
PAIRS = [
    (name, state, event)
    for name, (table, states) in TABLES.items()
    for state, event in itertools.product(states.values, sorted({event for _, event in table}))
]


@pytest.mark.parametrize(("name", "state", "event"), PAIRS)
def test_an_event_leads_where_the_table_says_and_nowhere_else(name, state, event):
    table, states = TABLES[name]
    if (state, event) in table:
        assert next_status(table, state, event) in states.values
    else:
        with pytest.raises(InvalidTransition):
            next_status(table, state, event)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_speaks_only_of_known_states(name):
    table, states = TABLES[name]
    assert {state for state, _ in table} | set(table.values()) <= set(states.values)


def test_a_final_state_of_a_run_has_no_way_out():
    assert not [pair for pair in RUN_TABLE if pair[0] in (RunStatus.SUCCEEDED, RunStatus.REFUSED, RunStatus.FAILED)]


def test_the_second_of_two_changes_from_the_same_state_loses(north, make_study):
    study = make_study(north)
    seen_by_another = Study.objects.get(pk=study.pk)
    advance(study, STUDY_TABLE, "close")
    with pytest.raises(LostRace):
        advance(seen_by_another, STUDY_TABLE, "claim")
    assert Study.objects.get(pk=study.pk).status == StudyStatus.QUEUED


def test_other_fields_change_together_with_the_status_or_not_at_all(north, make_study):
    study = make_study(north)
    stale = Study.objects.get(pk=study.pk)
    advance(study, STUDY_TABLE, "close", programme="lung")
    with pytest.raises(LostRace):
        advance(stale, STUDY_TABLE, "close", programme="brain")
    study.refresh_from_db()
    assert (study.status, study.programme) == (StudyStatus.QUEUED, "lung")
