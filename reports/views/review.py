"""The review of a text that is still being written."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reports.review_answers import review_answer
from reports.views.reading_room import json_body, signed_in


@require_POST
@login_required
@never_cache
def review(request: HttpRequest, report_id: int) -> HttpResponse:
    """Nothing is kept: the text is looked at as it was sent, by whoever is writing it."""
    try:
        answer = review_answer(user=signed_in(request), report_id=report_id, body=json_body(request))
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)
