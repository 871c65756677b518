"""A run at work: its row says how far it is, and it stops in the batch in which there is nothing left to score for."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import translation

pytest.importorskip("torch")

from screening import gpu_tasks
from screening.models import ScoreRun, Study
from screening.phantoms.headers import as_bytes
from screening.programmes import Route
from screening.scoring.bundle import Bundle
from screening.scoring.types import RunContext
from screening.selectors.worklist import Filters, worklist_page
from screening.services import scoring, studies
from screening.services.heartbeat import Heartbeat
from screening.services.ingest import ingest_instance
from screening.states import AiState, RunStatus, StudyStatus
from tests.ingest.images import ct_series

START = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
IMAGES = ct_series(2)
BATCHES = 10


class Synchronous(Heartbeat):
    """A heart that beats with every batch, in the test's own thread."""

    def __enter__(self) -> Synchronous:
        return self

    def __exit__(self, *_told: object) -> None:
        return None

    def note(self, done: float) -> None:
        super().note(done)
        self.beat()


@pytest.fixture
def run(north, monkeypatch) -> ScoreRun:
    """A run that waits, of a study of one image."""
    monkeypatch.setattr(studies, "route", lambda _facts: Route("brain", ""))
    monkeypatch.setattr(gpu_tasks, "Heartbeat", Synchronous)
    with time_machine.travel(START, tick=False):
        send(0, north)
        study = Study.objects.get()
        studies.close_study(study=study)
        yield ScoreRun.objects.get(study=study)


def send(number: int, site) -> None:
    assert ingest_instance(data=as_bytes(IMAGES[number]), source="upload", site=site, actor=None).result == "stored"


def work(run: ScoreRun, monkeypatch, during) -> list[float]:
    """Let a worker score the run; `during` is called within the fourth batch. The parts that were begun."""
    begun = []

    def model(_programme: str, _study, context: RunContext, *_bundle: Bundle):
        for batch in range(1, BATCHES + 1):
            begun.append(batch / BATCHES)
            if batch == 4:
                context.step(0.4)
                during()
            context.step(batch / BATCHES)
        raise RuntimeError("the model was not stopped")

    monkeypatch.setattr(gpu_tasks, "read_study", model)
    gpu_tasks.score_study(run.pk)
    return begun


@pytest.mark.django_db
def test_the_row_says_how_far_the_score_is(run, reader, monkeypatch):
    shown = []

    def look():
        for language in ("en", "zh-hans"):
            with translation.override(language):
                row = worklist_page(reader, Filters()).rows[0]
                shown.append((row.ai, row.ai_detail))

    work(run, monkeypatch, look)
    assert shown == [("Scoring", "40 % done"), ("评分中", "已完成 40%")]


@pytest.mark.django_db
def test_a_run_of_fewer_images_stops_in_its_batch_and_says_nothing(run, north, monkeypatch):
    begun = work(run, monkeypatch, lambda: send(1, north))
    run.refresh_from_db()
    study = Study.objects.get()
    # The beat of the batch that was under way hears of the image; the next batch is not run to its end.
    assert begun == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert (run.status, run.reason[:16]) == (RunStatus.FAILED, "More images came")
    assert (study.status, study.ai_state) == (StudyStatus.RECEIVING, AiState.PENDING)


@pytest.mark.django_db
def test_a_run_that_another_worker_has_taken_stops_and_leaves_it_alone(run, monkeypatch):
    begun = work(run, monkeypatch, lambda: ScoreRun.objects.filter(pk=run.pk).update(attempt=2))
    run.refresh_from_db()
    assert begun == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert (run.status, run.attempt, run.reason) == (RunStatus.RUNNING, 2, "")


@pytest.mark.django_db
def test_a_run_ended_by_hand_stops_and_stays_ended(run, monkeypatch):
    work(run, monkeypatch, lambda: scoring.record_failure(run_id=run.pk, attempt=1, reason="Ended.", final=True))
    run.refresh_from_db()
    assert (run.status, run.reason, run.attempt) == (RunStatus.FAILED, "Ended.", 1)
