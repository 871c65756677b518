"""Keeping a run's lease while a model computes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import structlog
from django.db import DatabaseError, close_old_connections, connection

from config.jobs import JOBS
from screening.services.scoring import is_outdated, renew_lease

# So many in the time of a lease, and never further apart than this: the row shows the progress a beat brings.
BEATS = 9
LONGEST_BEAT_S = 2.0
log = structlog.get_logger(__name__)


class Heartbeat:
    """A context in which the run's lease is renewed by a thread of its own.

    `note(done)` takes the progress, 0–1; `lost` turns True when another attempt owns the run, `outdated`
    when images came that it has not seen.
    """

    def __init__(self, *, run_id: int, attempt: int) -> None:
        self.lost = False
        self.outdated = False
        self._run_id = run_id
        self._attempt = attempt
        self._progress = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"heartbeat-{run_id}", daemon=True)

    @property
    def stop(self) -> bool:
        """Is there nothing left to compute for?"""
        return self.lost or self.outdated

    def note(self, done: float) -> None:
        self._progress = done

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def beat(self) -> None:
        """Renew the lease, hand on the progress, and learn whether to go on."""
        try:
            kept = renew_lease(run_id=self._run_id, attempt=self._attempt, progress=self._progress)
            outdated = kept and is_outdated(run_id=self._run_id)
        except DatabaseError as error:
            # Busy or away: the lease outlasts several beats, so the next one tries again.
            log.warning("heartbeat_missed", run=self._run_id, error=type(error).__name__)
        else:
            self.lost, self.outdated = not kept, outdated

    def _beat_on(self) -> None:
        every = min(LONGEST_BEAT_S, JOBS["score_study"].lease_s / BEATS)
        try:
            while not self.stop and not self._stop.wait(every):
                close_old_connections()
                self.beat()
        finally:
            connection.close()
