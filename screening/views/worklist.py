"""The worklist page, its live rows, and taking or giving back a study."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import SavedFilter, Tier
from screening.programmes import PROGRAMMES
from screening.selectors import study_for
from screening.selectors.handovers import undo_offered
from screening.selectors.registry import sites_for_show
from screening.selectors.sessions import open_session
from screening.selectors.standing import urgent_json
from screening.selectors.worklist import STATE_FILTERS, VIEWS, Filters, Page, filter_sites, next_free, worklist_page
from screening.services import reading
from screening.states import InvalidTransition, LostRace

UNDO = "undo"
# "Questions" and what is set aside concern technologists, too.
VIEWS_OF_WHO_CLAIMS = ("mine", "second", "signed", "session")


def viewer(request: HttpRequest) -> User:
    """The user of a view behind `login_required`. Raises PermissionDenied for who has no worklist."""
    user = request.user
    if not isinstance(user, User) or not can(user, Action.VIEW_WORKLIST):
        raise PermissionDenied(_("Your role has no worklist."))
    return user


def claimant(request: HttpRequest) -> User:
    """The same of who reads studies somewhere."""
    user = viewer(request)
    if not can(user, Action.CLAIM_STUDY):
        raise PermissionDenied(_("Your role does not read studies."))
    return user


def site_asked(request: HttpRequest) -> str | None:
    """The site a study of this address belongs to, when the form or the address says so."""
    return request.POST.get("site") or request.GET.get("site")


def to_study(study_uid: str, site: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('reading-room', args=[study_uid])}?site={site}")


def _rows_context(user: User, filters: Filters) -> dict[str, Any]:
    page = worklist_page(user, filters)
    tabs = [
        ("", _("All"), page.counts[""]),
        *((name, programme.label, page.counts[name]) for name, programme in PROGRAMMES.items()),
        ("none", _("Other"), page.counts["none"]),
    ]
    may_claim = can(user, Action.CLAIM_STUDY)
    return {
        "page": page,
        "filters": filters,
        "tabs": tabs,
        "views": _views(page, may_claim),
        "tiers": [(tier.value, tier.label, page.tiers.get(tier, 0)) for tier in Tier],
        "urgent": urgent_json(page.session.urgent, user) if page.session and page.session.urgent else None,
        "sitting": _programme_words(page.session.session.programme) if page.session else "",
        "may_claim": may_claim,
        "may_upload": can(user, Action.UPLOAD),
    }


def _programme_words(name: str) -> str:
    """A session's programme in words; empty for all."""
    if name in PROGRAMMES:
        return str(PROGRAMMES[name].label)
    return _("Other") if name else ""


def _views(page: Page, may_claim: bool) -> list[tuple[str, Any, int]]:
    """(name, label, count) of the views this person has; the session's only while there is one."""
    hidden = {"session"} if page.session is None else set()
    if not may_claim:
        hidden |= set(VIEWS_OF_WHO_CLAIMS)
    return [(name, label, page.views[name]) for name, label in VIEWS.items() if name not in hidden]


@login_required
@require_GET
@never_cache
def worklist(request: HttpRequest) -> HttpResponse:
    """The whole page. Looking at a patient list is audited; its live refresh is not, again and again."""
    user = viewer(request)
    context = _rows_context(user, Filters.of(request.GET.dict())) | {
        "states": STATE_FILTERS.items(),
        "sites": filter_sites(user),
        "for_show": sites_for_show(user),
        "nothing_next": request.GET.get("nothing") == "1",
        "saved": SavedFilter.objects.filter(user=user),
        "undo": undo_offered(user, request.session.get(UNDO)),
    }
    audit.record(Verb.WORKLIST_VIEWED, actor=user, request=request, detail={"rows": context["page"].total})
    return render(request, "screening/worklist.html", context)


@login_required
@require_GET
@never_cache
def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone, for the live refresh."""
    user = viewer(request)
    return render(request, "screening/_worklist_rows.html", _rows_context(user, Filters.of(request.GET.dict())))


@login_required
@require_POST
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Rows by name, ID or accession: by POST, so that no patient's name is in an address or a log."""
    user = viewer(request)
    filters = Filters.of(request.POST.dict())
    context = _rows_context(user, filters)
    if filters.text and request.POST.get("refresh") != "1":
        audit.record(Verb.PATIENTS_SEARCHED, actor=user, request=request, detail={"rows": context["page"].total})
    return render(request, "screening/_worklist_rows.html", context)


@login_required
@require_POST
def read_next(request: HttpRequest) -> HttpResponse:
    """Claim the next study of the session, or the first free one of the queue, and go to it.

    Losing a race means trying the next. At the end of a session the list says so.
    """
    user = claimant(request)
    passed: list[int] = []
    while (study := next_free(user, after=passed)) is not None:
        try:
            reading.claim_study(study=study, reader=user, request=request)
        except (LostRace, InvalidTransition):
            passed.append(study.pk)
            continue
        return to_study(study.study_uid, study.site.slug)
    end = "?view=session" if open_session(user) is not None else "?nothing=1"
    return HttpResponseRedirect(reverse("worklist") + end)


@login_required
@require_POST
def claim(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Take one study. The loser of a race is told who is reading, and can still look."""
    user = viewer(request)
    study = study_for(user, study_uid, Action.CLAIM_STUDY, site_asked(request))
    try:
        reading.claim_study(study=study, reader=user, request=request)
    except LostRace:
        return render(request, "screening/claimed.html", {"study": study}, status=409)
    except InvalidTransition:
        return to_study(study_uid, study.site.slug)  # reported meanwhile: the page shows the signed report
    return to_study(study_uid, study.site.slug)


@login_required
@require_POST
def release(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Give a study back to the list."""
    user = viewer(request)
    study = study_for(user, study_uid, Action.CLAIM_STUDY, site_asked(request))
    try:
        reading.release_study(study=study, reader=user, request=request)
    except (LostRace, InvalidTransition):
        return render(request, "screening/claimed.html", {"study": study}, status=409)
    return redirect("worklist")
