"""Critical results: opening a task with its clock, every step of telling, and what happens when it is late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.models import CommunicationLimit, CommunicationStep, CommunicationTask, Means, Report, StepKind
from reports.rules.communication import LONGEST, TIERS, closes_the_loop, next_escalation
from reports.selectors.communication import OPEN, limit_for, untold
from reports.selectors.report import HELD_BACK
from reports.services.sending import queue_alert
from reports.states import COMMUNICATION_TABLE
from screening.dicom.elements import clean
from screening.models import Study
from screening.programmes import PROGRAMMES
from screening.selectors.holding import is_held_back
from screening.states import InvalidTransition, LostRace, advance

EARLIEST = timedelta(days=7)
# The same record by the same person within this time is one press too many, not another event.
PRESSED_AGAIN = timedelta(minutes=2)
log = structlog.get_logger(__name__)


class CommunicationError(ValueError):
    """What was sent is no record of a communication; `str(error)` says why. Answered with 400."""


class CommunicationConflict(Exception):
    """The task has moved on; `str(error)` says how. Answered with 409."""


def open_task(
    *, study: Study, actor: User, tier: str, finding: str, request: HttpRequest | None = None
) -> CommunicationTask:
    """A reader has found something that somebody must be told of: the clock starts.

    tier: critical, urgent or soon; its limit is the site's for the programme. Recorded already in these words, by
    anybody while it is open or by `actor` just now, it stays one task. Raises `CommunicationError`, PermissionDenied.
    """
    _may(actor, study.site)
    words = clean(finding, 300)
    if not words:
        raise CommunicationError(_("Say what was found."))
    if tier not in TIERS:
        raise CommunicationError(_("Say how soon it must be told."))
    limit = limit_for(study.site, study.programme, tier)
    if limit.minutes is None:
        raise CommunicationError(_("This site has no time limit for that."))
    with transaction.atomic():
        # Takes the row's lock, so that of two presses at once the second finds what the first has made.
        Study.objects.select_for_update().get(pk=study.pk)
        same = CommunicationTask.objects.filter(study=study, tier=tier, finding=words)
        just_now = Q(opened_by=actor, opened_at__gt=timezone.now() - PRESSED_AGAIN)
        if (there := same.filter(Q(status__in=OPEN) | just_now).order_by("id").last()) is not None:
            return there
        report = Report.objects.filter(study=study).first()
        return _open(study, report, actor, tier, words, limit.minutes, limit.escalate_to, False, request)


def open_by_signature(*, report: Report, signer: User, request: HttpRequest | None = None) -> CommunicationTask | None:
    """Called inside the signing transaction: a signed study whose critical AI result nobody has dealt with opens its
    task now. Returns it, None where there is nothing to tell or a task is there already."""
    critical = untold(report.study)
    if critical is None:
        return None
    limit = limit_for(report.study.site, report.study.programme, critical.tier)
    return _open(
        report.study,
        report,
        signer,
        critical.tier,
        critical.finding,
        critical.minutes,
        limit.escalate_to,
        True,
        request,
    )


def _open(
    study: Study,
    report: Report | None,
    actor: User,
    tier: str,
    finding: str,
    minutes: int,
    escalate_to: str,
    by_signature: bool,
    request: HttpRequest | None,
) -> CommunicationTask:
    now = timezone.now()
    due = now + timedelta(minutes=minutes)
    task = CommunicationTask.objects.create(
        site=study.site,
        study=study,
        report=report,
        tier=tier,
        finding=finding,
        by_signature=by_signature,
        opened_by=actor,
        opened_at=now,
        limit_minutes=minutes,
        due_at=due,
        escalate_to=escalate_to,
        next_escalation_at=next_escalation(due, minutes, 0),
    )
    detail = {"study": study.study_uid, "tier": tier, "minutes": minutes, "by_signature": by_signature}
    _record(Verb.COMMUNICATION_OPENED, task, actor, request, detail)
    return task


def tell(
    *,
    task: CommunicationTask,
    actor: User,
    whom: str,
    means: str,
    read_back_by: str = "",
    note: str = "",
    at: datetime | None = None,
    once: bool = False,
    request: HttpRequest | None = None,
) -> CommunicationStep:
    """Record that `whom` (name and role) was told. Told by voice and read back, the loop is closed; else the task
    waits for its receiver. Before: open. once: the same by the same person just now is not recorded again.

    Raises `CommunicationError`, `CommunicationConflict`, PermissionDenied.
    """
    _may(actor, task.site)
    receiver, said_back = clean(whom, 150), clean(read_back_by, 150)
    if not receiver:
        raise CommunicationError(_("Say who was told."))
    if means not in Means.values:
        raise CommunicationError(_("Say how they were told."))
    event = "tell_and_close" if closes_the_loop(means, said_back) else "tell"
    step = CommunicationStep(
        kind=StepKind.TOLD, whom=receiver, means=means, read_back_by=said_back, note=clean(note, 300)
    )
    last = _just_told(task, actor, step) if once else None
    return last or _step(task, actor, event, step, at, request)


def _just_told(task: CommunicationTask, actor: User, step: CommunicationStep) -> CommunicationStep | None:
    last = task.steps.order_by("id").last()
    if last is None or last.by_id != actor.pk or last.recorded_at <= timezone.now() - PRESSED_AGAIN:
        return None
    words = ("kind", "whom", "means", "read_back_by", "note")
    return last if all(getattr(last, name) == getattr(step, name) for name in words) else None


def acknowledge(
    *,
    task: CommunicationTask,
    actor: User,
    whom: str,
    note: str = "",
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> CommunicationStep:
    """Record that the receiver has confirmed. Before: told. After: the loop is closed."""
    _may(actor, task.site)
    receiver = clean(whom, 150)
    if not receiver:
        raise CommunicationError(_("Say who has acknowledged it."))
    step = CommunicationStep(kind=StepKind.ACKNOWLEDGED, whom=receiver, note=clean(note, 300))
    return _step(task, actor, "acknowledge", step, at, request)


def not_confirm(
    *, task: CommunicationTask, actor: User, note: str, request: HttpRequest | None = None
) -> CommunicationStep:
    """A reader says, with a reason, that there is nothing to tell. Before: nobody was told."""
    _may(actor, task.site)
    if not can(actor, Action.SIGN_REPORT, task.site):
        raise PermissionDenied(_("Only a reader can say that a finding is not confirmed."))
    reason = clean(note, 300)
    if not reason:
        raise CommunicationError(_("Give the reason: it stays with the task."))
    return _step(
        task, actor, "not_confirmed", CommunicationStep(kind=StepKind.NOT_CONFIRMED, note=reason), None, request
    )


def dismiss(*, study: Study, actor: User, note: str, request: HttpRequest | None = None) -> CommunicationStep:
    """Before signing: a reader does not confirm the AI's critical result. The task is kept, closed with the reason."""
    if is_held_back(actor, study):
        raise PermissionDenied(HELD_BACK)
    with transaction.atomic():
        # Takes the row's lock, so that of two who press at once the second sees what the first did.
        Study.objects.select_for_update().get(pk=study.pk)
        critical = untold(study)
        if critical is None:
            raise CommunicationConflict(_("Somebody has dealt with this result since you opened it."))
        task = open_task(study=study, actor=actor, tier=critical.tier, finding=critical.finding, request=request)
        return not_confirm(task=task, actor=actor, note=note, request=request)


