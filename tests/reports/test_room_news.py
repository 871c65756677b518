"""What an open room takes in: measures and decisions of others and earlier studies, to whom they may be shown."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.rules.reading import Kind, Rule
from reports.selectors import room_state
from reports.selectors.news import news_json
from reports.services.double_reading import set_rule
from screening.models import Measurement, Study
from screening.services.deciding import decide
from tests.measuring.conftest import UID


@pytest.fixture
def mark(claimed):
    def see(user) -> str:
        return room_state(Study.objects.get(pk=claimed.study.pk), user)["mark"]

    return see


def measured(study: Study, author, number: int = 1) -> Measurement:
    return Measurement.objects.create(
        study=study, uid=UID, number=number, version=1, series_uid="1.2", sop_uid="1.2.3", frame=1, tool="length",
        points=[[1, 1], [2, 2]], values=[{"name": "length", "value": 1.0, "unit": "mm"}], author=author,
        at=timezone.now(),
    )  # fmt: skip


def earlier(study: Study, make_study, north, days: int = 300) -> Study:
    prior = make_study(north, study_at=timezone.now() - dt.timedelta(days=days), status="REPORTED")
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)
    return prior


def test_the_state_says_that_there_is_news_only_when_there_is(
    claimed, mark, reader, second_reader, make_study, north, request_by
):
    Study.objects.filter(pk=claimed.study.pk).update(study_at=timezone.now())
    seen = [mark(second_reader), mark(second_reader)]
    measured(claimed.study, reader)
    seen.append(mark(second_reader))
    decide(study=claimed.study, author=reader, key="f1", version=0, event="accept", sent={}, request=request_by(reader))
    seen.append(mark(second_reader))
    earlier(claimed.study, make_study, north)
    seen.append(mark(second_reader))
    make_study(north, study_at=timezone.now() - dt.timedelta(days=9))
    seen.append(mark(second_reader))
    assert [a == b for a, b in zip(seen, seen[1:], strict=False)] == [True, False, False, False, True]


def test_the_news_are_those_of_the_page_itself(claimed, reader, second_reader, make_study, north, request_by):
    Study.objects.filter(pk=claimed.study.pk).update(study_at=timezone.now())
    measured(claimed.study, reader)
    sent = {"reason": "vessel"}
    decide(
        study=claimed.study, author=reader, key="f1", version=0, event="reject", sent=sent, request=request_by(reader)
    )
    prior = earlier(claimed.study, make_study, north)
    client = Client()
    client.force_login(second_reader)
    news = client.get(reverse("reading-room-news", args=[claimed.study.study_uid])).json()
    assert news["mark"] == room_state(Study.objects.get(pk=claimed.study.pk), second_reader)["mark"]
    assert [each["key"] for each in news["measurements"]] == ["m1"]
    assert [(each["key"], each["decision"]["author"]) for each in news["findings"]] == [("f1", str(reader))]
    assert [each["uid"] for each in news["priors"]["studies"]] == [prior.study_uid]
    assert news["me"] == str(second_reader)


def test_nothing_of_what_others_did_is_told_while_opinions_are_blind(
    claimed, mark, reader, second_reader, north, administrator, request_by
):
    set_rule(site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="As agreed", actor=administrator)
    before = mark(second_reader)
    measured(claimed.study, reader)
    decide(study=claimed.study, author=reader, key="f1", version=0, event="accept", sent={}, request=request_by(reader))
    assert mark(second_reader) == before
    news = news_json(Study.objects.get(pk=claimed.study.pk), second_reader)
    assert (news["measurements"], [each["decision"] for each in news["findings"]]) == ([], [None])


def test_who_sees_no_scores_is_told_of_no_finding_or_measure(claimed, mark, reader, technologist, request_by):
    before = mark(technologist)
    measured(claimed.study, reader)
    decide(study=claimed.study, author=reader, key="f1", version=0, event="accept", sent={}, request=request_by(reader))
    assert mark(technologist) == before
    news = news_json(Study.objects.get(pk=claimed.study.pk), technologist)
    assert (news["measurements"], news["findings"]) == ([], None)
