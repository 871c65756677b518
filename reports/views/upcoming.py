"""The next study's images, told to the page so that it can fetch them while the reader still reads."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.roles import Action, can
from reports.selectors.upcoming import upcoming
from reports.views.reading_room import signed_in


@require_GET
@login_required
@never_cache
def next_images(request: HttpRequest) -> HttpResponse:
    """`?after=` is the study that is open. Telling claims nothing and is no look: the images are audited when sent."""
    user = signed_in(request)
    if not can(user, Action.CLAIM_STUDY):
        raise PermissionDenied(_("Your role does not read studies."))
    return JsonResponse({"study": upcoming(user, after=request.GET.get("after", "")[:64])})
