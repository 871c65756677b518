"""Starting and ending a reading session, and a person's saved filters."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from screening.selectors.filters import Filters
from screening.services import saved_filters
from screening.services.sessions import USUAL, end_session, start_session
from screening.views.worklist import UNDO, claimant, viewer


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Fields programme, wanted: to the session's list; to the queue when nothing is free."""
    user = claimant(request)
    wanted = request.POST.get("wanted", "")
    session = start_session(
        reader=user,
        programme=request.POST.get("programme", ""),
        wanted=int(wanted) if wanted.isdecimal() and len(wanted) < 6 else USUAL,
        request=request,
    )
    return HttpResponseRedirect(reverse("worklist") + ("?view=session" if session else "?nothing=1"))


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """The batch is final: what was done in it is no longer offered to be undone."""
    user = claimant(request)
    end_session(reader=user, request=request)
    request.session.pop(UNDO, None)
    return HttpResponseRedirect(reverse("worklist"))


@login_required
@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    """Field name, and the fields of `Filters`: to the list narrowed so; 400 without a name or with too many."""
    user = viewer(request)
    filters = Filters.of(request.POST.dict())
    try:
        saved_filters.save_filter(user=user, name=request.POST.get("name", ""), values=filters.kept())
    except saved_filters.CannotSave as error:
        return render(request, "screening/not_done.html", {"sentence": str(error)}, status=400)
    return HttpResponseRedirect(reverse("worklist") + filters.query())


@login_required
@require_POST
def remove_filter(request: HttpRequest) -> HttpResponse:
    """Field filter: the id of one of one's own; 404 for any other."""
    user = viewer(request)
    chosen = request.POST.get("filter", "")
    if not chosen.isdecimal() or len(chosen) > 18 or not saved_filters.remove_filter(user=user, pk=int(chosen)):
        raise Http404(_("There is no such filter."))
    return HttpResponseRedirect(reverse("worklist"))