def _may(actor: User, site: Site) -> None:
    if not can(actor, Action.COMMUNICATE, site):
        raise PermissionDenied(_("Your role does not allow this."))


def _step(
    task: CommunicationTask,
    actor: User | None,
    event: str,
    step: CommunicationStep,
    at: datetime | None,
    request: HttpRequest | None,
) -> CommunicationStep:
    now = timezone.now()
    when = at or now
    if not now - EARLIEST <= when <= now + timedelta(minutes=1):
        raise CommunicationError(_("The time lies in the future, or long ago."))
    closed = COMMUNICATION_TABLE.get((task.status, event)) not in OPEN
    try:
        with transaction.atomic():
            also = {"closed_at": now, "next_escalation_at": None} if closed else {}
            advance(task, COMMUNICATION_TABLE, event, **also)
            step.task, step.by, step.at, step.recorded_at = task, actor, when, now
            step.save()
            detail = {"study": task.study.study_uid, "step": step.kind, "status": task.status, "means": step.means}
            _record(Verb.COMMUNICATION_RECORDED, task, actor, request, detail)
    except (LostRace, InvalidTransition):
        raise CommunicationConflict(_("Somebody has dealt with this result since you opened it.")) from None
    return step


def sweep_late() -> int:
    """Escalate every open task whose time has come; run by beat. Returns how many."""
    now = timezone.now()
    tasks = CommunicationTask.objects.filter(status__in=OPEN, next_escalation_at__lte=now).select_related(
        "study", "site"
    )
    return sum(_escalate(task, now) for task in tasks)


