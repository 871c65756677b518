"""What reports do when screening tells them something. The project's signals end here."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from reports.services import drafting, follow_up
from screening.models import ScoreRun, Study
from screening.signals import study_completed, study_scored


@receiver(study_scored, dispatch_uid="reports.on_study_scored")
def on_study_scored(sender: type, run: ScoreRun, **_kwargs: Any) -> None:
    """A score was recorded (scored, refused or failed): ask for a draft."""
    drafting.request_draft(study=run.study)


@receiver(study_completed, dispatch_uid="reports.on_study_completed")
def on_study_completed(sender: type, study: Study, **_kwargs: Any) -> None:
    """A study is complete: it closes what was due of its patient."""
    follow_up.close_by_arrival(study=study)
