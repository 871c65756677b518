"""Background work of the default queue. Each task takes ids only and calls one service."""

from __future__ import annotations

from datetime import timedelta

from config.celery import app
from config.jobs import JOBS
from screening.services import broker, emergency, exporting, metadata, scoring, studies


@app.task(name=JOBS["close_quiet_studies"].task)
def close_quiet_studies() -> int:
    return studies.close_quiet_studies()


@app.task(name=JOBS["prepare_metadata"].task)
def prepare_metadata(study_id: int) -> int:
    return metadata.prepare_metadata(study_id)


@app.task(name=JOBS["sweep_leases"].task)
def sweep_leases() -> int:
    return scoring.sweep_leases()


@app.task(name=JOBS["export_studies"].task)
def export_studies(export_id: int) -> bool:
    return exporting.run_export(export_id)


@app.task(name=JOBS["sweep_exports"].task)
def sweep_exports() -> int:
    return exporting.sweep_exports()


@app.task(name=JOBS["sweep_glass"].task)
def sweep_glass() -> int:
    return emergency.sweep_glass()


@app.task(name=JOBS["purge_broker"].task)
def purge_broker() -> int:
    return broker.purge_delivered(older_than=timedelta(hours=1))
