"""What may follow a signature: addenda, amendments, co-signatures; and images that came after it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from reports.answers import Answer, addendum_answer, amend_answer, cosign_answer, late_images_answer
from reports.views.reading_room import json_body, signed_in


@sensitive_variables()
@require_POST
@login_required
def add(request: HttpRequest, report_id: int) -> HttpResponse:
    return _answered(addendum_answer, request, report_id)


@sensitive_variables()
@require_POST
@login_required
def amend(request: HttpRequest, report_id: int) -> HttpResponse:
    return _answered(amend_answer, request, report_id)


@sensitive_variables()
@require_POST
@login_required
def cosign(request: HttpRequest, report_id: int) -> HttpResponse:
    return _answered(cosign_answer, request, report_id)


@require_POST
@login_required
def late_images_seen(request: HttpRequest, report_id: int) -> HttpResponse:
    return _answered(late_images_answer, request, report_id)


@sensitive_variables()
def _answered(act: Callable[..., Answer], request: HttpRequest, report_id: int) -> HttpResponse:
    try:
        answer = act(user=signed_in(request), report_id=report_id, body=json_body(request), request=request)
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)