def _escalate(task: CommunicationTask, now: datetime) -> bool:
    """One escalation; False when somebody has dealt with the task meanwhile."""
    done = task.escalations + 1
    following = next_escalation(task.due_at, task.limit_minutes, done)
    if following is not None and following <= now:
        # The sweeper was away: what it missed is not made up for in one burst.
        following = now + timedelta(minutes=task.limit_minutes)
    seen = task.next_escalation_at
    with transaction.atomic():
        claimed = CommunicationTask.objects.filter(pk=task.pk, status__in=OPEN, next_escalation_at=seen)
        if claimed.update(escalations=done, next_escalation_at=following) != 1:
            return False
        CommunicationStep.objects.create(
            task=task, kind=StepKind.ESCALATED, whom=task.escalate_to, at=now, recorded_at=now
        )
        detail = {"study": task.study.study_uid, "tier": task.tier, "time": done}
        _record(Verb.COMMUNICATION_ESCALATED, task, None, None, detail)
        queue_alert(task, done)
    log.warning("communication_late", task=task.pk, site=task.site.slug, tier=task.tier, escalations=done)
    return True


def set_limit(
    *,
    site: Site,
    programme: str,
    tier: str,
    minutes: int | None,
    escalate_to: str,
    actor: User,
    request: HttpRequest | None = None,
) -> None:
    """The site's own limit for the programme's tier, from now on; None: no task. Clocks that run keep theirs.

    Raises `CommunicationError`, PermissionDenied.
    """
    if not can(actor, Action.MANAGE_RULES, site):
        raise PermissionDenied(_("Your role does not allow this."))
    if programme not in PROGRAMMES or tier not in TIERS:
        raise CommunicationError(_("There is no such limit."))
    if minutes is not None and not 1 <= minutes <= LONGEST:
        raise CommunicationError(_("A limit is between one minute and thirty days."))
    before = limit_for(site, programme, tier)
    contact = clean(escalate_to, 120)
    if (before.minutes, before.escalate_to) == (minutes, contact):
        return
    with transaction.atomic():
        CommunicationLimit.objects.update_or_create(
            site=site, programme=programme, tier=tier, defaults={"minutes": minutes, "escalate_to": contact}
        )
        audit.record(
            Verb.TIME_LIMITS_SET,
            actor=actor,
            site=site,
            object_type="programme",
            object_id=programme,
            detail={"tier": tier, "before": before.minutes, "after": minutes},
            request=request,
        )


def _record(
    verb: Verb,
    task: CommunicationTask,
    actor: User | None,
    request: HttpRequest | None,
    detail: Mapping[str, object],
) -> None:
    audit.record(
        verb,
        actor=actor,
        site=task.site,
        object_type="communication",
        object_id=task.pk,
        detail=detail,
        request=request,
    )
