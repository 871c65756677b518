"""What reports do when screening tells them something. The project's signals end here."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from reports.selectors.outbox import outbox_figures, outbox_lines
from reports.services import drafting, follow_up, sending
from reports.services.export_documents import signed_documents
from screening.figures import Source, sign_up
from screening.models import ScoreRun, Study
from screening.services.emergency import when_glass_breaks
from screening.services.export_documents import sign_up_documents
from screening.signals import study_completed, study_scored
from screening.states import RunStatus

sign_up("outbox", Source(outbox_figures, outbox_lines))
sign_up_documents("reports", signed_documents)
when_glass_breaks("outbox", sending.queue_emergency)


@receiver(study_scored, dispatch_uid="reports.on_study_scored")
def on_study_scored(sender: type, run: ScoreRun, **_kwargs: Any) -> None:
    """A score was recorded (scored, refused or failed): ask for a draft, and tell on a result where a site wants it."""
    drafting.request_draft(study=run.study)
    if run.status == RunStatus.SUCCEEDED:
        sending.queue_result(run)


@receiver(study_completed, dispatch_uid="reports.on_study_completed")
def on_study_completed(sender: type, study: Study, **_kwargs: Any) -> None:
    """A study is complete: it closes what was due of its patient."""
    follow_up.close_by_arrival(study=study)
