"""What models and readers have made of a study."""

from __future__ import annotations

from django.db.models import Max

from config.once import once
from screening.models import Finding, Reading, ScoreRun, Study
from screening.states import AiState, ReadingStatus, RunStatus, StudyStatus


def latest_run(study: Study) -> ScoreRun | None:
    """The run the study speaks by; see `speaking_run`. One query, two while it is scored again."""
    return once(("latest run", study.pk, study.ai_state), lambda: _latest_run(study))


def _latest_run(study: Study) -> ScoreRun | None:
    runs = study.score_runs.order_by("-id")
    newest = runs.first()
    if newest is None or study.ai_state != AiState.SCORED or newest.status == RunStatus.SUCCEEDED:
        return newest
    return runs.filter(inputs_sha256=newest.inputs_sha256, status=RunStatus.SUCCEEDED).first() or newest


def speaking_run(study: Study, runs: list[ScoreRun]) -> ScoreRun | None:
    """The newest of a study's runs (newest first); but while the same images are scored again, or that
    failed, the result there is goes on standing."""
    newest = runs[0] if runs else None
    if newest is None or study.ai_state != AiState.SCORED:
        return newest
    same = (run for run in runs if run.inputs_sha256 == newest.inputs_sha256 and run.status == RunStatus.SUCCEEDED)
    return next(same, newest)


def standing_run(study: Study) -> ScoreRun | None:
    """The run whose result the study stands for now; None in every state but scored.

    While late images wait for their score, the result of fewer images stands for nothing.
    """
    if study.ai_state != AiState.SCORED:
        return None
    run = latest_run(study)
    return run if run is not None and run.status == RunStatus.SUCCEEDED else None


def findings_of(study: Study) -> list[Finding]:
    """The findings of the standing run, in order of their numbers; empty without one."""
    run = standing_run(study)
    return list(run.findings.all()) if run else []


def open_reading(study: Study) -> Reading | None:
    """The reading under way, if any."""
    found = study.readings.filter(status=ReadingStatus.OPEN).select_related("reader").order_by("ordinal")
    return once(("open reading", study.pk), found.first)


def late_after_report(study: Study) -> int:
    """Images that came after the report was signed and that no reader has said to have seen; 0 when unreported."""
    if study.status != StudyStatus.REPORTED:
        return 0
    seen = study.readings.filter(status=ReadingStatus.COMPLETED).aggregate(most=Max("instances_seen"))["most"]
    return 0 if seen is None else max(0, study.instance_count - seen)
