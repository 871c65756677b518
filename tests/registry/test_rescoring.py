"""Runs keep the version they were asked of; scoring again adds; rights are the figures' unless an administrator spoke."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from accounts.models import AuditEvent, Verb
from screening import gpu_tasks
from screening.models import ModelBundle, ScoreRun, Study, TriageBasis, TriageGrant
from screening.selectors import findings_of, standing_run
from screening.selectors.registry import active_row, allows_triage, basis_words, sites_for_show, triage_basis
from screening.selectors.worklist import Filters, worklist_page
from screening.services import rescoring, scoring
from screening.services.reading import claim_study, complete_reading
from screening.services.registry import activate, install_folder, roll_back
from screening.services.rescoring import NotRescored, rescore, rescore_waiting
from screening.services.rights import grant_for_show, set_triage
from screening.states import AiState, RunStatus, StudyStatus
from tests.registry import bundles
from tests.scoring.test_runs import answer

START = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(START, tick=False):
        yield


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(scoring, "enqueue", lambda name, *ids, urgent=False: messages.append(ids[0]))
    return messages


@pytest.fixture
def study(north, make_study):
    return make_study(north, programme="lung", status=StudyStatus.QUEUED, closed_at=timezone.now())


@pytest.fixture
def newer(fits, tmp_path):
    """Another version, installed and not chosen."""
    return install_folder(folder=bundles.write(tmp_path / "newer"), actor=None)


def finish(run, **changes):
    claimed = scoring.claim_run(run_id=run.pk)
    result = answer(run.study, model={"name": run.model_name, "version": run.model_version}, **changes)
    scoring.record_result(run_id=run.pk, attempt=claimed.attempt, result=result)
    run.study.refresh_from_db()


def scored(study, **changes):
    run = scoring.request_score(study=study)
    finish(run, **changes)
    study.refresh_from_db()
    return run


def test_a_run_is_of_the_version_that_reads_when_it_is_asked_for(study, newer, administrator):
    assert scoring.request_score(study=study).model_version == active_row("lung").version
    activate(row=newer, reason="A trial.", actor=administrator)
    assert ScoreRun.objects.count() == 1  # choosing starts nothing
    assert rescore(study=study, actor=administrator).model_version == "9.0.0"


def test_the_worker_gives_the_scorer_the_bundle_of_the_run(study, newer, monkeypatch):
    given = []

    def read(programme, inputs, context, bundle):
        given.append(bundle.model)
        raise MemoryError

    monkeypatch.setattr(gpu_tasks, "read_study", read)
    monkeypatch.setattr(gpu_tasks, "run_input", lambda run: run.study)
    first = scoring.request_score(study=study)
    activate(row=newer, reason="A trial.", actor=None)
    gpu_tasks.score_study(first.pk)
    gpu_tasks.score_study(rescore(study=study, actor=None).pk)
    assert [(model.version, model.sha256) for model in given] == [
        (first.model_version, first.model_sha256),
        ("9.0.0", newer.sha256),
    ]


@pytest.mark.parametrize("gone", ["files", "row"])
def test_a_run_whose_version_vanished_fails_at_once_with_a_sentence(study, newer, own_bundles, gone):
    activate(row=newer, reason="A trial.", actor=None)
    run = scoring.request_score(study=study)
    if gone == "files":
        shutil.rmtree(own_bundles / "lung-nodule@9.0.0")
    else:
        newer.activations.all().delete()
        newer.delete()
    gpu_tasks.score_study(run.pk)
    run.refresh_from_db()
    study.refresh_from_db()
    assert (run.status, run.attempt, study.ai_state, study.status) == ("FAILED", 1, AiState.FAILED, StudyStatus.TO_READ)
    assert "9.0.0 of the model lung-nodule" in study.ai_reason


def test_without_its_files_no_score_can_be_asked_for(study, newer, own_bundles):
    activate(row=newer, reason="A trial.", actor=None)
    shutil.rmtree(own_bundles / "lung-nodule@9.0.0")
    assert scoring.request_score(study=study) is None
    study.refresh_from_db()
    assert "no longer on this machine" in study.ai_reason


def test_scoring_again_by_another_version_adds_a_run_and_the_old_result_stands_meanwhile(study, newer, sent):
    first = scored(study, score=0.9)
    activate(row=newer, reason="A trial.", actor=None)
    again = rescore(study=study, actor=None)
    study.refresh_from_db()
    assert (study.ai_state, standing_run(study)) == (AiState.SCORED, first)
    assert findings_of(study)
    finish(again, score=0.2)
    study.refresh_from_db()
    first.refresh_from_db()
    assert (study.score, standing_run(study), first.result["score"]) == (0.2, again, 0.9)
    assert sent == [first.pk, again.pk]


def test_going_back_and_scoring_again_adds_a_third_run(study, newer):
    first = scored(study, score=0.9)
    activate(row=newer, reason="A trial.", actor=None)
    finish(rescore(study=study, actor=None), score=0.2)
    roll_back(programme="lung", reason="Not better.", actor=None)
    third = rescore(study=study, actor=None)
    assert (third.model_version, third.round) == (first.model_version, 2)
    finish(third, score=0.9)
    study.refresh_from_db()
    assert (study.score, standing_run(study), ScoreRun.objects.count()) == (0.9, third, 3)


@pytest.mark.parametrize("slower", ["scored", "failed"])
def test_the_slower_worker_of_an_earlier_request_does_not_hide_a_refusal_asked_for_later(study, newer, slower):
    first = scoring.request_score(study=study)
    activate(row=newer, reason="A trial.", actor=None)
    later = rescore(study=study, actor=None)
    claimed = scoring.claim_run(run_id=first.pk)
    finish(later, state="refused", reason="The scan is too short.", score=None, findings=[])
    if slower == "scored":
        scoring.record_result(run_id=first.pk, attempt=claimed.attempt, result=answer(study, score=0.01))
    else:
        scoring.record_failure(run_id=first.pk, attempt=claimed.attempt, reason="It broke.", final=True)
    study.refresh_from_db()
    assert (study.ai_state, study.ai_reason) == (AiState.REFUSED, "The scan is too short.")
    assert standing_run(study) is None


def test_the_slower_worker_of_an_earlier_request_does_not_mix_its_score_with_a_later_result(study, newer):
    first = scoring.request_score(study=study)
    activate(row=newer, reason="A trial.", actor=None)
    later = rescore(study=study, actor=None)
    claimed = scoring.claim_run(run_id=first.pk)
    finish(later, score=0.9)
    scoring.record_result(run_id=first.pk, attempt=claimed.attempt, result=answer(study, score=0.01))
    study.refresh_from_db()
    assert (study.score, standing_run(study)) == (0.9, later)


def test_a_study_closed_anew_after_going_back_gets_a_run_of_the_version_that_reads(study, newer):
    first = scored(study, score=0.9)
    activate(row=newer, reason="A trial.", actor=None)
    finish(rescore(study=study, actor=None), score=0.2)
    roll_back(programme="lung", reason="Not better.", actor=None)
    third = scoring.request_score(study=study)
    assert (third.model_version, third.round) == (first.model_version, 2)


def test_the_same_version_with_the_same_right_is_not_asked_twice(study, sent):
    scored(study)
    assert rescore(study=study, actor=None) is None
    assert len(sent) == 1


def test_a_run_that_waits_is_not_asked_for_again(study, sent):
    scoring.request_score(study=study)
    assert rescore(study=study, actor=None) is None
    assert len(sent) == 1


def test_a_failed_run_can_be_asked_for_again(study):
    run = scoring.request_score(study=study)
    for attempt in (1, 2, 3):
        scoring.claim_run(run_id=run.pk)
        scoring.record_failure(run_id=run.pk, attempt=attempt, reason="The model failed (MemoryError).")
    again = rescore(study=study, actor=None)
    assert (again.round, again.status) == (2, RunStatus.PENDING)
    finish(again)
    study.refresh_from_db()
    assert (study.ai_state, study.ai_reason) == (AiState.SCORED, "")


def test_scoring_again_and_failing_takes_the_result_there_was_from_nobody(study, newer):
    first = scored(study, score=0.9)
    activate(row=newer, reason="A trial.", actor=None)
    again = rescore(study=study, actor=None)
    scoring.claim_run(run_id=again.pk)
    scoring.record_failure(run_id=again.pk, attempt=1, reason="The model failed.", final=True)
    study.refresh_from_db()
    again.refresh_from_db()
    assert (again.status, study.ai_state, standing_run(study)) == (RunStatus.FAILED, AiState.SCORED, first)


def test_without_a_usable_model_scoring_again_changes_nothing_and_says_why(study, newer, own_bundles):
    first = scored(study, score=0.9)
    activate(row=newer, reason="A trial.", actor=None)
    shutil.rmtree(own_bundles / "lung-nodule@9.0.0")
    with pytest.raises(NotRescored, match="no longer on this machine"):
        rescore(study=study, actor=None)
    with pytest.raises(CommandError, match="no longer on this machine"):
        call_command("rescore", programme="lung")
    study.refresh_from_db()
    assert (study.ai_state, standing_run(study)) == (AiState.SCORED, first)


def test_a_reported_study_keeps_the_result_it_was_signed_with(study):
    scored(study)
    Study.objects.filter(pk=study.pk).update(status=StudyStatus.REPORTED)
    study.refresh_from_db()
    with pytest.raises(NotRescored, match="reported"):
        rescore(study=study, actor=None)


@pytest.mark.parametrize("under_way", [False, True], ids=["waiting", "running"])
def test_scoring_again_that_a_signature_overtakes_is_given_up(study, newer, reader, under_way):
    finish(scoring.request_score(study=study), score=0.4)
    claim_study(study=study, reader=reader)
    activate(row=newer, reason="A trial.", actor=None)
    again = rescore(study=study, actor=None)
    claimed = scoring.claim_run(run_id=again.pk) if under_way else None
    complete_reading(study=study, reader=reader)
    again.refresh_from_db()
    assert again.status == RunStatus.FAILED
    assert again.reason == "The study was reported first; it keeps the result it was signed with."
    if claimed:
        assert not scoring.record_result(run_id=again.pk, attempt=claimed.attempt, result=answer(study, score=0.9))
    assert scoring.claim_run(run_id=again.pk) is None
    study.refresh_from_db()
    assert (study.status, study.ai_state, study.score) == (StudyStatus.REPORTED, AiState.SCORED, 0.4)
    assert standing_run(study).result["score"] == 0.4


def test_a_first_result_that_comes_after_the_signature_is_still_told(study, reader):
    run = scoring.request_score(study=study)
    claim_study(study=study, reader=reader)
    complete_reading(study=study, reader=reader)
    finish(run, score=0.9)
    assert (study.status, study.ai_state, study.score) == (StudyStatus.REPORTED, AiState.SCORED, 0.9)


def test_a_study_that_still_comes_is_not_scored_again(north, make_study):
    with pytest.raises(NotRescored, match="complete"):
        rescore(study=make_study(north, programme="lung"), actor=None)


def test_waiting_studies_of_ones_sites_are_scored_again_and_it_is_audited(
    north, south, make_study, newer, administrator
):
    ours = [make_study(north, programme="lung", status="TO_READ", closed_at=START) for _ in range(2)]
    for site, fields in (
        (south, {"programme": "lung", "status": "TO_READ"}),
        (north, {"programme": "brain", "status": "TO_READ"}),
        (north, {"programme": "lung", "status": "READING"}),
        (north, {"programme": "lung", "status": "REPORTED"}),
    ):
        make_study(site, closed_at=START, **fields)
    activate(row=newer, reason="A trial.", actor=administrator)
    done = rescore_waiting(programme="lung", sites=[north], actor=administrator)
    assert (done.asked, done.left, done.more) == (2, 0, 0)
    assert set(ScoreRun.objects.values_list("study", flat=True)) == {study.pk for study in ours}
    events = AuditEvent.objects.filter(verb=Verb.STUDIES_RESCORED, actor=administrator)
    assert {event.object_id for event in events} == {study.study_uid for study in ours}


def test_asking_once_more_goes_on_with_the_studies_that_were_left_over(north, make_study, newer, monkeypatch):
    monkeypatch.setattr(rescoring, "AT_ONCE", 2)
    for _number in range(3):
        make_study(north, programme="lung", status="TO_READ", closed_at=START)
    told = [rescore_waiting(programme="lung", sites=[north], actor=None) for _press in range(3)]
    assert [(done.asked, done.left, done.more) for done in told] == [(2, 0, 1), (1, 2, 0), (0, 3, 0)]


def test_the_command_scores_again_one_study_or_all_that_wait(study, newer, capsys):
    scored(study)
    activate(row=newer, reason="A trial.", actor=None)
    call_command("rescore", programme="lung", site="north")
    assert "1 asked for" in capsys.readouterr().out
    call_command("rescore", study.study_uid)
    assert "the same result" in capsys.readouterr().out
    for wrong in ({"args": ["1.2.3"]}, {"args": []}, {"args": ["1.2.3"], "programme": "lung"}):
        with pytest.raises(CommandError):
            call_command("rescore", *wrong.pop("args"), **wrong)


@pytest.mark.parametrize("earned", [True, False])
@pytest.mark.parametrize("word", [None, True, False])
def test_the_right_is_what_the_figures_earned_unless_an_administrator_spoke(study, newer, administrator, earned, word):
    figures = {"study_auc": 0.8, "ci": {"study_auc": [0.75, 0.9]}}
    ModelBundle.objects.filter(pk=newer.pk).update(metadata={**newer.metadata, "triage": earned, "figures": figures})
    newer.refresh_from_db()
    if word is not None:
        set_triage(row=newer, site=study.site, granted=word, reason="We looked at it.", actor=administrator)
    basis = triage_basis(newer, study.site)
    assert allows_triage(basis) == (earned if word is None else word)
    with translation.override("en"):
        assert basis_words(basis).startswith("AI may bring it forward" if allows_triage(basis) else "Advisory")


def test_a_grant_is_for_one_site_and_one_version_and_the_newest_word_counts(study, south, newer, administrator):
    row, site = active_row("lung"), study.site
    set_triage(row=row, site=site, granted=True, reason="We looked at it.", actor=administrator)
    assert triage_basis(row, site) == TriageBasis.GRANTED
    assert triage_basis(row, south) == triage_basis(newer, site) == TriageBasis.NOT_EARNED
    set_triage(row=row, site=site, granted=False, reason="We looked again.", actor=administrator)
    assert triage_basis(row, site) == TriageBasis.TAKEN
    events = AuditEvent.objects.filter(object_type="model", site=site).order_by("id")
    assert [(event.verb, event.detail["reason"]) for event in events] == [
        (Verb.TRIAGE_GRANTED, "We looked at it."),
        (Verb.TRIAGE_TAKEN, "We looked again."),
    ]


def test_with_the_grant_a_score_moves_the_queue_and_without_it_it_is_advisory(study, reader, administrator):
    advisory = scored(study)
    row = worklist_page(reader, Filters()).rows[0]
    assert (advisory.may_triage, study.due_at, row.advisory) == (False, study.base_due_at, True)
    assert any("Advisory: does not move the queue" in line for line in row.why)
    set_triage(row=active_row("lung"), site=study.site, granted=True, reason="We looked at it.", actor=administrator)
    finish(rescore(study=study, actor=administrator))
    study.refresh_from_db()
    row = worklist_page(reader, Filters()).rows[0]
    assert study.due_at < study.base_due_at
    assert (row.advisory, row.why[-1]) == (
        False,
        "AI may bring it forward: an administrator granted the right at this site.",
    )
    advisory.refresh_from_db()
    assert advisory.may_triage is False  # what was made without the right keeps being without it


@pytest.mark.parametrize("word", [False, True])
def test_a_word_on_the_right_counts_for_what_is_scored_from_then_on_also_when_it_was_queued_before(
    study, administrator, word, sent
):
    row = active_row("lung")
    set_triage(row=row, site=study.site, granted=not word, reason="We looked at it.", actor=administrator)
    run = scoring.request_score(study=study)
    set_triage(row=row, site=study.site, granted=word, reason="We looked again.", actor=administrator)
    assert rescore(study=study, actor=administrator) is None  # the run that waits will do
    finish(run)
    run.refresh_from_db()
    assert (run.may_triage, study.due_at < study.base_due_at) == (word, word)
    assert run.triage_basis == (TriageBasis.GRANTED if word else TriageBasis.TAKEN)


def test_a_role_that_sees_no_score_is_not_told_of_a_right(study, technologist):
    scored(study)
    row = worklist_page(technologist, Filters()).rows[0]
    assert row.advisory is False
    assert not any("dvisory" in line or "right" in line for line in row.why)


def test_the_demonstration_grants_for_show_once_and_never_against_an_administrator(north, south, reader, administrator):
    taken = active_row("brain")
    set_triage(row=taken, site=north, granted=False, reason="Not here.", actor=administrator)
    assert grant_for_show(sites=[north]) == 2
    assert grant_for_show(sites=[north]) == 0
    assert triage_basis(active_row("lung"), north) == TriageBasis.FOR_SHOW
    assert triage_basis(taken, north) == TriageBasis.TAKEN
    assert sites_for_show(reader) == [north]
    assert TriageGrant.objects.filter(site=south).count() == 0
    for programme in ("lung", "breast"):
        set_triage(row=active_row(programme), site=north, granted=False, reason="Enough.", actor=administrator)
    assert sites_for_show(reader) == []
