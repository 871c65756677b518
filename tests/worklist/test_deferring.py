"""Setting aside, handing over and asking: what each leaves behind, and how it is undone."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.audit import record
from accounts.models import AuditEvent, Verb
from screening.models import Deferral, OrderPriority, Study, StudyNote, Tier
from screening.selectors import open_reading
from screening.selectors.worklist import Filters, queue, worklist_page
from screening.services.deferring import CannotDefer, bring_back, defer_study
from screening.services.handing_over import CannotHandOver, hand_over, take_back
from screening.services.notes import EmptyNote, write_note
from screening.services.reading import claim_study, complete_reading
from screening.states import InvalidTransition, LostRace, StudyStatus

NOON = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FREE = [StudyStatus.RECEIVING, StudyStatus.QUEUED, StudyStatus.SCORING, StudyStatus.TO_READ]


def aside(study, reader, **fields):
    values = {"reason": "priors", "until": timezone.now() + HOUR, **fields}
    return defer_study(study=study, reader=reader, **values)


@pytest.mark.parametrize("status", FREE)
def test_a_free_study_is_set_aside_and_keeps_its_state(north, make_study, reader, status):
    study = make_study(north, status=status)
    aside(study, reader)
    assert Study.objects.get(pk=study.pk).status == status
    assert not queue(reader).exists()


def test_ones_own_reading_is_released_when_the_study_is_set_aside(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ, closed_at=timezone.now())
    claim_study(study=study, reader=reader)
    aside(study, reader)
    assert open_reading(study) is None
    assert Study.objects.get(pk=study.pk).status == StudyStatus.TO_READ


def test_what_a_colleague_reads_cannot_be_set_aside(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=second_reader)
    with pytest.raises(LostRace):
        aside(study, reader)


def test_a_reported_study_cannot_be_set_aside(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    complete_reading(study=study, reader=reader)
    with pytest.raises(InvalidTransition):
        aside(study, reader)


def test_a_study_that_is_set_aside_comes_back_by_itself_with_its_due_time(north, make_study, reader):
    with time_machine.travel(NOON, tick=False) as clock:
        study = make_study(north, status=StudyStatus.TO_READ)
        due = study.due_at
        aside(study, reader, until=NOON + HOUR)
        clock.move_to(NOON + HOUR - dt.timedelta(seconds=1))
        assert not queue(reader).exists()
        assert [row.back_at for row in worklist_page(reader, Filters(view="deferred")).rows] == [
            "back 2026-11-21 13:00"
        ]
        clock.move_to(NOON + HOUR)
        assert queue(reader).get().due_at == due
        assert worklist_page(reader, Filters()).views["deferred"] == 0
        aside(study, reader)
        assert Deferral.objects.filter(study=study).count() == 2


CHANGES = {
    "it became due earlier": {"due_at": NOON},
    "more of its images came": {"instance_count": 3},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_study_comes_back_at_once_when_something_changed(north, make_study, reader, change):
    with time_machine.travel(NOON, tick=False):
        study = make_study(north, status=StudyStatus.TO_READ)
        aside(study, reader, until=NOON + dt.timedelta(days=1))
        Study.objects.filter(pk=study.pk).update(**CHANGES[change])
        assert queue(reader).get() == study


def test_claiming_a_study_that_is_set_aside_ends_that(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    aside(study, reader)
    claim_study(study=study, reader=second_reader)
    assert Deferral.objects.get().ended_at is not None


def test_setting_aside_twice_is_told(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    aside(study, reader)
    with pytest.raises(LostRace):
        aside(study, second_reader)


@pytest.mark.parametrize(
    "fields",
    [{"reason": "because"}, {"reason": "other"}, {"until": NOON}, {"until": NOON + dt.timedelta(days=91)}],
    ids=["no known reason", "another reason without words", "no later time", "too late a time"],
)
def test_a_reason_and_a_time_are_needed(north, make_study, reader, fields):
    with time_machine.travel(NOON, tick=False):
        study = make_study(north, status=StudyStatus.TO_READ)
        with pytest.raises(CannotDefer):
            aside(study, reader, **fields)
    assert not Deferral.objects.exists()


@pytest.mark.parametrize("pressing", [{"tier": Tier.CRITICAL}, {"order_priority": OrderPriority.STAT}])
def test_a_critical_study_is_not_set_aside_past_its_due_time_without_written_words(north, make_study, reader, pressing):
    with time_machine.travel(NOON, tick=False):
        study = make_study(north, status=StudyStatus.TO_READ, **pressing)
        Study.objects.filter(pk=study.pk).update(due_at=NOON + HOUR)
        with pytest.raises(CannotDefer):
            aside(study, reader, until=NOON + 2 * HOUR)
        aside(study, reader, until=NOON + 2 * HOUR, note="the surgeon asked for the outside films first")
    detail = AuditEvent.objects.get(verb=Verb.STUDY_DEFERRED).detail
    assert detail["reason"] == "priors" and "surgeon" not in str(detail)


def test_a_study_can_be_brought_back_before_its_time_and_only_once(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    aside(study, reader)
    bring_back(study=study, reader=second_reader)
    assert queue(reader).get() == study
    with pytest.raises(LostRace):
        bring_back(study=study, reader=reader)


def test_a_search_finds_what_is_set_aside(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    aside(study, reader)
    assert [row.study for row in worklist_page(reader, Filters(text="testpatient")).rows] == [study]


def test_the_page_offers_to_undo_a_deferral_until_the_session_ends(client, north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    client.force_login(reader)
    asked = {"reason": "priors", "until": "morning", "back": "?view=deferred&evil=1"}
    answer = client.post(reverse("study-defer", args=[study.study_uid]), asked)
    assert answer["Location"] == "/worklist/?view=deferred"
    page = client.get(answer["Location"]).content.decode()
    assert reverse("study-bring-back", args=[study.study_uid]) in page.partition('id="list"')[0]
    client.post(reverse("session-end"))
    page = client.get(reverse("worklist")).content.decode()
    assert 'id="undo"' not in page


# Handing over


@pytest.fixture
def being_read(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ, closed_at=timezone.now())
    claim_study(study=study, reader=reader)
    return study


def test_a_study_is_handed_over_without_being_accepted(being_read, reader, second_reader):
    hand_over(study=being_read, reader=reader, colleague=second_reader, note="I leave at noon")
    assert open_reading(being_read).reader == second_reader
    assert Study.objects.get().status == StudyStatus.READING
    row = worklist_page(second_reader, Filters(view="mine")).rows[0]
    assert (row.mine, row.reader_detail) == (True, "handed over by Mara Osei")
    assert worklist_page(reader, Filters(view="mine")).total == 0


def test_a_hand_over_stands_in_the_trail_of_both(being_read, reader, second_reader):
    hand_over(study=being_read, reader=reader, colleague=second_reader)
    trail = AuditEvent.objects.filter(verb__in=(Verb.STUDY_HANDED_OVER, Verb.STUDY_TAKEN_OVER)).order_by("id")
    assert [(event.actor, event.detail) for event in trail] == [
        (reader, {"to": second_reader.pk}),
        (second_reader, {"giver": reader.pk}),
    ]


def test_a_study_is_handed_only_to_who_reads_at_its_site(being_read, reader, stranger, technologist):
    for nobody in (reader, stranger, technologist, None):
        with pytest.raises(CannotHandOver):
            hand_over(study=being_read, reader=reader, colleague=nobody)


def test_only_what_one_reads_can_be_handed_over(being_read, reader, second_reader, trainee):
    with pytest.raises(LostRace):
        hand_over(study=being_read, reader=second_reader, colleague=trainee)


def test_a_hand_over_is_undone_until_the_colleague_has_opened_the_study(being_read, reader, second_reader, north):
    hand_over(study=being_read, reader=reader, colleague=second_reader)
    take_back(study=being_read, reader=reader)
    assert open_reading(being_read).reader == reader
    hand_over(study=being_read, reader=reader, colleague=second_reader)
    record(Verb.STUDY_OPENED, actor=second_reader, site=north, object_type="study", object_id=being_read.study_uid)
    with pytest.raises(LostRace):
        take_back(study=being_read, reader=reader)


def test_the_list_of_colleagues_ends_at_the_site(client, being_read, reader, second_reader, stranger):
    client.force_login(reader)
    sheet = client.get(reverse("study-acts", args=[being_read.study_uid])).content.decode()
    assert f'value="{second_reader.pk}"' in sheet and f'value="{stranger.pk}"' not in sheet


# Notes


def test_a_question_waits_until_the_technologist_answers(north, make_study, reader, technologist):
    study = make_study(north, status=StudyStatus.TO_READ)
    write_note(study=study, author=reader, text="Is the second series the delayed one?")
    assert [row.study for row in worklist_page(technologist, Filters(view="questions")).rows] == [study]
    write_note(study=study, author=technologist, text="Yes.")
    page = worklist_page(reader, Filters(view="questions"))
    assert (page.total, page.views["questions"]) == (0, 0)
    badges = worklist_page(reader, Filters()).rows[0].badges
    assert [badge.words for badge in badges] == ["question answered"]


def test_a_note_is_never_changed_or_removed(north, make_study, reader):
    note = write_note(study=make_study(north), author=reader, text="Left or right?")
    with pytest.raises(TypeError):
        note.save()
    for act in (lambda rows: rows.update(text="x"), lambda rows: rows.delete()):
        with pytest.raises((DatabaseError, TypeError)), transaction.atomic():
            act(StudyNote.objects.filter(pk=note.pk))


@pytest.mark.parametrize("text", ["", " \n ", "x" * 501])
def test_an_empty_or_endless_note_is_not_kept(north, make_study, reader, text):
    with pytest.raises(EmptyNote):
        write_note(study=make_study(north), author=reader, text=text)


def test_a_note_is_shown_as_text_and_stays_out_of_the_trail(client, north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    client.force_login(reader)
    client.post(reverse("study-note", args=[study.study_uid]), {"text": "<img src=x> for OSEI"})
    sheet = client.get(reverse("study-acts", args=[study.study_uid])).content.decode()
    assert "&lt;img src=x&gt; for OSEI" in sheet
    assert "OSEI" not in str(AuditEvent.objects.get(verb=Verb.NOTE_WRITTEN).detail)
