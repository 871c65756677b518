"""The page of a person's own phrases. Everybody who is signed in may, and only for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reports.selectors.phrases import PLACES, phrases_of
from reports.services.phrases import PhraseError, keep_phrase, remove_phrase
from reports.views.reading_room import signed_in


@login_required
@require_http_methods(["GET", "POST"])
def phrases(request: HttpRequest) -> HttpResponse:
    """POST `name`, `text`: kept, also over what that name said before."""
    user = signed_in(request)
    typed, refusal = {"name": "", "text": ""}, ""
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            kept = keep_phrase(user=user, **typed, request=request)
        except PhraseError as error:
            refusal = str(error)
        else:
            messages.success(request, _("/%(name)s is kept.") % {"name": kept.name})
            return redirect("phrases")
    context = {"phrases": phrases_of(user), "typed": typed, "refusal": refusal, "places": PLACES}
    return render(request, "reports/phrases.html", context, status=400 if refusal else 200)


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    remove_phrase(user=signed_in(request), name=request.POST.get("name", ""), request=request)
    messages.success(request, _("Removed."))
    return redirect("phrases")
