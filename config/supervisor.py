"""Keeping a handful of processes alive: started together, restarted when one dies, stopped cleanly."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self


@dataclass
class Process:
    """One child. restarts: how often it was started again after it ended by itself."""

    name: str
    command: list[str]
    restarts: int = 0
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0


class Supervisor:
    """A context in which the processes run. `wait` returns after SIGINT or SIGTERM.

    env: the environment of every child; None: this process's own.
    """

    STOP_S = 10.0

    def __init__(self, processes: list[Process], *, logs: Path, env: Mapping[str, str] | None = None) -> None:
        self.processes = processes
        self.logs = logs
        self.env = env
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for process in self.processes:
            self._start(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask every child to end, wait, then kill what did not."""
        running = [p.child for p in self.processes if p.child and p.child.poll() is None]
        for child in running:
            child.terminate()
        until = time.monotonic() + self.STOP_S
        for child in running:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    @property
    def stopping(self) -> bool:
        """Was it told to stop?"""
        return self._stopping.is_set()

    def wait(self) -> None:
        while not self._stopping.wait(0.5):
            self.revive()

    def revive(self) -> None:
        """Start again what has died; one that dies at once waits a little longer each time."""
        for process in self.processes:
            if process.child is None or process.child.poll() is None:
                continue
            patience = min(30.0, 0.5 * 2**process.restarts)
            if time.monotonic() - process.started_at > 60:
                process.restarts = 0
            if time.monotonic() - process.started_at >= patience:
                process.restarts += 1
                self._start(process)

    def _start(self, process: Process) -> None:
        with (self.logs / f"{process.name}.log").open("ab") as log:
            # A session of its own, so that Ctrl+C reaches this process alone, which then ends them in order.
            process.child = subprocess.Popen(
                process.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                start_new_session=True,
            )
        process.started_at = time.monotonic()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()
