"""Background work on accounts: the audit trail is sealed every few seconds."""

from __future__ import annotations

from celery import shared_task

from accounts.services.sealing import seal_events
from config.jobs import JOBS


@shared_task(name=JOBS["seal_audit"].task)
def seal_audit() -> None:
    """Seal until nothing waits; a batch is bounded, a backlog is not."""
    while seal_events() is not None:
        continue
