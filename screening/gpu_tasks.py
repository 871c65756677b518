"""Background work of the scoring queue: the only tasks that load torch."""

from __future__ import annotations

import structlog
from django.conf import settings

from config.celery import app
from config.jobs import JOBS
from screening.scoring.bundle import BundleError
from screening.scoring.registry import score_study as read_study
from screening.scoring.runtime import choose_device
from screening.scoring.types import Cancelled, RunContext
from screening.selectors.registry import bundle_for_run
from screening.services import scoring
from screening.services.heartbeat import Heartbeat
from screening.services.inputs import run_input
from screening.storage import MissingObject, UnreadableObject

log = structlog.get_logger(__name__)


@app.task(name=JOBS["score_study"].task)
def score_study(run_id: int) -> None:
    """Score one run. A run that is gone, finished or somebody else's is a clean exit."""
    run = scoring.claim_run(run_id=run_id)
    if run is None:
        return
    with Heartbeat(run_id=run.pk, attempt=run.attempt) as beat:
        context = RunContext(choose_device(settings.FIRSTREAD_DEVICE), beat.note, lambda: beat.stop)
        try:
            bundle = bundle_for_run(run)
            result = read_study(run.programme, run_input(run), context, bundle)
        except Cancelled:
            log.warning("score_cancelled", run=run.pk, attempt=run.attempt, outdated=beat.outdated)
            if beat.outdated:
                scoring.record_outdated(run_id=run.pk, attempt=run.attempt)
            return
        except BundleError as error:
            log.error("score_without_bundle", run=run.pk, model=run.model_name, version=run.model_version)
            scoring.record_failure(run_id=run.pk, attempt=run.attempt, reason=str(error), final=True)
            return
        except Exception as error:  # noqa: BLE001  the edge of the process: any failure of a model is a state
            log.error("score_failed", run=run.pk, attempt=run.attempt, error=type(error).__name__)
            scoring.record_failure(run_id=run.pk, attempt=run.attempt, reason=failure_words(error))
            return
    scoring.record_result(run_id=run.pk, attempt=run.attempt, result=result.as_json())


def failure_words(error: Exception) -> str:
    """The kind of error only: its text may carry a patient's data."""
    if isinstance(error, MissingObject | UnreadableObject):
        return "A stored image of this study cannot be read."
    return f"The model failed ({type(error).__name__})."
