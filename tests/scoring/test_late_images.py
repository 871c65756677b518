"""Images that come after a study was taken as complete: what was said of fewer images no longer stands."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Site, User
from screening.models import Instance, ModelBundle, ScoreRun, Study
from screening.phantoms.headers import as_bytes
from screening.programmes import Route
from screening.scoring.bundle import Bundle, BundleError
from screening.selectors import findings_of
from screening.selectors.worklist import Filters, worklist_page
from screening.services import scoring, studies
from screening.services.ingest import ingest_instance
from screening.services.reading import claim_study, complete_reading, release_study
from screening.signals import study_scored
from screening.states import AiState, RunStatus, StudyStatus
from tests.ingest.images import ct_series
from tests.scoring.test_runs import answer

START = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
IMAGES = ct_series(3)


@pytest.fixture(autouse=True)
def bundle(db, monkeypatch, tmp_path):
    metadata = {"name": "m", "version": "1", "sha256": "0" * 64, "triage": True}
    row = ModelBundle.objects.create(name="m", version="1", metadata=metadata, installed_at=START)
    monkeypatch.setattr(scoring, "active_bundle", lambda _programme: (row, Bundle(tmp_path, metadata)))


@pytest.fixture(autouse=True)
def routed(monkeypatch):
    """Where routing sends a study; a test may change it."""
    chosen = {"programme": "brain", "reason": ""}
    monkeypatch.setattr(studies, "route", lambda _facts: Route(chosen["programme"], chosen["reason"]))
    return chosen


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as moved:
        yield moved


def send(number: int, site: Site) -> Study:
    assert ingest_instance(data=as_bytes(IMAGES[number]), source="upload", site=site, actor=None).result == "stored"
    return Study.objects.get(site=site)


def close(study: Study) -> ScoreRun | None:
    studies.close_study(study=Study.objects.get(pk=study.pk))
    return ScoreRun.objects.order_by("-id").first()


def score(run: ScoreRun, **changes: object) -> None:
    claimed = scoring.claim_run(run_id=run.pk)
    assert claimed is not None
    assert scoring.record_result(run_id=run.pk, attempt=claimed.attempt, result=answer(run.study, **changes))


@pytest.fixture
def scored(clock, north) -> Study:
    """A bleed found on the first image; due in ten minutes."""
    study = send(0, north)
    score(close(study))
    study.refresh_from_db()
    assert (study.ai_state, study.due_at) == (AiState.SCORED, START + dt.timedelta(minutes=10))
    return study


def test_what_was_found_on_fewer_images_does_not_stand_for_all(scored, north):
    study = send(1, north)
    assert (study.ai_state, study.status) == (AiState.PENDING, StudyStatus.RECEIVING)
    assert findings_of(study) == []


def test_a_result_below_threshold_does_not_stay_on_the_page_of_its_reader(client, north, reader, clock):
    study = send(0, north)
    score(close(study), above_threshold=False, findings=[], tier="routine", score=0.01)
    claim_study(study=Study.objects.get(pk=study.pk), reader=reader)
    client.force_login(reader)
    page = reverse("reading-room-state", args=[study.study_uid])
    assert client.get(page).json()["ai"]["above_threshold"] is False
    send(1, north)
    shown = client.get(page).json()["ai"]
    assert (shown["state"], shown["above_threshold"], shown["score"]) == ("pending", None, None)
    row = worklist_page(reader, Filters()).rows[0]
    assert row.ai == "Waiting to be scored"


def test_the_api_tells_nothing_of_the_earlier_result(client, scored, north, reader):
    send(1, north)
    client.force_login(reader)
    found = client.get(reverse("api-findings", args=[scored.study_uid])).json()
    assert (found["ai_state"], found["results"], found["above_threshold"]) == ("pending", [], None)
    assert client.get(reverse("api-study", args=[scored.study_uid])).json()["score"] is None


def test_a_late_image_pushes_no_study_back(scored, north, reader):
    study = send(1, north)
    close(study)
    study.refresh_from_db()
    assert study.due_at == START + dt.timedelta(minutes=10)
    assert "10 min" in study.due_rule
    assert not any("not moved" in line for line in worklist_page(reader, Filters()).rows[0].why)


def test_a_lower_score_of_more_images_pushes_no_study_back(scored, north):
    study = send(1, north)
    score(close(study), tier="routine", above_threshold=False, score=0.1, findings=[])
    study.refresh_from_db()
    assert (study.ai_state, study.score) == (AiState.SCORED, 0.1)
    assert study.due_at == START + dt.timedelta(minutes=10)


@pytest.mark.parametrize("status", [StudyStatus.READING, StudyStatus.REPORTED])
def test_a_study_at_its_reader_is_closed_and_scored_again(scored, north, reader, clock, status):
    Study.objects.update(status=status)
    send(1, north)
    clock.shift(60)
    assert studies.close_quiet_studies() == 1
    score(ScoreRun.objects.latest("id"))
    study = Study.objects.get()
    assert (study.status, study.ai_state, len(findings_of(study))) == (status, AiState.SCORED, 1)
    assert study.closed_at is not None


def test_a_run_of_fewer_images_ends_without_a_model_and_without_a_word(clock, north):
    old = close(send(0, north))
    new = close(send(1, north))
    heard: list[int] = []
    study_scored.connect(listener := lambda **event: heard.append(event["run"].pk), weak=False)
    try:
        assert scoring.claim_run(run_id=old.pk) is None
        score(new)
    finally:
        study_scored.disconnect(listener)
    old.refresh_from_db()
    assert (old.status, heard) == (RunStatus.FAILED, [new.pk])
    assert Study.objects.get().ai_state == AiState.SCORED


def test_a_result_of_fewer_images_asks_for_no_draft(clock, north):
    old = close(send(0, north))
    claimed = scoring.claim_run(run_id=old.pk)
    send(1, north)
    heard: list[int] = []
    study_scored.connect(listener := lambda **event: heard.append(event["run"].pk), weak=False)
    try:
        scoring.record_result(run_id=old.pk, attempt=claimed.attempt, result=answer(old.study))
    finally:
        study_scored.disconnect(listener)
    assert heard == []


def test_an_attempt_that_fails_after_late_images_leaves_the_study_receiving(clock, north):
    run = close(send(0, north))
    claimed = scoring.claim_run(run_id=run.pk)
    send(1, north)
    scoring.record_failure(run_id=run.pk, attempt=claimed.attempt, reason="no")
    assert Study.objects.get().status == StudyStatus.RECEIVING
    score(close(Study.objects.get()))
    assert Study.objects.get().status == StudyStatus.TO_READ


def test_late_images_can_change_the_programme_and_the_earlier_one_leaves_nothing(scored, north, routed):
    routed.update(programme=None, reason="No model reads this kind of study (CT).")
    study = send(1, north)
    close(study)
    study.refresh_from_db()
    assert (study.programme, study.ai_state, study.status) == ("", AiState.OUT_OF_SCOPE, StudyStatus.TO_READ)
    assert findings_of(study) == []
    assert study.due_at <= study.base_due_at


def test_a_bundle_that_is_gone_when_late_images_came_is_a_failure_not_the_earlier_result(scored, north, monkeypatch):
    def missing(name):
        raise BundleError("x" * 500)

    monkeypatch.setattr(scoring, "active_bundle", missing)
    study = send(1, north)
    close(study)
    study.refresh_from_db()
    assert (study.ai_state, len(study.ai_reason)) == (AiState.FAILED, 400)
    assert findings_of(study) == []


def test_a_study_that_an_image_reopened_meanwhile_is_not_closed_by_an_older_look(clock, north, monkeypatch):
    study = send(0, north)
    clock.shift(60)

    def with_an_image_between(study: Study, **more: object) -> Study:
        send(1, north)
        return closing(study=study, **more)

    closing = studies.close_study
    monkeypatch.setattr(studies, "close_study", with_an_image_between)
    assert studies.close_quiet_studies() == 0
    assert Study.objects.get(pk=study.pk).closed_at is None


def test_a_study_given_back_while_an_image_came_is_not_lost(scored, north, reader, clock):
    held = Study.objects.get()
    claim_study(study=held, reader=reader)
    send(1, north)
    release_study(study=held, reader=reader)
    clock.shift(60)
    assert studies.close_quiet_studies() == 1
    assert Instance.objects.count() == 2


def test_the_row_of_a_reported_study_says_that_images_came_later(scored, north, reader: User):
    study = Study.objects.get()
    claim_study(study=study, reader=reader)
    complete_reading(study=study, reader=reader)
    send(1, north)
    row = worklist_page(reader, Filters(state="reported")).rows[0]
    assert "1 image came later" in row.reader_detail
