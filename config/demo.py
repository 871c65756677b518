"""`make demo`: one command that fills a data folder, starts every process and keeps them running."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from config.env import HOME, ROOT
from config.supervisor import Process, Supervisor

PYTHON = sys.executable


def say(words: str) -> None:
    sys.stdout.write(f"  {words}\n")
    sys.stdout.flush()


def manage(*arguments: str, quiet: bool = False) -> int:
    """Run a management command; its output is shown unless `quiet`."""
    return subprocess.run(
        [PYTHON, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        check=False,
        stdout=subprocess.DEVNULL if quiet else None,
    ).returncode


def processes(port: int, home: Path) -> list[Process]:
    """Web, a default worker, a scoring worker and beat."""
    celery = [PYTHON, "-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "--pool", "solo", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    gunicorn = [PYTHON, "-m", "gunicorn", "config.wsgi", "--workers", "2", "--threads", "4", "--timeout", "120"]
    return [
        Process("web", [*gunicorn, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]),
        Process("worker", [*worker, "-n", "default@%h", "-Q", "default,sending"]),
        Process(
            "scoring",
            [
                *worker,
                "-n",
                "scoring@%h",
                "-Q",
                "scoring-urgent,scoring",
                "-I",
                "screening.gpu_tasks,reports.gpu_tasks",
            ],
        ),
        Process("beat", [*celery, "beat", "--loglevel", "WARNING", "-s", str(home / "beat"), "--pidfile="]),
    ]


def port_number(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535.")


def why_port_is_unusable(port: int) -> str:
    """A sentence, or nothing when the port is free. Another's server there would answer in place of ours."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return f"Port {port} may not be used by this account. Choose another: make demo PORT={8000 + port % 1000}"
        except OSError:
            other = port + 1 if port < 65535 else port - 1
            return f"Port {port} is in use. Stop what uses it, or choose another: make demo PORT={other}"
    return ""


@contextmanager
def alone(home: Path) -> Iterator[bool]:
    """Is this the only demo on the data folder? It stays so until the context ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def answers(url: str, within_s: float, given_up: Callable[[], bool] = lambda: False) -> bool:
    """Does the address answer 200 within so many seconds, or until it is given up?"""
    until = time.monotonic() + within_s
    while time.monotonic() < until and not given_up():
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument("--dicom", action="append", default=[], help="ingest this folder, too")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")

    unusable = why_port_is_unusable(options.port)
    if unusable:
        say(unusable)
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    with alone(HOME) as alone_here:
        if not alone_here:
            say(f"A demo is already running on the data folder {HOME}. Stop it, or choose another with FIRSTREAD_HOME.")
            return 1
        try:
            return run(options.port, options.dicom)
        except KeyboardInterrupt:
            say("Stopped.")
            return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(port: int, folders: list[str]) -> int:
    say("Demo site, accounts and studies …")
    if manage("seed_demo", *(f"--dicom={folder}" for folder in folders)) != 0:
        return 1
    supervisor = Supervisor(processes(port, HOME), logs=HOME / "logs")
    say("Starting web, worker, scoring worker and beat …")
    with supervisor:
        address = f"http://127.0.0.1:{port}/"
        ready = answers(f"{address}health/ready", within_s=60, given_up=lambda: supervisor.stopping)
        if not ready and not supervisor.stopping:
            say(f"The web process does not answer; see {HOME / 'logs'}.")
            return 1
        if supervisor.stopping:
            raise KeyboardInterrupt
        sys.stdout.write(f"\nFirstread runs at {address}   (research software: not for clinical use)\n\n")
        sys.stdout.flush()
        manage("show_demo_accounts")
        sys.stdout.write(f"\nLogs are in {HOME / 'logs'}. Ctrl+C stops everything.\n")
        sys.stdout.flush()
        supervisor.wait()
    say("Stopped.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
