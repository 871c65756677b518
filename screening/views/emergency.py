"""Seeing one study of another site in an emergency: by its exact number, with a reason; the auditors' list of it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action, can
from screening.selectors.emergency import accesses_of, watched_accesses
from screening.services.emergency import EmergencyError, TooManyTries, break_glass, end_access


@require_GET
@login_required
@never_cache
def emergency(request: HttpRequest) -> HttpResponse:
    person, breaks, watches = _allowed(request)
    return _page(request, person, breaks=breaks, watches=watches)


@require_POST
@login_required
@never_cache
def emergency_open(request: HttpRequest) -> HttpResponse:
    """POST number, reason. What is wrong with the number is said of none: 404 in the same sentence."""
    person, breaks, watches = _allowed(request)
    if not breaks:
        raise PermissionDenied(_("Your role does not allow this."))
    number, reason = request.POST.get("number", ""), request.POST.get("reason", "")
    try:
        glass = break_glass(user=person, number=number, reason=reason, request=request)
    except EmergencyError as error:
        return _page(request, person, breaks=breaks, watches=watches, problem=str(error), status=400)
    except Http404 as error:
        return _page(request, person, breaks=breaks, watches=watches, problem=str(error), status=404)
    except TooManyTries as error:
        return _page(request, person, breaks=breaks, watches=watches, problem=str(error), status=429)
    return redirect(f"{reverse('reading-room', args=(glass.study.study_uid,))}?site={glass.study.site.slug}")


@require_POST
@login_required
def emergency_end(request: HttpRequest) -> HttpResponse:
    """POST study: its StudyInstanceUID. Nothing happens where there is no access."""
    person, breaks, _watches = _allowed(request)
    if breaks:
        end_access(user=person, study_uid=request.POST.get("study", ""), request=request)
    return redirect("emergency")


def _allowed(request: HttpRequest) -> tuple[User, bool, bool]:
    """The person; may they open studies, and do they watch over who does?"""
    person = request.user
    if not isinstance(person, User):
        raise PermissionDenied
    breaks, watches = can(person, Action.BREAK_GLASS), can(person, Action.VIEW_AUDIT)
    if not breaks and not watches:
        raise PermissionDenied(_("Your role does not allow this."))
    return person, breaks, watches


def _page(
    request: HttpRequest, person: User, *, breaks: bool, watches: bool, problem: str = "", status: int = 200
) -> HttpResponse:
    shown = {
        "breaks": breaks,
        "problem": problem,
        "number": request.POST.get("number", "")[:64],
        "reason": request.POST.get("reason", "")[:300],
        "own": accesses_of(person) if breaks else [],
        "watched": watched_accesses(person) if watches else [],
        "watches": watches,
    }
    return render(request, "screening/emergency.html", shown, status=status)
