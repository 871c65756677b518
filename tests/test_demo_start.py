"""`make demo` where it cannot start, or is stopped while it prepares: one sentence, no traceback, nothing half done."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.env import ROOT
from tests.browser.server import free_port


@pytest.fixture
def home(tmp_path) -> Path:
    """A data folder with a space in its name, and its database."""
    folder = tmp_path / "data folder"
    folder.mkdir()
    return folder


def environment(home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    empty = home.parent / "nothing"
    return {
        **own,
        "FIRSTREAD_HOME": str(home),
        "FIRSTREAD_DATA": str(empty),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
    }


def demo(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "config.demo", "--port", str(port)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home), capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def test_a_port_in_use_is_said_before_anything_is_done(home, taken):
    ended = demo(home, taken)
    assert ended.returncode == 1
    assert f"Port {taken} is in use" in ended.stdout
    assert "PORT=" in ended.stdout
    assert ended.stderr == ""
    assert not (home / "firstread.sqlite3").exists()


@pytest.mark.parametrize("port", [0, 70_000])
def test_a_number_that_is_no_port_is_said(home, port):
    ended = demo(home, port)
    assert ended.returncode != 0
    assert "1 to 65535" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_demo_on_the_same_data_folder_is_refused(home):
    with (home / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = demo(home, free_port())
    assert ended.returncode == 1
    assert "already running" in ended.stdout
    assert "FIRSTREAD_HOME" in ended.stdout
    assert ended.stderr == ""


def test_ctrl_c_while_studies_are_made_stops_without_a_traceback_and_leaves_no_half_study(home):
    env = environment(home)
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
    command = [sys.executable, "-m", "config.demo", "--port", str(free_port())]
    started = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl+C in a terminal reaches the whole group
        # What runs in a shell's background ignores Ctrl+C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert started.stdout is not None
    for line in started.stdout:
        if line.startswith("    "):
            break
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Stopped." in out
    assert "Traceback" not in err
    whole = "from screening.models import *; print(sum(s.instance_count == 1 for s in Study.objects.all()))"
    asked = subprocess.run(
        [*manage, "shell", "--verbosity", "0", "-c", whole],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == "0"
