"""Tasks beside the report: opinions, critical results, follow-up; in the room's panel and on their own page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.models import CommunicationTask
from reports.selectors.communication import communication_for
from reports.selectors.follow_up import follow_up_for
from reports.selectors.tasks import listed_tasks, panel_of
from reports.services import communication, double_reading, follow_up
from reports.services.drafting import ensure_report
from reports.views.reading_room import signed_in
from screening.models import Study
from screening.selectors import study_for

UNUSABLE = (communication.CommunicationError, double_reading.OpinionError, follow_up.FollowUpError)
MOVED_ON = (communication.CommunicationConflict, double_reading.OpinionConflict, follow_up.FollowUpConflict)


@require_GET
@login_required
@never_cache
def panel(request: HttpRequest, study_uid: str) -> HttpResponse:
    """The room's panel alone, as it stands now."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.VIEW_REPORT, request.GET.get("site"))
    return render(request, "reports/_tasks.html", {"tasks": panel_of(study, user)})


@require_GET
@login_required
@never_cache
def tasks(request: HttpRequest) -> HttpResponse:
    """Everything open at the user's sites, what is late first."""
    user = signed_in(request)
    if not can(user, Action.COMMUNICATE):
        raise PermissionDenied(_("Your role does not allow this."))
    audit.record(Verb.TASKS_VIEWED, actor=user, object_type="tasks", request=request)
    return render(request, "reports/tasks.html", listed_tasks(user))


@require_POST
@login_required
def open_communication(request: HttpRequest, study_uid: str) -> HttpResponse:
    """POST `tier`, `finding`; with `whom` it is told at once (`means`, `read_back_by`, `note`, `at`). Twice is once."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.COMMUNICATE, request.GET.get("site"))

    def act() -> None:
        with transaction.atomic():
            task = communication.open_task(
                study=study,
                actor=user,
                tier=_field(request, "tier"),
                finding=_field(request, "finding"),
                request=request,
            )
            if _field(request, "whom").strip():
                _tell(request, task, user, once=True)

    return _answer(request, study, act)


@require_POST
@login_required
def dismiss_communication(request: HttpRequest, study_uid: str) -> HttpResponse:
    """POST `note`: the AI's critical result is not confirmed, and why."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.COMMUNICATE, request.GET.get("site"))
    note = _field(request, "note")
    return _answer(request, study, lambda: communication.dismiss(study=study, actor=user, note=note, request=request))


@require_POST
@login_required
def step_communication(request: HttpRequest, task_id: int, act: str) -> HttpResponse:
    """`act`: tell, acknowledge or not-confirmed; POST `whom`, `means`, `read_back_by`, `note`, `at`."""
    user = signed_in(request)
    task = communication_for(user, task_id)
    acts: dict[str, Callable[[], object]] = {
        "tell": lambda: _tell(request, task, user),
        "acknowledge": lambda: communication.acknowledge(
            task=task,
            actor=user,
            whom=_field(request, "whom"),
            note=_field(request, "note"),
            at=_time(request),
            request=request,
        ),
        "not-confirmed": lambda: communication.not_confirm(
            task=task, actor=user, note=_field(request, "note"), request=request
        ),
    }
    if act not in acts:
        raise Http404(_("There is no such act."))
    return _answer(request, task.study, acts[act])


@require_POST
@login_required
def recommend(request: HttpRequest, study_uid: str) -> HttpResponse:
    """POST `kind`, `what`, `number`, `unit`, `owner`; or `remove` to recommend nothing."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.EDIT_REPORT, request.GET.get("site"))

    def act() -> None:
        report = ensure_report(study=study)
        if request.POST.get("remove"):
            follow_up.take_back(report=report, actor=user, request=request)
            return
        number = _field(request, "number")
        follow_up.recommend(
            report=report,
            actor=user,
            kind=_field(request, "kind"),
            what=_field(request, "what"),
            number=int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0,
            unit=_field(request, "unit"),
            owner=_field(request, "owner"),
            request=request,
        )

    return _answer(request, study, act)


@require_POST
@login_required
def close_follow_up(request: HttpRequest, follow_up_id: int) -> HttpResponse:
    """POST `reason`, `note`."""
    user = signed_in(request)
    row = follow_up_for(user, follow_up_id)
    reason, note = _field(request, "reason"), _field(request, "note")
    return _answer(
        request,
        row.study,
        lambda: follow_up.close_by_hand(follow_up=row, actor=user, reason=reason, note=note, request=request),
    )


@require_POST
@login_required
def give_opinion(request: HttpRequest, study_uid: str) -> HttpResponse:
    """POST `verdict` (normal or recall) and `note`."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.EDIT_REPORT, request.GET.get("site"))
    verdict, note = _field(request, "verdict"), _field(request, "note")
    return _answer(
        request,
        study,
        lambda: double_reading.give_opinion(study=study, reader=user, verdict=verdict, note=note, request=request),
    )


def _answer(request: HttpRequest, study: Study, act: Callable[[], object]) -> HttpResponse:
    """Do it, and show where it was asked: the room's panel, or the page of tasks."""
    status, problem = 200, ""
    try:
        act()
    except UNUSABLE as error:
        status, problem = 400, str(error)
    except MOVED_ON as error:
        status, problem = 409, str(error)
    if request.POST.get("page") == "tasks":
        if problem:
            messages.error(request, problem)
        return redirect("tasks")
    study = Study.objects.select_related("site", "patient", "report").get(pk=study.pk)
    shown = {"tasks": panel_of(study, signed_in(request)), "problem": problem}
    return render(request, "reports/_tasks.html", shown, status=status)


def _field(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, ""))[:1000]


def _tell(request: HttpRequest, task: CommunicationTask, user: User, *, once: bool = False) -> None:
    communication.tell(
        task=task,
        actor=user,
        whom=_field(request, "whom"),
        means=_field(request, "means"),
        read_back_by=_field(request, "read_back_by"),
        note=_field(request, "note"),
        at=_time(request),
        once=once,
        request=request,
    )


def _time(request: HttpRequest) -> datetime | None:
    """The time a person typed, in the server's zone; None for now."""
    text = _field(request, "at")
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise communication.CommunicationError(_("This is not a time."))
    return at if timezone.is_aware(at) else timezone.make_aware(at)
