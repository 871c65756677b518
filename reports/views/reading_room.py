"""The reading room: one study's images beside its report."""

from __future__ import annotations

import json

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action
from reports.answers import save_answer
from reports.selectors import room, room_state
from reports.selectors.news import news_json
from reports.selectors.tasks import panel_of
from reports.services.opening import open_for_reading
from screening.selectors import study_for
from screening.selectors.emergency import glass_of

LARGEST_BODY = 4 * 1024 * 1024


def signed_in(request: HttpRequest) -> User:
    """The user of a view behind `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def json_body(request: HttpRequest) -> object:
    """The JSON value of the request, None for anything else; a body too large is not read."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return None
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None


@require_GET
@login_required
@never_cache
@ensure_csrf_cookie
def reading_room(request: HttpRequest, study_uid: str) -> HttpResponse:
    user = signed_in(request)
    study = study_for(user, study_uid, Action.VIEW_IMAGES, request.GET.get("site"))
    # The page's script asks for this page too, without showing the images that are new in it.
    if request.headers.get("Sec-Fetch-Dest", "document") == "document":
        open_for_reading(study=study, user=user)
    shown, glass = room(study, user, request), glass_of(user, study)
    audit.record(
        Verb.STUDY_OPENED,
        actor=user,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=({"report": shown["report"]["id"]} if shown["report"] else {}) | ({"access": glass.pk} if glass else {}),
        request=request,
    )
    told = {"room": shown, "study": study, "tasks": panel_of(study, user), "glass": glass}
    return render(request, "reports/reading_room.html", told)


@require_GET
@login_required
@never_cache
def state(request: HttpRequest, study_uid: str) -> HttpResponse:
    user = signed_in(request)
    study = study_for(user, study_uid, Action.VIEW_IMAGES, request.GET.get("site"))
    return JsonResponse(room_state(study, user))


@require_GET
@login_required
@never_cache
def news(request: HttpRequest, study_uid: str) -> HttpResponse:
    """What the page that is open takes in when its state says that there is something new; part of the same look."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.VIEW_IMAGES, request.GET.get("site"))
    return JsonResponse(news_json(study, user))


@require_POST
@login_required
def save(request: HttpRequest, report_id: int) -> HttpResponse:
    try:
        answer = save_answer(user=signed_in(request), report_id=report_id, body=json_body(request), request=request)
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)
