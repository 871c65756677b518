"""The page of tasks asks the same few questions for many studies as for few, whatever rules they are read by."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reports.models import Opinion, ReadingRule
from reports.rules.reading import MASAI, Kind, Rule
from reports.selectors.double_reading import blind_among, is_blind
from reports.services.communication import open_task
from reports.services.double_reading import set_rule
from screening.models import Study
from screening.services.reading import claim_study

RULES = [Rule(Kind.SINGLE), Rule(Kind.DOUBLE), Rule(Kind.AI_READER), MASAI]


@pytest.fixture
def opened(make_study, north, score, reader):
    def make(**result) -> Study:
        study = make_study(north)
        score(study, **result)
        open_task(study=study, actor=reader, tier="urgent", finding="Nodule")
        return Study.objects.get(pk=study.pk)

    return make


def in_force(north, administrator, rule: Rule, programme: str = "lung") -> ReadingRule:
    after = ReadingRule.objects.filter(programme=programme).count()
    return set_rule(site=north, programme=programme, rule=rule, reason="Agreed", actor=administrator, after=after)


@pytest.mark.parametrize("kind", ["single", "double", "ai_reader"])
def test_the_page_of_tasks_asks_as_often_for_twelve_studies_as_for_two(
    opened, north, administrator, reader, second_reader, kind
):
    in_force(north, administrator, Rule(Kind(kind)))
    client = Client()
    client.force_login(second_reader)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("tasks")).status_code == 200
        return len(queries)

    studies = [opened(), opened()]
    give(studies[0], reader)
    few = asked()
    more = [opened() for _each in range(10)]
    for study in more[:5]:
        give(study, reader)
    assert asked() == few


def give(study: Study, reader) -> None:
    """An opinion that is in, as the first of the study."""
    claim_study(study=study, reader=reader)
    reading = study.readings.get()
    Opinion.objects.create(
        study=study, reading=reading, reader=reader, ordinal=1, verdict="recall",
        rule=ReadingRule.objects.order_by("version").last(), at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind.value)
def test_who_is_blind_is_the_same_of_many_studies_as_of_each(opened, north, administrator, reader, rule):
    programme = "breast" if rule.kind == Kind.BANDS else "lung"
    in_force(north, administrator, rule, programme)
    results = [
        {"band": 3},
        {"band": 10},
        {"band": 3, "limitations": ["A view is missing."]},
        {"above_threshold": False},
    ]
    studies = [opened(**result) for result in results]
    Study.objects.update(programme=programme)
    Study.objects.filter(pk=opened().pk).update(programme="brain")
    give(studies[0], reader)
    shown = list(Study.objects.select_related("site"))
    assert blind_among(shown) == {study.pk for study in shown if is_blind(study)}
    assert (rule.kind == Kind.SINGLE) == (not blind_among(shown))
