"""What a reader does on the images: measuring, deciding about findings, committing a first opinion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action
from reports.answers import Answer, refused
from reports.findings_answers import decide_answer, measure_answer, opinion_answer
from reports.selectors.measuring import measurements_json, opinions_come_first
from reports.views.reading_room import json_body, signed_in
from screening.models import Study
from screening.selectors import study_for


@require_GET
@login_required
@never_cache
def measurements(request: HttpRequest, study_uid: str) -> HttpResponse:
    """The measurements of a study, for anybody who may see its report."""
    user = signed_in(request)
    study = study_for(user, study_uid, Action.VIEW_REPORT, request.GET.get("site"))
    return JsonResponse({"measurements": measurements_json(study, user)})


@require_POST
@login_required
def measure(request: HttpRequest, study_uid: str) -> HttpResponse:
    return _answered(_unless_blind(measure_answer), request, study_uid)


@require_POST
@login_required
def decide(request: HttpRequest, study_uid: str) -> HttpResponse:
    return _answered(_unless_blind(decide_answer), request, study_uid)


@require_POST
@login_required
def opinion(request: HttpRequest, study_uid: str) -> HttpResponse:
    return _answered(opinion_answer, request, study_uid)


def _unless_blind(act: Callable[..., Answer]) -> Callable[..., Answer]:
    """What is measured and decided would tell the next reader: it waits until the opinions are in."""

    def answer(*, study: Study, user: User, **asked: Any) -> Answer:
        if opinions_come_first(study, user):
            return refused(409, _("Give your opinion first: measures and decisions are kept once the opinions are in."))
        return act(study=study, user=user, **asked)

    return answer


def _answered(act: Callable[..., Answer], request: HttpRequest, study_uid: str) -> HttpResponse:
    user = signed_in(request)
    try:
        study = study_for(user, study_uid, Action.EDIT_REPORT, request.GET.get("site"))
        answer = act(user=user, study=study, body=json_body(request), request=request)
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)
