"""The one table of background work: what may run, on which queue, within which limits.

Services enqueue by name, on commit, so that no service imports a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from celery import current_app
from django.db import transaction

from config.env import env


@dataclass(frozen=True, slots=True)
class Job:
    """task: Celery name. queue: one of `QUEUES`.

    lease_s: a run not heard of for so long counts as lost. attempts: after so many it has failed.
    every_s: run by beat at this interval (None: only when enqueued).
    """

    task: str
    queue: str = "default"
    lease_s: int = 60
    attempts: int = 3
    every_s: float | None = None


# So long does a study wait after its worker died. Longer than the longest pause of a busy machine.
SCORE_LEASE_S = env.int("SCORE_LEASE_S", default=45)
JOBS = {
    "close_quiet_studies": Job("screening.tasks.close_quiet_studies", every_s=5),
    "sweep_leases": Job("screening.tasks.sweep_leases", every_s=10),
    "sweep_drafts": Job("reports.tasks.sweep_drafts", every_s=15),
    "seal_audit": Job("accounts.tasks.seal_audit", every_s=5),
    "sweep_communications": Job("reports.tasks.sweep_communications", every_s=20),
    # Waits for other systems, so it has a queue of its own. The lease outlasts the longest talk with one; with the
    # pauses of `reports.services.sending` so many attempts are about a day.
    "send_delivery": Job("reports.tasks.send_delivery", queue="sending", lease_s=120, attempts=30),
    "sweep_deliveries": Job("reports.tasks.sweep_deliveries", queue="sending", every_s=10),
    # A batch at a time, so that neither the queue nor the disk is held up.
    "erase_expired": Job("reports.tasks.erase_expired", every_s=1800),
    "purge_broker": Job("screening.tasks.purge_broker", every_s=3600),
    # Long work on a queue that waits anyhow; the lease is renewed from object to object.
    "export_studies": Job("screening.tasks.export_studies", queue="sending", lease_s=180, attempts=3),
    "sweep_exports": Job("screening.tasks.sweep_exports", every_s=30),
    "sweep_glass": Job("screening.tasks.sweep_glass", every_s=10),
    "prepare_metadata": Job("screening.tasks.prepare_metadata"),
    "score_study": Job("screening.gpu_tasks.score_study", queue="scoring", lease_s=SCORE_LEASE_S, attempts=3),
    "draft_report": Job("reports.gpu_tasks.draft_report", queue="scoring", lease_s=60, attempts=3),
}
QUEUES = ("scoring-urgent", "scoring", "default", "sending")


def enqueue(name: str, *ids: int, urgent: bool = False) -> None:
    """Send a job once the current transaction has committed. Arguments are ids only.

    A broker that is away loses nothing: the row is the truth and the sweeper queues it again.
    """
    job = JOBS[name]
    queue = f"{job.queue}-urgent" if urgent and job.queue == "scoring" else job.queue
    transaction.on_commit(partial(current_app.send_task, job.task, args=list(ids), queue=queue), robust=True)
