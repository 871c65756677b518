"""Drafting on the scoring queue: loads torch and transformers, so only that worker imports this."""

from __future__ import annotations

from django.conf import settings

from config.celery import app
from config.jobs import JOBS
from reports.drafting import generator
from reports.services import drafting
from screening.scoring.runtime import choose_device


@app.task(name=JOBS["draft_report"].task)
def draft_report(report_id: int) -> None:
    """Draft one report. A draft that is gone, made or somebody else's is a clean exit; a lost one is swept."""
    claim = drafting.claim_draft(report_id=report_id)
    if claim is None:
        return
    device = choose_device(settings.FIRSTREAD_DEVICE)
    draft = generator.draft_report(claim.result, prior=claim.prior, device=device, style=claim.style)
    drafting.record_draft(claim=claim, draft=draft)
