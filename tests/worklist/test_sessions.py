"""Reading sessions: frozen in order, claimed one study at a time, and never in the way of what became urgent."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from screening.models import OrderPriority, ReadingSession, Study, Tier
from screening.selectors.queue import scope_of
from screening.selectors.sessions import next_free, standing
from screening.selectors.worklist import Filters, worklist_page
from screening.services.deferring import defer_study
from screening.services.handing_over import hand_over
from screening.services.reading import claim_study, complete_reading, release_study
from screening.services.sessions import end_session, start_session
from screening.states import StudyStatus


@pytest.fixture
def list_of(north, make_study):
    """Five free lung studies, due one hour after another from tomorrow on, and a brain study due before them."""

    def make(count=5, **fields):
        tomorrow = timezone.now() + dt.timedelta(days=1)
        studies = []
        for hour in range(count):
            due = tomorrow + dt.timedelta(hours=hour)
            studies.append(
                make_study(
                    north,
                    status=StudyStatus.TO_READ,
                    programme="lung",
                    closed_at=timezone.now(),
                    due_at=due,
                    base_due_at=due,
                    **fields,
                )
            )
        return studies

    return make


def state(reader):
    return standing(scope_of(reader))


def read(study, reader):
    study.refresh_from_db()
    claim_study(study=study, reader=reader)
    complete_reading(study=study, reader=reader)


def test_a_session_holds_the_next_studies_of_its_programme_in_due_order(list_of, north, make_study, reader):
    studies = list_of()
    make_study(north, status=StudyStatus.TO_READ, programme="brain")
    session = start_session(reader=reader, programme="lung", wanted=3)
    assert list(session.entries.values_list("study", flat=True)) == [study.pk for study in studies[:3]]
    assert AuditEvent.objects.get(verb=Verb.SESSION_STARTED).detail == {"studies": 3, "programme": "lung"}


def test_starting_a_session_claims_nothing(list_of, reader):
    list_of()
    start_session(reader=reader, wanted=3)
    assert set(Study.objects.values_list("status", flat=True)) == {StudyStatus.TO_READ}


def test_the_order_stays_as_it_was_when_due_times_change(list_of, reader):
    first, second, third = list_of(3)
    start_session(reader=reader, wanted=3)
    earlier = first.due_at - dt.timedelta(hours=5)
    Study.objects.filter(pk=third.pk).update(due_at=earlier, base_due_at=earlier)
    assert next_free(reader) == first
    read(first, reader)
    assert next_free(reader) == second


def test_a_session_goes_to_its_end_and_then_stops(list_of, reader):
    studies = list_of(4)
    start_session(reader=reader, wanted=3)
    for number, study in enumerate(studies[:3]):
        assert (state(reader).done, state(reader).finished) == (number, False)
        read(next_free(reader), reader)
        assert study.pk in [entry.study for entry in state(reader).entries if entry.read]
    assert next_free(reader) is None
    assert (state(reader).read, state(reader).finished) == (3, True)
    end_session(reader=reader)
    assert next_free(reader) == studies[3]


def test_what_was_begun_comes_before_the_session_goes_on(list_of, north, make_study, reader):
    list_of(2)
    start_session(reader=reader, programme="lung", wanted=2)
    other = make_study(north, status=StudyStatus.TO_READ, programme="brain")
    claim_study(study=other, reader=reader)
    assert next_free(reader) == other


def test_the_place_in_the_session_is_that_of_the_study_being_read(list_of, reader):
    studies = list_of(3)
    start_session(reader=reader, wanted=3)
    read(studies[0], reader)
    claim_study(study=Study.objects.get(pk=studies[1].pk), reader=reader)
    assert (state(reader).current, state(reader).done, state(reader).total) == (2, 1, 3)


LEFT = {
    "taken by a colleague": lambda study, me, other: claim_study(study=study, reader=other),
    "given back": lambda study, me, other: (
        claim_study(study=study, reader=me),
        release_study(study=study, reader=me),
    ),
    "handed over": lambda study, me, other: (
        claim_study(study=study, reader=me),
        hand_over(study=study, reader=me, colleague=other),
    ),
    "set aside": lambda study, me, other: defer_study(
        study=study, reader=me, reason="priors", until=timezone.now() + dt.timedelta(hours=1)
    ),
    "reported": lambda study, me, other: read(study, other),
}


@pytest.mark.parametrize("how", LEFT)
def test_a_study_that_no_longer_waits_for_the_reader_is_passed_over(list_of, reader, second_reader, how):
    first, second = list_of(2)
    start_session(reader=reader, wanted=2)
    LEFT[how](first, reader, second_reader)
    assert next_free(reader) == second
    assert state(reader).done == 1


def test_a_study_that_comes_back_is_offered_again(list_of, reader, second_reader):
    first, _second = list_of(2)
    start_session(reader=reader, wanted=2)
    claim_study(study=first, reader=second_reader)
    release_study(study=first, reader=second_reader)
    assert next_free(reader) == first


URGENT = {
    "moved forward by AI": {"tier": Tier.CRITICAL},
    "ordered as stat": {"order_priority": OrderPriority.STAT},
}


@pytest.mark.parametrize("how", URGENT)
def test_a_session_offers_what_became_urgent_in_any_programme(list_of, north, make_study, reader, how):
    list_of(2)
    start_session(reader=reader, programme="lung", wanted=2)
    brain = make_study(north, status=StudyStatus.TO_READ, programme="brain", **URGENT[how])
    assert state(reader).urgent is None
    Study.objects.filter(pk=brain.pk).update(due_at=timezone.now() + dt.timedelta(hours=2))
    assert state(reader).urgent == brain
    row = next(row for row in worklist_page(reader, Filters()).rows if row.study == brain)
    assert "more urgent than your session" in [badge.words for badge in row.badges]


def test_a_later_study_of_the_session_that_became_urgent_is_offered_too(list_of, reader):
    *_others, last = list_of(3)
    start_session(reader=reader, wanted=3)
    soon = timezone.now() + dt.timedelta(minutes=20)
    Study.objects.filter(pk=last.pk).update(due_at=soon)
    assert state(reader).urgent == last


def test_a_tier_without_the_right_to_move_the_queue_interrupts_nobody(list_of, north, make_study, reader):
    list_of(2)
    start_session(reader=reader, programme="lung", wanted=2)
    make_study(north, status=StudyStatus.TO_READ, programme="brain", tier=Tier.CRITICAL)
    assert state(reader).urgent is None


def test_a_new_session_ends_the_one_before(list_of, reader):
    list_of(2)
    first = start_session(reader=reader, wanted=1)
    second = start_session(reader=reader, wanted=2)
    assert ReadingSession.objects.get(ended_at=None) == second != first


def test_a_session_of_nothing_is_not_started(north, reader):
    assert start_session(reader=reader, programme="lung") is None
    assert not ReadingSession.objects.exists()


def test_a_session_holds_nothing_of_another_site(list_of, stranger):
    list_of(2)
    assert start_session(reader=stranger) is None


def test_next_leads_through_the_session_and_at_its_end_to_its_list(client, list_of, reader):
    first, second, third = list_of(3)
    client.force_login(reader)
    assert client.post(reverse("session-start"), {"wanted": "2", "programme": "lung"}).status_code == 302
    for study in (first, second):
        assert study.study_uid in client.post(reverse("worklist-next"))["Location"]
        complete_reading(study=Study.objects.get(pk=study.pk), reader=reader)
    answer = client.post(reverse("worklist-next"), follow=True)
    assert answer.redirect_chain[-1][0].endswith("?view=session")
    assert "Nothing is left in it." in answer.content.decode()
    assert Study.objects.get(pk=third.pk).status == StudyStatus.TO_READ


def test_pressing_next_twice_at_once_claims_one_study(client, list_of, reader):
    first, second = list_of(2)
    client.force_login(reader)
    places = {client.post(reverse("worklist-next"))["Location"] for _press in range(2)}
    assert len(places) == 1 and first.study_uid in places.pop()
    assert Study.objects.get(pk=second.pk).status == StudyStatus.TO_READ


def test_the_room_is_told_where_it_stands(client, list_of, north, make_study, reader):
    studies = list_of(3)
    start_session(reader=reader, programme="lung", wanted=3)
    read(studies[0], reader)
    claim_study(study=Study.objects.get(pk=studies[1].pk), reader=reader)
    urgent = make_study(north, status=StudyStatus.TO_READ, order_priority=OrderPriority.STAT, description="CT head")
    Study.objects.filter(pk=urgent.pk).update(due_at=timezone.now() + dt.timedelta(minutes=9, seconds=30))
    client.force_login(reader)
    told = client.get(reverse("study-standing", args=[studies[1].study_uid])).json()
    assert told["session"] == {"words": "2 of 3", "title": "1 of 3 done in this session"}
    assert told["urgent"]["short"] == "Urgent: CT head, in 9 min"
    assert urgent.patient.name not in str(told)
