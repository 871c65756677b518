"""Background work of the default queue."""

from __future__ import annotations

from config.celery import app
from config.jobs import JOBS
from reports.services import communication, drafting, retention, sending


@app.task(name=JOBS["sweep_drafts"].task)
def sweep_drafts() -> int:
    return drafting.sweep_drafts()


@app.task(name=JOBS["sweep_communications"].task)
def sweep_communications() -> int:
    return communication.sweep_late()


@app.task(name=JOBS["send_delivery"].task)
def send_delivery(delivery_id: int) -> bool:
    return sending.send_delivery(delivery_id)


@app.task(name=JOBS["sweep_deliveries"].task)
def sweep_deliveries() -> int:
    return sending.sweep_deliveries()


@app.task(name=JOBS["erase_expired"].task)
def erase_expired() -> int:
    return retention.erase_expired()
