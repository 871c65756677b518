"""A child that dies is started again; stopping leaves nobody behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import Process, Supervisor

TICKS = "import time\nwhile True: time.sleep(0.05)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n" + (
    "while True: time.sleep(0.05)"
)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The supervisor takes two signals for itself; the test run gets them back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def python(name: str, code: str) -> Process:
    return Process(name, [sys.executable, "-c", code])


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)


def revived(supervisor: Supervisor, process: Process, old: object) -> bool:
    supervisor.revive()
    return process.child is not old


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_dies_is_started_again_and_its_sister_is_left_alone(tmp_path):
    dying, living = python("dying", TICKS), python("living", TICKS)
    with Supervisor([dying, living], logs=tmp_path / "logs") as supervisor:
        first, sister = dying.child, living.child
        first.kill()
        first.wait()
        wait_for(lambda: revived(supervisor, dying, first))
        assert dying.child.poll() is None
        assert (dying.restarts, living.restarts) == (1, 0)
        assert living.child is sister
        assert sister.poll() is None


def test_a_child_that_dies_at_once_is_given_more_time_before_each_new_start(tmp_path):
    hopeless = python("hopeless", "raise SystemExit(3)")
    with Supervisor([hopeless], logs=tmp_path / "logs") as supervisor:
        gaps = []
        for _round in range(3):
            child, began = hopeless.child, hopeless.started_at
            wait_for(lambda: revived(supervisor, hopeless, child))  # noqa: B023  used up within the round
            gaps.append(hopeless.started_at - began)
    assert gaps[0] >= 0.5
    assert gaps[1] >= 1.0
    assert gaps[2] >= 2.0
    assert hopeless.restarts == 3


def test_stopping_ends_every_child(tmp_path):
    children = [python(f"child{number}", TICKS) for number in range(3)]
    with Supervisor(children, logs=tmp_path / "logs"):
        pids = [process.child.pid for process in children]
        assert all(is_alive(pid) for pid in pids)
    assert not any(is_alive(pid) for pid in pids)


def test_a_child_that_will_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(Supervisor, "STOP_S", 0.5)
    deaf = python("deaf", DEAF)
    logs = tmp_path / "logs"
    with Supervisor([deaf], logs=logs):
        wait_for(lambda: "deaf" in (logs / "deaf.log").read_text())
    assert deaf.child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting_and_then_the_children(tmp_path, number):
    child = python("child", TICKS)
    with Supervisor([child], logs=tmp_path / "logs") as supervisor:
        threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
        supervisor.wait()
    assert child.child.returncode == -signal.SIGTERM


def test_children_end_also_when_the_supervisor_meets_an_error(tmp_path):
    child = python("child", TICKS)
    with pytest.raises(RuntimeError, match="on purpose"), Supervisor([child], logs=tmp_path / "logs"):
        raise RuntimeError("on purpose")
    assert child.child.poll() is not None


def test_what_a_child_says_is_kept_over_restarts_in_a_log_of_its_own(tmp_path):
    logs = tmp_path / "logs"
    speaker = python("speaker", "import sys; print('out'); print('err', file=sys.stderr)")
    with Supervisor([speaker], logs=logs) as supervisor:
        speaker.child.wait()
        first = speaker.child
        wait_for(lambda: revived(supervisor, speaker, first))
        speaker.child.wait()
    said = Path(logs / "speaker.log").read_text().split()
    assert sorted(said) == ["err", "err", "out", "out"]
    assert {path.name for path in logs.iterdir()} == {"speaker.log"}


def test_a_child_sees_the_environment_it_was_given(tmp_path):
    child = python("child", "import os; print(os.environ['FIRSTREAD_MARK'])")
    with Supervisor([child], logs=tmp_path, env={**os.environ, "FIRSTREAD_MARK": "given"}):
        child.child.wait()
    assert (tmp_path / "child.log").read_text().strip() == "given"
