"""A score run: claimed with a lease, recorded once, never lost, never doubled."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.models import AuditEvent, Verb
from config.jobs import JOBS
from screening.models import Instance, ModelBundle, ScoreRun, Study
from screening.scoring.bundle import Bundle, BundleError
from screening.services import scoring
from screening.signals import study_scored
from screening.states import AiState, RunStatus, StudyStatus

START = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
LEASE = JOBS["score_study"].lease_s


def answer(study, **changes):
    """A result made from the study it is for."""
    result = {
        "study_uid": study.study_uid,
        "programme": study.programme,
        "state": "scored",
        "reason": None,
        "limitations": [],
        "score": 0.9,
        "above_threshold": True,
        "category": None,
        "category_rule": "",
        "band": None,
        "tier": "critical",
        "tier_rule": "haemorrhage 0.90 or more",
        "findings": [
            {
                "id": "f1",
                "type": "haemorrhage",
                "location": "left hemisphere",
                "size_mm": 21.0,
                "probability": 0.9,
                "series_uid": f"{study.study_uid}.1",
                "sop_uid": f"{study.study_uid}.1.1",
                "frame": 1,
                "box": [1, 1, 4, 4],
                "attributes": {},
                "contour": None,
            }
        ],
        "model": {"name": "m", "version": "1", "sha256": "0" * 64},
        "attributes": {},
        "seconds": 1.0,
    }
    return {**result, **changes}


@pytest.fixture(autouse=True)
def row(db, monkeypatch, tmp_path):
    """The bundle that reads everything; the test may set whether its figures earned the triage right."""
    metadata = {"name": "m", "version": "1", "sha256": "0" * 64, "triage": True}
    row = ModelBundle.objects.create(name="m", version="1", metadata=metadata, installed_at=START)
    monkeypatch.setattr(scoring, "active_bundle", lambda _programme: (row, Bundle(tmp_path, metadata)))
    return row


@pytest.fixture
def sent(monkeypatch):
    """What was handed to the broker."""
    messages = []
    monkeypatch.setattr(scoring, "enqueue", lambda name, *ids, urgent=False: messages.append((name, ids, urgent)))
    return messages


@pytest.fixture
def frozen():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def queued(frozen, north, make_study):
    return make_study(north, programme="brain", status=StudyStatus.QUEUED)


@pytest.fixture
def run(queued, sent):
    return scoring.request_score(study=queued)


def test_asking_twice_gives_one_run_and_one_message(queued, sent):
    assert scoring.request_score(study=queued) == scoring.request_score(study=queued)
    assert sent == [("score_study", (ScoreRun.objects.get().pk,), False)]


def test_an_urgent_order_goes_to_the_front_queue(queued, sent):
    queued.order_priority = "stat"
    scoring.request_score(study=queued)
    assert sent[0][2] is True


def test_a_study_whose_images_changed_gets_a_run_of_its_own(queued, sent, run):
    Instance.objects.filter(series__study=queued, number=1).update(sha256="f" * 64)
    assert scoring.request_score(study=queued) != run


def test_without_a_usable_bundle_the_study_says_failed_and_can_be_read(monkeypatch, queued, sent):
    def missing(name):
        raise BundleError(f"There is no bundle named {name}.")

    monkeypatch.setattr(scoring, "active_bundle", missing)
    assert scoring.request_score(study=queued) is None
    queued.refresh_from_db()
    assert (queued.ai_state, queued.status) == (AiState.FAILED, StudyStatus.TO_READ)
    assert "no bundle" in queued.ai_reason


def test_a_claim_takes_a_lease_and_moves_the_study(run, queued):
    claimed = scoring.claim_run(run_id=run.pk)
    assert (claimed.status, claimed.attempt) == (RunStatus.RUNNING, 1)
    assert claimed.lease_until == START + dt.timedelta(seconds=LEASE)
    queued.refresh_from_db()
    assert queued.status == StudyStatus.SCORING


def test_a_run_that_is_being_worked_on_cannot_be_claimed_again(run):
    scoring.claim_run(run_id=run.pk)
    assert scoring.claim_run(run_id=run.pk) is None


@pytest.mark.django_db
def test_a_run_that_is_gone_is_a_clean_exit():
    assert scoring.claim_run(run_id=4711) is None


def test_a_result_brings_findings_score_tier_and_due_time(run, queued):
    heard = []
    study_scored.connect(listener := lambda **event: heard.append(event["run"].pk), weak=False)
    try:
        claimed = scoring.claim_run(run_id=run.pk)
        assert scoring.record_result(run_id=run.pk, attempt=claimed.attempt, result=answer(queued))
    finally:
        study_scored.disconnect(listener)
    queued.refresh_from_db()
    assert (queued.status, queued.ai_state, queued.tier, queued.score) == (
        StudyStatus.TO_READ,
        AiState.SCORED,
        "critical",
        0.9,
    )
    assert queued.due_at == START + dt.timedelta(minutes=10)
    assert run.findings.get().location == "left hemisphere"
    assert heard == [run.pk]
    assert AuditEvent.objects.filter(verb=Verb.STUDY_SCORED).count() == 1


def test_a_model_without_the_triage_right_moves_nothing(row, queued, sent):
    row.metadata["triage"] = False
    row.save()
    run = scoring.request_score(study=queued)
    scoring.claim_run(run_id=run.pk)
    scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    queued.refresh_from_db()
    assert queued.due_at == queued.base_due_at
    assert (queued.ai_state, queued.tier) == (AiState.SCORED, "routine")


def test_a_refusal_is_a_state_of_its_own_and_keeps_the_due_time(run, queued):
    scoring.claim_run(run_id=run.pk)
    refusal = answer(queued, state="refused", reason="Too few slices.", score=None, findings=[], tier="routine")
    scoring.record_result(run_id=run.pk, attempt=1, result=refusal)
    queued.refresh_from_db()
    assert (queued.ai_state, queued.ai_reason, queued.status) == (
        AiState.REFUSED,
        "Too few slices.",
        StudyStatus.TO_READ,
    )
    assert queued.due_at == queued.base_due_at


def test_a_score_never_pushes_a_study_back(run, queued):
    Study.objects.filter(pk=queued.pk).update(due_at=START, base_due_at=START)
    scoring.claim_run(run_id=run.pk)
    scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued, tier="soon"))
    queued.refresh_from_db()
    assert queued.due_at == START


def test_a_late_result_of_an_older_attempt_changes_nothing(frozen, run, queued):
    scoring.claim_run(run_id=run.pk)
    frozen.shift(LEASE + 1)
    second = scoring.claim_run(run_id=run.pk)
    assert second.attempt == 2
    assert not scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    assert run.findings.count() == 0
    assert scoring.record_result(run_id=run.pk, attempt=2, result=answer(queued))
    assert run.findings.count() == 1


def test_a_result_is_recorded_once(run, queued):
    scoring.claim_run(run_id=run.pk)
    assert scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    assert not scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    assert run.findings.count() == 1


def test_a_heartbeat_keeps_the_run_and_shows_progress(frozen, run):
    scoring.claim_run(run_id=run.pk)
    frozen.shift(LEASE - 1)
    assert scoring.renew_lease(run_id=run.pk, attempt=1, progress=0.5)
    frozen.shift(LEASE - 1)
    assert scoring.sweep_leases() == 0
    assert ScoreRun.objects.get().progress == 0.5


def test_a_worker_that_lost_its_run_is_told_by_the_heartbeat(frozen, run):
    scoring.claim_run(run_id=run.pk)
    frozen.shift(LEASE + 1)
    scoring.claim_run(run_id=run.pk)
    assert not scoring.renew_lease(run_id=run.pk, attempt=1, progress=0.5)


def test_the_sweeper_queues_what_a_killed_worker_left(frozen, run, queued, sent):
    scoring.claim_run(run_id=run.pk)
    frozen.shift(LEASE + 1)
    sent.clear()
    assert scoring.sweep_leases() == 1
    assert sent == [("score_study", (run.pk,), False)]
    run.refresh_from_db()
    queued.refresh_from_db()
    assert (run.status, queued.status) == (RunStatus.PENDING, StudyStatus.QUEUED)


def test_the_sweeper_sends_a_lost_message_again_but_not_at_every_sweep(frozen, run, sent):
    sent.clear()
    assert scoring.sweep_leases() == 0
    frozen.shift(scoring.MESSAGE_PATIENCE + dt.timedelta(seconds=1))
    assert scoring.sweep_leases() == 1
    assert scoring.sweep_leases() == 0
    assert len(sent) == 1


def test_after_three_attempts_a_run_has_failed_and_says_so(run, queued):
    for attempt in (1, 2, 3):
        scoring.claim_run(run_id=run.pk)
        scoring.record_failure(run_id=run.pk, attempt=attempt, reason="The model failed (MemoryError).")
    run.refresh_from_db()
    queued.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert (queued.ai_state, queued.ai_reason) == (AiState.FAILED, "The model failed (MemoryError).")
    assert queued.status == StudyStatus.TO_READ
    assert scoring.claim_run(run_id=run.pk) is None


def test_a_worker_that_dies_three_times_ends_in_failed_not_in_an_endless_loop(frozen, run, queued):
    for _ in range(3):
        assert scoring.claim_run(run_id=run.pk)
        frozen.shift(LEASE + 1)
        scoring.sweep_leases()
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "3 attempts" in run.reason


def test_a_study_taken_by_a_reader_meanwhile_stays_with_them(run, queued):
    scoring.claim_run(run_id=run.pk)
    Study.objects.filter(pk=queued.pk).update(status=StudyStatus.READING)
    scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    queued.refresh_from_db()
    assert (queued.status, queued.ai_state) == (StudyStatus.READING, AiState.SCORED)


def test_a_result_of_images_that_are_no_longer_all_does_not_speak_for_the_study(run, queued):
    scoring.claim_run(run_id=run.pk)
    Instance.objects.filter(series__study=queued, number=1).update(sha256="e" * 64)
    scoring.record_result(run_id=run.pk, attempt=1, result=answer(queued))
    queued.refresh_from_db()
    assert queued.ai_state == AiState.PENDING


def test_inputs_have_one_digest_whatever_their_order():
    assert scoring.inputs_sha256(["b" * 64, "a" * 64]) == scoring.inputs_sha256(["a" * 64, "b" * 64])
    assert scoring.inputs_sha256(["a" * 64]) != scoring.inputs_sha256(["a" * 64, "b" * 64])
