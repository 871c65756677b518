"""Around the list, too, nothing says what an AI made of a study while it is held back from the reader."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import HoldBack, Site
from screening.models import Study, Tier
from screening.selectors.worklist import Filters, worklist_page
from screening.services.deferring import CannotDefer, defer_study
from screening.services.sessions import start_session
from screening.states import AiState, StudyStatus

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def moved(north, make_study) -> Study:
    """A study that its AI has brought forward by a day, so that it is late."""
    now = timezone.now()
    study = make_study(north, status=StudyStatus.TO_READ, programme="lung", description="CT chest")
    Study.objects.filter(pk=study.pk).update(
        tier=Tier.CRITICAL, ai_state=AiState.SCORED, due_at=now - 2 * HOUR, base_due_at=now + 24 * HOUR, closed_at=now
    )
    return Study.objects.select_related("site").get(pk=study.pk)


@pytest.fixture
def held(moved) -> Study:
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    return Study.objects.select_related("site").get(pk=moved.pk)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_how_many_are_late_is_counted_by_what_the_reader_may_know(moved, reader):
    assert worklist_page(reader, Filters()).late == 1
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    assert worklist_page(reader, Filters()).late == 0


def test_what_is_late_without_ai_is_late_for_everybody(held, technologist, reader):
    Study.objects.update(base_due_at=timezone.now() - HOUR)
    assert (worklist_page(reader, Filters()).late, worklist_page(technologist, Filters()).late) == (1, 1)


def test_setting_aside_says_nothing_of_a_tier_that_is_held_back(held, reader):
    page = client_of(reader).get(reverse("study-acts", args=(held.study_uid,))).content.decode()
    assert "critical" not in page
    with pytest.raises(CannotDefer) as critical:
        defer_study(study=held, reader=reader, reason="priors", until=timezone.now() + HOUR)
    Study.objects.update(tier=Tier.ROUTINE)
    with pytest.raises(CannotDefer) as routine:
        defer_study(study=held, reader=reader, reason="priors", until=timezone.now() + HOUR)
    assert str(critical.value) == str(routine.value)
    defer_study(study=held, reader=reader, reason="priors", until=timezone.now() + HOUR, note="Waits for films")


def test_an_offer_beside_a_session_says_when_it_is_due_without_the_ai_that_is_held_back(
    held, north, make_study, reader
):
    now = timezone.now()
    later = make_study(north, status=StudyStatus.TO_READ, programme="breast")
    Study.objects.filter(pk=later.pk).update(due_at=now + 48 * HOUR, base_due_at=now + 48 * HOUR)
    assert start_session(reader=reader, programme="breast")
    client = client_of(reader)
    told = client.get(reverse("study-standing", args=(later.study_uid,))).json()["urgent"]
    assert told is not None and "late" not in told["words"] + told["short"]
    rows = client.get(reverse("worklist-rows")).content.decode()
    assert "CT chest, late" not in rows
