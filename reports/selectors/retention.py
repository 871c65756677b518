"""How long a site keeps studies, and what a rule would let go now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import Site
from reports.models import CommunicationTask, FollowUp, RetentionRule
from reports.states import CommunicationStatus, FollowUpStatus
from screening.models import Instance, LegalHold, Study
from screening.states import StudyStatus

# Between putting a rule into force and the first study that goes by it: time to take it back.
GRACE = timedelta(hours=24)
FEWEST_YEARS, MOST_YEARS = 1, 99
UNTOLD = (CommunicationStatus.OPEN, CommunicationStatus.TOLD)


@dataclass(frozen=True, slots=True)
class Years:
    """A study goes when both are over: years after its date, and after the last signature under its report."""

    study: int
    report: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go now. images, size: with their bytes; oldest, newest: dates of these studies, None when there are none.
    held, needed: old enough and kept, under a legal hold, or because something is still to be done or read for the patient."""

    studies: int
    images: int
    size: int
    oldest: datetime | None
    newest: datetime | None
    held: int
    needed: int


def rules_of(site: Site, programme: str) -> QuerySet[RetentionRule]:
    """Every version, the newest first."""
    return RetentionRule.objects.filter(site=site, programme=programme).select_related("by").order_by("-version")


def rules_in_force() -> list[RetentionRule]:
    """The newest version of every active site and programme that has one, in a fixed order. One query."""
    rows = RetentionRule.objects.filter(site__is_active=True).select_related("site", "by")
    newest = {(row.site_id, row.programme): row for row in rows.order_by("site_id", "programme", "version")}
    return list(newest.values())


def begins_at(rule: RetentionRule) -> datetime:
    """Nothing goes by the rule before then."""
    return rule.at + GRACE


def expired(site: Site, programme: str, years: Years, now: datetime) -> QuerySet[Study]:
    """The studies that may go: reported, both times over, no hold, nothing left to do for the patient; the oldest
    first. What was never signed never goes, nor what nobody has read."""
    studies = _old_enough(site, programme, years, now).filter(~_on_hold(), ~_needed())
    return studies.order_by(Coalesce("study_at", "received_at"), "id")


def preview(site: Site, programme: str, years: Years, now: datetime) -> Preview:
    """Seven queries, over all studies of the programme."""
    going = expired(site, programme, years, now)
    found = going.aggregate(n=Count("id"), oldest=Min("dated"), newest=Max("dated"))
    kept = Instance.objects.filter(series__study__in=going.order_by().values("id"))
    sizes = kept.aggregate(n=Count("id"), size=Coalesce(Sum("size"), 0))
    old = _old_enough(site, programme, years, now)
    held = old.filter(_on_hold()).count()
    needed = old.filter(~_on_hold(), _needed()).count()
    return Preview(found["n"], sizes["n"], sizes["size"], found["oldest"], found["newest"], held, needed)


def _old_enough(site: Site, programme: str, years: Years, now: datetime) -> QuerySet[Study]:
    studies = Study.objects.filter(
        site=site, programme=programme, status=StudyStatus.REPORTED, erased_at__isnull=True
    ).annotate(dated=Coalesce("study_at", "received_at"), signed=Max("report__signatures__signed_at"))
    # A study without a signature has no such time, and is not less than anything.
    return studies.filter(dated__lt=_before(now, years.study), signed__lt=_before(now, years.report))


def _on_hold() -> Exists:
    return Exists(LegalHold.objects.filter(study=OuterRef("pk"), lifted_at__isnull=True))


def _needed() -> Q:
    """A follow-up that is due, somebody still to be told, or another study of the patient that waits to be read, for which
    this one is an earlier one."""
    due = FollowUp.objects.filter(study=OuterRef("pk"), status=FollowUpStatus.DUE)
    untold = CommunicationTask.objects.filter(study=OuterRef("pk"), status__in=UNTOLD)
    waiting = Study.objects.filter(patient=OuterRef("patient"), erased_at__isnull=True)
    return Q(Exists(due)) | Q(Exists(untold)) | Q(Exists(waiting.exclude(status=StudyStatus.REPORTED)))


def _before(now: datetime, years: int) -> datetime:
    """The same moment so many years ago; of 29 February the day before where there is none."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)
