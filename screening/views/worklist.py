"""The worklist page, its live rows, and taking or giving back a study."""

from __future__ import annotations

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
from screening.models import Tier
from screening.programmes import PROGRAMMES
from screening.selectors import study_for
from screening.selectors.registry import sites_for_show
from screening.selectors.worklist import STATE_FILTERS, Filters, filter_sites, next_free, worklist_page
from screening.services import reading
from screening.states import InvalidTransition, LostRace


def _viewer(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not can(user, Action.VIEW_WORKLIST):
        raise PermissionDenied(_("Your role has no worklist."))
    return user


def _context(user: User, filters: Filters) -> dict[str, object]:
    page = worklist_page(user, filters)
    tabs = [
        ("", _("All"), page.counts[""]),
        *((name, programme.label, page.counts[name]) for name, programme in PROGRAMMES.items()),
        ("none", _("Other"), page.counts["none"]),
    ]
    return {
        "page": page,
        "filters": filters,
        "tabs": tabs,
        "tiers": Tier.choices,
        "states": STATE_FILTERS.items(),
        "sites": filter_sites(user),
        "may_claim": can(user, Action.CLAIM_STUDY),
        "nothing_next": False,
        "for_show": sites_for_show(user),
    }


@login_required
@require_GET
@never_cache
def worklist(request: HttpRequest) -> HttpResponse:
    """The whole page. Looking at a patient list is audited; its live refresh is not, again and again."""
    user = _viewer(request)
    context = _context(user, Filters.of(request.GET.dict()))
    context["nothing_next"] = request.GET.get("nothing") == "1"
    audit.record(Verb.WORKLIST_VIEWED, actor=user, request=request, detail={"rows": context["page"].total})  # type: ignore[attr-defined]
    return render(request, "screening/worklist.html", context)


@login_required
@require_GET
@never_cache
def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone, for the live refresh."""
    user = _viewer(request)
    return render(request, "screening/_worklist_rows.html", _context(user, Filters.of(request.GET.dict())))


@login_required
@require_POST
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Rows by name, ID or accession: by POST, so that no patient's name is in an address or a log."""
    user = _viewer(request)
    filters = Filters.of(request.POST.dict())
    context = _context(user, filters)
    if filters.text and request.POST.get("refresh") != "1":
        audit.record(Verb.PATIENTS_SEARCHED, actor=user, request=request, detail={"rows": context["page"].total})  # type: ignore[attr-defined]
    return render(request, "screening/_worklist_rows.html", context)


@login_required
@require_POST
def read_next(request: HttpRequest) -> HttpResponse:
    """Claim the first free study of the queue and go to it. Losing a race means trying the next."""
    user = _viewer(request)
    if not can(user, Action.CLAIM_STUDY):
        raise PermissionDenied(_("Your role does not read studies."))
    passed: list[int] = []
    while (study := next_free(user, after=passed)) is not None:
        try:
            reading.claim_study(study=study, reader=user, request=request)
        except (LostRace, InvalidTransition):
            passed.append(study.pk)
            continue
        return _to_study(study.study_uid, study.site.slug)
    return HttpResponseRedirect(reverse("worklist") + "?nothing=1")


@login_required
@require_POST
def claim(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Take one study. The loser of a race is told who is reading, and can still look."""
    user = _viewer(request)
    study = study_for(user, study_uid, Action.CLAIM_STUDY, _site(request))
    try:
        reading.claim_study(study=study, reader=user, request=request)
    except LostRace:
        return render(request, "screening/claimed.html", {"study": study}, status=409)
    except InvalidTransition:
        return _to_study(study_uid, study.site.slug)  # reported meanwhile: the page shows the signed report
    return _to_study(study_uid, study.site.slug)


@login_required
@require_POST
def release(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Give a study back to the list."""
    user = _viewer(request)
    study = study_for(user, study_uid, Action.CLAIM_STUDY, _site(request))
    try:
        reading.release_study(study=study, reader=user, request=request)
    except (LostRace, InvalidTransition):
        return render(request, "screening/claimed.html", {"study": study}, status=409)
    return redirect("worklist")


def _site(request: HttpRequest) -> str | None:
    """The site a study of this address belongs to, when the form or the address says so."""
    return request.POST.get("site") or request.GET.get("site")


def _to_study(study_uid: str, site: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('reading-room', args=[study_uid])}?site={site}")
