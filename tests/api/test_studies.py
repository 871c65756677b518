"""Studies, findings and the worklist over REST."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.services import command_token
from reports.services import drafting
from screening.models import Finding, ScoreRun, Study
from screening.selectors.heads import head_of, with_heads
from screening.states import AiState, RunStatus


@pytest.fixture
def scored(north, make_study):
    study = make_study(north, programme="lung", status="TO_READ", ai_state=AiState.SCORED, score=0.9)
    run = ScoreRun.objects.create(
        study=study,
        programme="lung",
        inputs_sha256="0" * 64,
        model_name="m",
        model_version="1",
        model_sha256="0" * 64,
        requested_at=timezone.now(),
        status=RunStatus.SUCCEEDED,
        result={"score": 0.9, "limitations": ["slice spacing is uneven"], "above_threshold": True},
    )
    Finding.objects.create(
        run=run,
        number=1,
        key="f1",
        type="solid_nodule",
        location="right upper lobe",
        size_mm=8.0,
        probability=0.9,
        series_uid="1.2",
        sop_uid="1.2.3",
        box=[1, 2, 3, 4],
    )
    return study


def test_findings_come_with_the_state_they_come_from(client, reader, scored):
    client.force_login(reader)
    answer = client.get(reverse("api-findings", args=[scored.study_uid])).json()
    assert (answer["count"], answer["ai_state"], answer["limitations"]) == (1, "scored", ["slice spacing is uneven"])
    assert answer["results"][0]["location"] == "right upper lobe"


@pytest.mark.parametrize("name", ["api-studies", "api-worklist", "api-study"])
def test_a_score_never_stands_alone(client, reader, scored, name):
    """Its verdict, its limitations and whether it may move the queue come with it, in lists too."""
    client.force_login(reader)
    told = client.get(reverse(name, args=[scored.study_uid] if name == "api-study" else [])).json()
    study = told if name == "api-study" else told["results"][0]
    assert (study["ai_state"], study["score"], study["above_threshold"]) == ("scored", 0.9, True)
    assert (study["limitations"], study["advisory"]) == (["slice spacing is uneven"], True)
    ScoreRun.objects.all().delete()
    told = client.get(reverse(name, args=[scored.study_uid] if name == "api-study" else [])).json()
    study = told if name == "api-study" else told["results"][0]
    assert (study["ai_state"], study["score"], study["above_threshold"]) == ("pending", None, None)
    assert (study["limitations"], study["advisory"]) == (None, None)


def test_a_result_without_a_category_is_listed_without_one(scored):
    for given, shown in ((None, None), ("2", "2"), ("4A", "4A")):
        ScoreRun.objects.update(result={"score": 0.9, "category": given})
        assert head_of(with_heads(ScoreRun.objects.all()).get())["category"] == shown


def test_findings_say_whether_their_model_may_move_the_queue(client, reader, scored):
    client.force_login(reader)
    address = reverse("api-findings", args=[scored.study_uid])
    assert client.get(address).json()["advisory"] is True
    ScoreRun.objects.update(may_triage=True)
    assert client.get(address).json()["advisory"] is False


def test_a_study_whose_run_is_gone_is_not_told_as_scored_without_findings(client, reader, scored):
    ScoreRun.objects.all().delete()
    client.force_login(reader)
    answer = client.get(reverse("api-findings", args=[scored.study_uid])).json()
    assert (answer["ai_state"], answer["advisory"], answer["results"]) == ("pending", None, [])


def test_no_findings_of_a_refused_study_say_refused(client, reader, north, make_study):
    study = make_study(north, ai_state=AiState.REFUSED, ai_reason="Too few slices.")
    client.force_login(reader)
    answer = client.get(reverse("api-findings", args=[study.study_uid])).json()
    assert (answer["count"], answer["ai_state"], answer["reason"]) == (0, "refused", "Too few slices.")
    assert answer["above_threshold"] is None


def test_the_worklist_is_in_due_order_and_without_what_is_reported(client, reader, north, make_study):
    later, first, done = make_study(north), make_study(north), make_study(north, status="REPORTED")
    Study.objects.filter(pk=first.pk).update(due_at=timezone.now())
    client.force_login(reader)
    shown = [row["study_uid"] for row in client.get(reverse("api-worklist")).json()["results"]]
    assert shown == [first.study_uid, later.study_uid]
    assert done.study_uid not in shown


def test_a_study_names_its_series_images_and_report(client, reader, scored):
    report = drafting.ensure_report(study=scored)
    client.force_login(reader)
    answer = client.get(reverse("api-study", args=[scored.study_uid])).json()
    assert answer["report_id"] == report.pk
    assert [len(series["instances"]) for series in answer["series"]] == [2]


def test_a_technologist_gets_the_study_but_no_score_tier_or_report(client, technologist, scored):
    drafting.ensure_report(study=scored)
    client.force_login(technologist)
    answer = client.get(reverse("api-study", args=[scored.study_uid])).json()
    assert {answer[name] for name in ("score", "tier", "ai_state", "due_at", "report_id")} == {None}
    assert answer["study_uid"] == scored.study_uid


def test_a_token_is_enough_for_a_program(client, reader, scored):
    answer = client.get(reverse("api-worklist"), headers={"Authorization": f"Token {command_token(user=reader)}"})
    assert answer.json()["count"] == 1
