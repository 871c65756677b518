"""The whole program on a throw-away data folder: web, two workers and beat, as `make demo` runs them."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from config.demo import answers, processes
from config.env import ROOT
from config.supervisor import Supervisor

# A site that needs the password at every signing, and one of another house.
SEED = ("-m", "tests.browser.seed")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """What runs, and a look into its data folder that changes nothing."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
        self.env = {
            **own,
            "FIRSTREAD_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "PYTHONWARNINGS": "ignore",
            "OMP_WAIT_POLICY": "PASSIVE",
            "QUIET_SECONDS": "3",
            "SCORE_LEASE_S": "15",
            # Scripts press faster than people; the lock-out has a test of its own.
            "LOCK_OUT_SECONDS": "0",
            **env,
        }
        self.supervisor = Supervisor(processes(self.port, home), logs=home / "logs", env=self.env)

    def python(self, *arguments: str) -> None:
        """Run a module or script in the server's surroundings; raises with its words when it fails."""
        run = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr

    @contextmanager
    def running(self, *seed: str) -> Iterator[Server]:
        self.python("manage.py", "migrate", "-v", "0")
        self.python(*(seed or SEED))
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        ended = threading.Event()
        with self.supervisor:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            keeper = threading.Thread(target=self._keep, args=(ended,), daemon=True)
            keeper.start()
            try:
                assert answers(f"{self.url}/health/ready", within_s=60), self.logs()
                yield self
            finally:
                ended.set()
                keeper.join()

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            self.supervisor.revive()

    def kill(self, name: str) -> None:
        """End a process as a lost power supply would: it hears nothing of it."""
        child = next(process.child for process in self.supervisor.processes if process.name == name)
        assert child is not None
        child.kill()
        child.wait()

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """The answer of the server's own database, read only."""
        address = f"file:{self.home / 'firstread.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
            return database.execute(question, values).fetchall()

    def wait(self, condition: Callable[[], Any], seconds: float, words: str) -> Any:
        """What `condition` gives as soon as it is true; fails with the logs."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.03)
        raise AssertionError(f"not within {seconds} s: {words}\n{self.logs()}")

    def logs(self, lines: int = 15) -> str:
        """The last lines of every process."""
        tails = []
        for path in sorted((self.home / "logs").glob("*.log")):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            tails.append("\n".join([f"--- {path.name}", *tail]))
        return "\n".join(tails)
