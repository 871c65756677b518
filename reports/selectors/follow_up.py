"""Recommendations and what has become of them: due, overdue, closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action, can
from reports.models import FollowUp, Recommendation, Report
from reports.rules.follow_up import GRACE_DAYS, Suggestion, due_on, suggested
from reports.states import FollowUpStatus
from screening.models import Study
from screening.selectors import standing_run
from screening.selectors.doors import sites_where, visible_studies


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the rule of the programme recommends for the AI's category; a person has to take it."""

    suggestion: Suggestion
    due_on: date
    category: str


def exam_day(study: Study) -> date:
    """The day intervals count from: that of the exam, else of its arrival."""
    return timezone.localtime(study.study_at or study.received_at).date()


def recommendation_of(report: Report | None) -> Recommendation | None:
    """The recommendation that stands: the newest version, unless it took it back."""
    if report is None or report.pk is None:
        return None
    newest = Recommendation.objects.filter(report=report).select_related("by").order_by("version").last()
    return None if newest is None or newest.removed else newest


def recommendation_json(report: Report | None) -> dict[str, Any] | None:
    """What a report recommends, as the form of its amendment is filled; None where it recommends nothing."""
    standing = recommendation_of(report)
    if standing is None:
        return None
    return {name: getattr(standing, name) for name in ("kind", "what", "number", "unit", "owner")}


def suggested_for(study: Study) -> Suggested | None:
    run = standing_run(study)
    category = run.result.get("category") if run else None
    suggestion = suggested(study.programme, str(category)) if category else None
    if suggestion is None:
        return None
    return Suggested(suggestion, due_on(exam_day(study), suggestion.number, suggestion.unit), str(category))


def follow_ups_of(study: Study) -> list[FollowUp]:
    """Those that the study's report made, and the open ones of the patient that this study would close."""
    related = ("recommendation", "study", "closed_by", "closed_by_study")
    own = FollowUp.objects.filter(study=study).select_related(*related)
    due = due_for(study).select_related(*related)
    return [*own, *due.exclude(study=study)]


def due_for(study: Study) -> QuerySet[FollowUp]:
    """Open follow-ups of the same patient that an examination of this programme may close."""
    open_ = FollowUp.objects.filter(patient=study.patient_id, status=FollowUpStatus.DUE)
    return open_.filter(programme=study.programme).exclude(programme="")


def follow_up_for(user: User, follow_up_id: int) -> FollowUp:
    """The door to a follow-up: Http404 out of sight, PermissionDenied without the right."""
    rows = FollowUp.objects.filter(pk=follow_up_id, study__in=visible_studies(user))
    row = rows.select_related("site", "study__site", "study__patient", "recommendation").first()
    if row is None:
        raise Http404(_("There is no such task."))
    if not can(user, Action.COMMUNICATE, row.site):
        raise PermissionDenied(_("Your role does not allow this."))
    return row


def open_follow_ups(user: User) -> QuerySet[FollowUp]:
    """The open follow-ups of the sites where the user communicates, by their days."""
    rows = FollowUp.objects.filter(site__in=sites_where(user, Action.COMMUNICATE), status=FollowUpStatus.DUE)
    return rows.select_related("study__patient", "site", "recommendation").order_by("due_on", "id")


def last_day_in_time(today: date) -> date:
    """Due days before this one are overdue: the day itself and the days of grace have passed."""
    return date.fromordinal(today.toordinal() - GRACE_DAYS)
