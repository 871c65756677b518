"""What reports do when screening tells them something. The project's only signal ends here."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from reports.services import drafting
from screening.models import ScoreRun
from screening.signals import study_scored


@receiver(study_scored, dispatch_uid="reports.on_study_scored")
def on_study_scored(sender: type, run: ScoreRun, **_kwargs: Any) -> None:
    """A score was recorded (scored, refused or failed): ask for a draft."""
    drafting.request_draft(study=run.study)
