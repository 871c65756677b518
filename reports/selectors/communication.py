"""Critical results: what is to be told, who may look, and what is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.roles import Action, can
from reports.models import CommunicationLimit, CommunicationTask
from reports.rules.communication import TIERS, default_limit
from reports.states import CommunicationStatus
from screening.models import Study
from screening.selectors import findings_of, standing_run
from screening.selectors.doors import sites_where, visible_studies
from screening.selectors.measuring import Decided, decided_findings
from screening.selectors.phrases import finding_type
from screening.selectors.places import place_words

OPEN = (CommunicationStatus.OPEN, CommunicationStatus.TOLD)
NAMED = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """minutes: None, the tier opens no task. own: set by the site itself."""

    tier: str
    minutes: int | None
    escalate_to: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Critical:
    """A result of the AI, not rejected by the reader, of which somebody must be told."""

    tier: str
    finding: str
    minutes: int


def limit_for(site: Site, programme: str, tier: str) -> Limit:
    own = CommunicationLimit.objects.filter(site=site, programme=programme, tier=tier).first()
    if own is not None:
        return Limit(tier, own.minutes, own.escalate_to, own=True)
    return Limit(tier, default_limit(programme, tier))


def limits_of(site: Site, programme: str) -> list[Limit]:
    """One for each tier, the most pressing first; one query."""
    own = {each.tier: each for each in CommunicationLimit.objects.filter(site=site, programme=programme)}
    return [
        Limit(tier, own[tier].minutes, own[tier].escalate_to, own=True)
        if tier in own
        else Limit(tier, default_limit(programme, tier))
        for tier in TIERS
    ]


def critical_of(study: Study, *, undecided: bool = False) -> Critical | None:
    """What the standing AI result asks to be told; None where its tier opens no task or the reader has rejected
    every finding of it. undecided: as if nobody had decided about its findings."""
    run = standing_run(study)
    tier = str(run.result.get("tier", "")) if run else ""
    if tier not in TIERS:
        return None
    limit = limit_for(study.site, study.programme, tier)
    if limit.minutes is None:
        return None
    found = findings_of(study)
    decided = [Decided(each.key, each, None) for each in found] if undecided else decided_findings(study, found)
    kept = [each for each in decided if not each.gone]
    if decided and not kept:
        return None
    words = []
    for each in kept[:NAMED]:
        kind = finding_type(str(each.value("type") or ""))
        place = place_words(str(each.value("location") or ""))
        words.append(", ".join(part for part in (kind, place) if part))
    return Critical(tier, "; ".join(words)[:300] or _("AI result without a located finding"), limit.minutes)


def untold(study: Study) -> Critical | None:
    """The AI's critical result for which no task was ever opened: neither told, nor waiting, nor not confirmed."""
    return None if CommunicationTask.objects.filter(study=study).exists() else critical_of(study)


def untold_to(study: Study, user: User) -> Critical | None:
    """The same for somebody who is not to know yet what others made of the study: only their own tasks count."""
    own = CommunicationTask.objects.filter(study=study, opened_by=user)
    return None if own.exists() else critical_of(study, undecided=True)


def communications_of(study: Study) -> list[CommunicationTask]:
    """Every task of the study with its steps, the open ones first."""
    tasks = CommunicationTask.objects.filter(study=study).select_related("opened_by").prefetch_related("steps__by")
    return sorted(tasks, key=lambda task: (task.status not in OPEN, task.due_at))


def communication_for(user: User, task_id: int) -> CommunicationTask:
    """The door to a task: Http404 out of sight, PermissionDenied without the right."""
    tasks = CommunicationTask.objects.filter(pk=task_id, study__in=visible_studies(user))
    task = tasks.select_related("study__site", "study__patient", "site").first()
    if task is None:
        raise Http404(_("There is no such task."))
    if not can(user, Action.COMMUNICATE, task.site):
        raise PermissionDenied(_("Your role does not allow this."))
    return task


def open_communications(user: User) -> QuerySet[CommunicationTask]:
    """The open tasks of the sites where the user communicates, by their due times."""
    tasks = CommunicationTask.objects.filter(site__in=sites_where(user, Action.COMMUNICATE), status__in=OPEN)
    return tasks.select_related("study__patient", "site", "opened_by").order_by("due_at", "id")


def late(now: datetime) -> Q:
    """Which open tasks are late at `now`."""
    return Q(due_at__lt=now)


def late_communications(user: User) -> int:
    return open_communications(user).filter(late(timezone.now())).count()
