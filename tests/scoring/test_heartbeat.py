"""The lease is kept while a model computes, whatever the database does meanwhile."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from config.jobs import Job
from screening.services import heartbeat
from screening.services.heartbeat import Heartbeat


@pytest.fixture
def beats(monkeypatch):
    """A heart that beats at once; what each beat meets is put in by the test."""
    answers: list[object] = []
    seen: list[bool] = []
    empty = threading.Event()

    def renew(**_more: object) -> bool:
        answer = answers.pop(0) if answers else True
        if not answers:
            empty.set()
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    monkeypatch.setattr(heartbeat, "renew_lease", renew)
    monkeypatch.setattr(heartbeat, "is_outdated", lambda run_id: next(iter(seen), False))
    monkeypatch.setattr(heartbeat, "BEATS", 10_000)
    return answers, empty, seen


def test_a_database_that_is_busy_for_one_beat_does_not_stop_the_heart(beats):
    answers, empty, _seen = beats
    answers += [OperationalError("database is locked"), True, False]
    with Heartbeat(run_id=1, attempt=1) as beat:
        assert empty.wait(20)
    assert beat.lost


def test_a_run_that_another_attempt_owns_is_lost(beats):
    answers, empty, _seen = beats
    answers += [False]
    with Heartbeat(run_id=1, attempt=1) as beat:
        assert empty.wait(20)
    assert beat.lost


def test_a_run_whose_study_got_more_images_is_outdated_but_not_lost(beats):
    answers, empty, seen = beats
    answers += [True]
    with Heartbeat(run_id=1, attempt=1) as beat:
        assert empty.wait(20)
        assert not beat.stop
        seen.append(True)
        until = time.monotonic() + 20
        while not beat.stop and time.monotonic() < until:
            time.sleep(0.005)
    assert beat.outdated
    assert not beat.lost


def test_the_row_hears_of_progress_every_two_seconds_whatever_the_lease(monkeypatch):
    waits = []
    monkeypatch.setattr(heartbeat, "JOBS", {"score_study": Job("t", lease_s=3600)})
    beat = Heartbeat(run_id=1, attempt=1)
    monkeypatch.setattr(beat._stop, "wait", lambda seconds: waits.append(seconds) or True)
    with beat:
        pass
    assert waits == [2.0]
