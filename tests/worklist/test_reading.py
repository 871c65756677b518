"""Claiming and releasing: one wins, the other is told."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from screening.models import Reading, Study
from screening.selectors import open_reading
from screening.services.reading import claim_study, complete_reading, release_study
from screening.states import InvalidTransition, LostRace, StudyStatus

FREE = [StudyStatus.RECEIVING, StudyStatus.QUEUED, StudyStatus.SCORING, StudyStatus.TO_READ]


@pytest.mark.parametrize("status", FREE)
def test_reading_never_waits_for_ai(north, make_study, reader, status):
    study = make_study(north, status=status)
    claim_study(study=study, reader=reader)
    assert Study.objects.get(pk=study.pk).status == StudyStatus.READING
    assert open_reading(study).reader == reader


def test_a_second_reader_is_told_that_the_study_is_taken(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    with pytest.raises(LostRace):
        claim_study(study=Study.objects.get(pk=study.pk), reader=second_reader)
    assert Reading.objects.count() == 1


def test_claiming_ones_own_study_again_changes_nothing(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    assert claim_study(study=study, reader=reader) == claim_study(study=study, reader=reader)
    assert AuditEvent.objects.filter(verb=Verb.STUDY_CLAIMED).count() == 1


def test_a_released_study_is_free_again_and_a_colleague_can_take_it(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ, closed_at=timezone.now())
    claim_study(study=study, reader=reader)
    release_study(study=study, reader=reader)
    assert Study.objects.get(pk=study.pk).status == StudyStatus.TO_READ
    assert claim_study(study=study, reader=second_reader).reader == second_reader


def test_a_study_released_before_it_was_complete_goes_on_receiving(north, make_study, reader):
    study = make_study(north)
    claim_study(study=study, reader=reader)
    release_study(study=study, reader=reader)
    assert Study.objects.get(pk=study.pk).status == StudyStatus.RECEIVING


def test_only_the_reader_who_has_it_can_release_it(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    with pytest.raises(LostRace):
        release_study(study=study, reader=second_reader)


def test_a_reported_study_cannot_be_claimed(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    complete_reading(study=study, reader=reader)
    assert Study.objects.get(pk=study.pk).reported_at is not None
    with pytest.raises(InvalidTransition):
        claim_study(study=Study.objects.get(pk=study.pk), reader=second_reader)


@pytest.mark.django_db(transaction=True)
def test_of_two_readers_at_the_same_moment_exactly_one_wins(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    start, outcomes = threading.Barrier(2), []

    def attempt(user):
        mine = Study.objects.get(pk=study.pk)
        start.wait()
        try:
            claim_study(study=mine, reader=user)
            outcomes.append("won")
        except LostRace:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(user,)) for user in (reader, second_reader)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told", "won"]
    assert Reading.objects.filter(study=study).count() == 1


def test_read_next_takes_the_first_due_and_goes_there(client, north, make_study, reader):
    later = make_study(north, status=StudyStatus.TO_READ)
    first = make_study(north, status=StudyStatus.TO_READ)
    Study.objects.filter(pk=first.pk).update(due_at=timezone.now())
    client.force_login(reader)
    answer = client.post(reverse("worklist-next"))
    assert answer.status_code == 302
    assert first.study_uid in answer["Location"]
    assert Study.objects.get(pk=later.pk).status == StudyStatus.TO_READ


def test_read_next_says_when_nothing_is_waiting(client, north, reader):
    client.force_login(reader)
    answer = client.post(reverse("worklist-next"), follow=True)
    assert "Nothing is waiting to be read." in answer.content.decode()


def test_the_loser_of_a_claim_sees_a_sentence_and_409(client, north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    client.force_login(second_reader)
    answer = client.post(reverse("study-claim", args=[study.study_uid]))
    assert answer.status_code == 409
    assert "Somebody else was first" in answer.content.decode()
