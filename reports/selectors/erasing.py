"""What an administrator may erase or hold, and what was."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action
from reports.models import Report
from reports.states import ReportStatus
from screening.models import Erasure, LegalHold, Study
from screening.selectors.doors import sites_where

SHOWN = 200


@dataclass(frozen=True)
class Erasable:
    """A study as the page shows it: counts and states only, for an administrator sees no report and no image."""

    study: Study
    report: Report | None
    signatures: int
    hold: LegalHold | None

    @property
    def report_goes_alone(self) -> bool:
        return self.report is not None and self.report.status in (ReportStatus.SIGNED, ReportStatus.AMENDED)


def erasable(user: User, study_uid: str, site_slug: str) -> Erasable:
    """Raises Http404 for a study of no site at which the user may erase, and for one that was erased."""
    studies = Study.objects.filter(study_uid=study_uid.strip(), site__in=sites_where(user, Action.ERASE_CONTENT))
    if site_slug:
        studies = studies.filter(site__slug=site_slug)
    study = studies.filter(erased_at__isnull=True).select_related("site", "patient").order_by("id").first()
    if study is None:
        raise Http404(_("There is no such study."))
    report = Report.objects.filter(study=study).first()
    return Erasable(
        study=study,
        report=report,
        signatures=report.signatures.exclude(canonical="").count() if report else 0,
        hold=study.holds.filter(lifted_at__isnull=True).select_related("set_by").first(),
    )


def erasures_of(user: User) -> QuerySet[Erasure]:
    """The newest first, of the sites at which the user may erase."""
    sites = sites_where(user, Action.ERASE_CONTENT)
    return Erasure.objects.filter(site__in=sites).select_related("site", "study", "by").order_by("-id")[:SHOWN]


def holds_of(user: User) -> QuerySet[LegalHold]:
    """The open ones, the newest first."""
    sites = sites_where(user, Action.ERASE_CONTENT)
    open_ = LegalHold.objects.filter(study__site__in=sites, lifted_at__isnull=True)
    return open_.select_related("study__site", "set_by").order_by("-id")[:SHOWN]
