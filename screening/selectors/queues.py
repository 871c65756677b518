"""What the scoring queue holds now, run by run, for the administrators of its sites."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Site
from screening.models import ScoreRun
from screening.states import RunStatus

SHOWN = 50


def _runs(sites: Iterable[Site], status: RunStatus) -> QuerySet[ScoreRun]:
    return ScoreRun.objects.filter(study__site__in=list(sites), status=status).select_related("study__site")


def running(sites: Iterable[Site], now: datetime) -> list[tuple[ScoreRun, float, float]]:
    """(run, seconds since it was taken, seconds its lease still holds: below 0 it is lost), the longest first."""
    rows = _runs(sites, RunStatus.RUNNING).order_by("started_at", "id")[:SHOWN]
    return [(run, _since(run.started_at, now), -_since(run.lease_until, now)) for run in rows]


def waiting(sites: Iterable[Site], now: datetime) -> list[tuple[ScoreRun, float]]:
    """(run, seconds since it was asked for), the longest first."""
    rows = _runs(sites, RunStatus.PENDING).order_by("requested_at", "id")[:SHOWN]
    return [(run, _since(run.requested_at, now)) for run in rows]


def _since(moment: datetime | None, now: datetime) -> float:
    return (now - moment).total_seconds() if moment else 0.0
