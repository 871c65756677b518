"""Exports without persons: the one door to them, what they may hold, and what is told of them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.roles import Action
from screening.deidentify.rules import KINDS_OF_CHANGE, METHOD
from screening.models import Export, ExportFile, Study
from screening.selectors.doors import sites_where

SHOWN = 100


def exports_of(user: User) -> QuerySet[Export]:
    """The newest first, of the sites at which the user may export, with `total` and `done` studies."""
    rows = Export.objects.filter(site__in=sites_where(user, Action.EXPORT_DEIDENTIFIED)).select_related(
        "site", "asked_by"
    )
    counted = rows.annotate(total=Count("studies"), done=Count("studies", filter=Q(studies__done_at__isnull=False)))
    return counted.order_by("-id")


def export_for(user: User, export_id: int) -> Export:
    """Raises Http404 for one of another site, in the same words as for one that never was."""
    export = exports_of(user).filter(pk=export_id).first()
    if export is None:
        raise Http404(_("There is no such export."))
    return export


def studies_to_export(
    site: Site, *, uids: list[str], programme: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[Study]:
    """Studies of a site by UID, or by programme and study day where no UID is given; never one that was erased."""
    studies = Study.objects.filter(site=site, erased_at__isnull=True).order_by("id")
    if uids:
        return studies.filter(study_uid__in=uids)
    if programme:
        studies = studies.filter(programme=programme)
    if since:
        studies = studies.filter(study_at__gte=_midnight(since))
    if until:
        studies = studies.filter(study_at__lt=_midnight(until + timedelta(days=1)))
    return studies


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def figures(export: Export) -> dict[str, Any]:
    """Counts of an export as its page, its JSON report and its report for people have them; no value, no old name."""
    changes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS_OF_CHANGE}
    left_out: Counter[str] = Counter()
    studies = []
    files = dict(_files(export))
    for row in export.studies.filter(done_at__isnull=False):
        for kind in KINDS_OF_CHANGE:
            changes[kind].update(row.report.get(kind, {}))
        left_out.update(row.left_out)
        count, size = files.get(row.pk, (0, 0))
        studies.append({"study": row.new_uid, "objects": count, "bytes": size, "left_out": row.left_out})
    return {
        "method": METHOD,
        "studies": studies,
        "objects": sum(each["objects"] for each in studies),
        "bytes": sum(each["bytes"] for each in studies),
        "left_out": dict(left_out.most_common()),
        **{kind: dict(sorted(found.items())) for kind, found in changes.items()},
    }


def _files(export: Export) -> list[tuple[int, tuple[int, int]]]:
    rows = ExportFile.objects.filter(of__export=export).values("of").annotate(files=Count("id"), bytes=Sum("size"))
    return [(row["of"], (row["files"], row["bytes"] or 0)) for row in rows.order_by()]
