"""How the department runs: what waits, how long things take, what failed. For the status page and /metrics."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import AuditEvent, AuditSeal, Site
from screening.models import IngestProblem, Instance, ScoreRun, Study, Tier
from screening.states import RunStatus, StudyStatus

# The window of everything that is "lately".
LATELY = timedelta(hours=24)
# So many of the newest are looked at for a quantile.
SAMPLE = 2000
QUANTILES = (0.5, 0.95)
MOST_REASONS = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """Unreported studies of one tier. oldest_s: seconds since the first image of the one that waits longest."""

    tier: str
    count: int
    overdue: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds from the first image, of studies that got there lately, as (quantile, seconds)."""

    programme: str
    count: int
    quantiles: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why studies of a programme have no result: state "refused" or "failed", and the sentence."""

    programme: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Runs:
    """waiting, running: now. lost: their lease is over and the sweeper has not come by yet. oldest_s: of the waiting."""

    waiting: int
    running: int
    lost: int
    oldest_s: float


def _of(sites: Iterable[Site] | None, path: str = "site") -> Q:
    return Q() if sites is None else Q(**{f"{path}__in": list(sites)})


def waiting_by_tier(now: datetime, sites: Iterable[Site] | None = None) -> list[Waiting]:
    """One entry a tier, empty ones too, the most pressing first. `sites`: None for all."""
    rows = (
        Study.objects.filter(_of(sites))
        .exclude(status=StudyStatus.REPORTED)
        .values("tier")
        .annotate(n=Count("id"), overdue=Count("id", filter=Q(due_at__lt=now)), oldest=Min("received_at"))
    )
    found = {row["tier"]: row for row in rows}
    return [
        Waiting(tier, row["n"], row["overdue"], max(0.0, (now - row["oldest"]).total_seconds()))
        if (row := found.get(tier))
        else Waiting(tier, 0, 0, 0.0)
        for tier in Tier.values
    ]


def _quantiles(seconds: list[float]) -> tuple[tuple[float, float], ...]:
    """Nearest-rank quantiles of at least one value."""
    ordered = sorted(seconds)
    return tuple((q, ordered[min(len(ordered) - 1, int(q * len(ordered)))]) for q in QUANTILES)


def _took(pairs: Iterable[tuple[str, datetime, datetime | None]]) -> list[Took]:
    by_programme: dict[str, list[float]] = {}
    for programme, begun, ended in pairs:
        if ended is None:
            continue  # the caller's filter leaves none
        by_programme.setdefault(programme, []).append(max(0.0, (ended - begun).total_seconds()))
    return [Took(name, len(all_s), _quantiles(all_s)) for name, all_s in sorted(by_programme.items())]


def receipt_to_score(now: datetime, sites: Iterable[Site] | None = None) -> list[Took]:
    """From the last image to the first result of it, of runs that succeeded lately."""
    runs = ScoreRun.objects.filter(_of(sites, "study__site"), status=RunStatus.SUCCEEDED, round=1)
    runs = runs.filter(finished_at__gte=now - LATELY).order_by("-finished_at")[:SAMPLE]
    return _took(runs.values_list("programme", "study__last_instance_at", "finished_at"))


def receipt_to_signature(now: datetime, sites: Iterable[Site] | None = None) -> list[Took]:
    """From the first image to the final signature, of studies that were reported lately."""
    studies = Study.objects.filter(_of(sites), reported_at__gte=now - LATELY).order_by("-reported_at")[:SAMPLE]
    return _took(studies.values_list("programme", "received_at", "reported_at"))


def without_result(now: datetime, sites: Iterable[Site] | None = None) -> list[Reason]:
    """What was refused or failed lately, the most frequent first; reasons hold no patients' data."""
    rows = (
        ScoreRun.objects.filter(_of(sites, "study__site"), finished_at__gte=now - LATELY)
        .filter(status__in=(RunStatus.REFUSED, RunStatus.FAILED))
        .values("programme", "status", "reason")
        .annotate(n=Count("id"))
        .order_by("-n", "programme", "reason")[:MOST_REASONS]
    )
    return [Reason(row["programme"], row["status"].lower(), row["reason"], row["n"]) for row in rows]


def failed_studies(sites: Iterable[Site]) -> QuerySet[Study]:
    """Unreported studies whose scoring failed and that no run is under way for, the first due first."""
    under_way = ScoreRun.objects.filter(study=OuterRef("pk"), status__in=(RunStatus.PENDING, RunStatus.RUNNING))
    studies = Study.objects.filter(_of(sites), ai_state="failed").exclude(status=StudyStatus.REPORTED)
    return studies.exclude(Exists(under_way)).select_related("site").order_by("due_at", "id")


def runs_now(now: datetime, sites: Iterable[Site] | None = None) -> Runs:
    """The scoring queue. A long wait of the oldest says that no worker takes them."""
    runs = ScoreRun.objects.filter(_of(sites, "study__site"))
    counts = runs.aggregate(
        waiting=Count("id", filter=Q(status=RunStatus.PENDING)),
        running=Count("id", filter=Q(status=RunStatus.RUNNING)),
        lost=Count("id", filter=Q(status=RunStatus.RUNNING, lease_until__lt=now)),
        oldest=Min("requested_at", filter=Q(status=RunStatus.PENDING)),
    )
    oldest = counts.pop("oldest")
    return Runs(**counts, oldest_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def problems_by_code(now: datetime, sites: Iterable[Site] | None = None) -> list[tuple[str, int]]:
    """Files that were not kept lately, by the code of the reason."""
    rows = IngestProblem.objects.filter(_of(sites), at__gte=now - LATELY).values_list("code")
    return list(rows.annotate(n=Count("id")).order_by("-n", "code"))


def images_stored(sites: Iterable[Site] | None = None) -> tuple[int, int]:
    """How many images there are, and their bytes as received."""
    kept = Instance.objects.filter(_of(sites)).aggregate(n=Count("id"), size=Coalesce(Sum("size"), 0))
    return kept["n"], kept["size"]


def images_lately(now: datetime, sites: Iterable[Site] | None = None) -> int:
    return Instance.objects.filter(_of(sites), received_at__gte=now - LATELY).count()


def disk() -> tuple[int, int]:
    """Free and all bytes of the disk that images are stored on."""
    folder = Path(settings.STORAGE_ROOT)
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def unsealed_events() -> int:
    """Audit events that no seal covers yet; more than a few seconds' worth says that nothing seals."""
    sealed = AuditSeal.objects.aggregate(last=Max("last_event"))["last"] or 0
    return AuditEvent.objects.filter(pk__gt=sealed).count()
