"""The program without its web process: two workers and beat as `make demo` runs them, on a place of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.demo import processes
from config.env import ROOT
from config.supervisor import Supervisor
from tests.components.places import Place

SITE = "default"


class Program:
    """What runs, and a look into its database that changes nothing."""

    def __init__(self, home: Path, place: Place) -> None:
        self.home = home
        self.rows = place.rows
        ours = ("DATABASE_URL", "CELERY_BROKER_URL")
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "FIRSTREAD_HOME": str(home),
            "FIRSTREAD_DEVICE": "cpu",
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "PYTHONWARNINGS": "ignore",
            "OMP_WAIT_POLICY": "PASSIVE",
            "QUIET_SECONDS": "2",
            "SCORE_LEASE_S": "15",
            **place.env,
        }
        workers = [process for process in processes(0, home) if process.name != "web"]
        self.supervisor = Supervisor(workers, logs=home / "logs", env=self.env)

    def manage(self, *arguments: str) -> str:
        """What a management command prints; fails with its words."""
        run = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    @contextmanager
    def running(self) -> Iterator[Program]:
        self.manage("migrate", "-v", "0")
        self.manage("ensure_site", SITE, "Default site")
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with self.supervisor:
                yield self
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def kill(self, name: str) -> None:
        """End a process as a lost power supply would: it hears nothing of it."""
        child = next(process.child for process in self.supervisor.processes if process.name == name)
        assert child is not None
        child.kill()
        child.wait()

    def wait(self, condition: Callable[[], Any], seconds: float, words: str) -> Any:
        """What `condition` gives as soon as it is true, while dead processes are started again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.supervisor.revive()
            if found := condition():
                return found
            time.sleep(0.03)
        raise AssertionError(f"not within {seconds} s: {words}\n{self.logs()}")

    def logs(self, lines: int = 20) -> str:
        tails = []
        for path in sorted((self.home / "logs").glob("*.log")):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            tails.append("\n".join([f"--- {path.name}", *tail]))
        return "\n".join(tails)
