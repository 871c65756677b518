"""What one reader decided before a blind rule came into force is told to nobody until the opinions are in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from reports.models import Revision
from reports.rules.reading import Kind, Rule
from reports.selectors.communication import untold
from reports.selectors.tasks import tasks_of
from reports.services.communication import open_task
from reports.services.double_reading import give_opinion, set_rule
from screening.models import Study
from screening.services.deciding import decide
from screening.services.reading import claim_study, release_study
from tests.reports.conftest import by_template, full_text, sentence

NOTE = "Crossing vessel on the thin slices"


@pytest.fixture
def decided_before(make_study, north, score, reader, administrator, request_by) -> Study:
    """The only finding of a critical study is rejected; then two blind readers are asked for."""
    study = make_study(north)
    score(study, tier="critical")
    claim_study(study=study, reader=reader)
    sent = {"reason": "other", "note": NOTE}
    decide(study=study, author=reader, key="f1", version=0, event="reject", sent=sent, request=request_by(reader))
    set_rule(
        site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="As agreed", actor=administrator, request=None
    )
    return Study.objects.get(pk=study.pk)


def told(user, study: Study) -> list[str]:
    """What each address that shows findings says to `user`."""
    client = Client()
    client.force_login(user)
    names = ("api-findings", "reading-room", "reading-room-state", "study-tasks")
    return [client.get(reverse(name, args=[study.study_uid])).content.decode() for name in names]


def test_a_decision_from_before_the_rule_is_hidden_until_both_opinions_are_in(decided_before, reader, second_reader):
    study = decided_before
    give_opinion(study=study, reader=reader, verdict="normal")
    study.refresh_from_db()
    claim_study(study=study, reader=second_reader)
    findings, *pages = told(second_reader, study)
    assert '"decision":null' in findings and '"key":"f1"' in findings
    for page in (findings, *pages):
        assert NOTE not in page and "REJECTED" not in page
    give_opinion(study=study, reader=second_reader, verdict="normal")
    assert all(NOTE in page for page in told(second_reader, Study.objects.get())[:2])


def test_while_opinions_are_blind_a_rejection_does_not_take_the_critical_result_off_the_screen(
    decided_before, reader, second_reader
):
    release_study(study=decided_before, reader=reader)
    study = Study.objects.get()
    assert untold(study) is None
    shown = tasks_of(study, second_reader)["untold"]
    assert shown.finding == "solid nodule, right upper lobe"
    open_task(study=study, actor=reader, tier="critical", finding="Pneumothorax")
    assert tasks_of(study, second_reader)["untold"] is not None
    assert tasks_of(study, reader)["untold"] is None


def test_the_state_of_the_room_does_not_count_the_text_of_another_while_opinions_are_blind(
    decided_before, reader, second_reader, client
):
    study = decided_before
    report = by_template(study)
    for words in ("One.", "Two."):
        text = {name: [*listed, sentence(words, f"h-{name}")] for name, listed in full_text(report).items()}
        Revision.objects.create(
            report=report,
            number=report.revisions.count(),
            sections=text,
            author=reader,
            origin="human",
            created_at=study.received_at,
        )

    def state() -> dict[str, object]:
        client.force_login(second_reader)
        return client.get(reverse("reading-room-state", args=[study.study_uid])).json()

    told_of = ("revision", "draft_ready", "offered")
    assert {name: state()[name] for name in told_of} == {"revision": None, "draft_ready": False, "offered": None}
    give_opinion(study=study, reader=reader, verdict="normal")
    claim_study(study=Study.objects.get(), reader=second_reader)
    assert state()["revision"] is None
    give_opinion(study=Study.objects.get(), reader=second_reader, verdict="normal")
    assert state()["revision"] == 2
