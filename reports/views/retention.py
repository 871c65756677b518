"""The administrator's page of retention: how long a site keeps a programme's studies, and what a rule would let go."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Site, User
from accounts.roles import Action, can
from accounts.services import password_is_right
from reports.selectors.retention import GRACE, Preview, Years, begins_at, preview, rules_of
from reports.services.retention import RetentionConflict, RetentionError, set_retention
from reports.views.reading_room import signed_in
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where
from screening.selectors.meant import site_meant

NONE = "none"


@require_GET
@login_required
@never_cache
def retention(request: HttpRequest) -> HttpResponse:
    """`?site=&programme=`; with `study_years` and `report_years` also what would go by them now."""
    administrator = _administrator(request)
    site, programme = _place(administrator, request.GET)
    if not (request.GET.get("study_years") or request.GET.get("report_years")):
        return _page(request, administrator, site, programme)
    try:
        years = _years(request.GET)
    except RetentionError as error:
        return _page(request, administrator, site, programme, problem=str(error), status=400)
    return _page(request, administrator, site, programme, years=years)


@sensitive_variables()
@require_POST
@login_required
def retention_set(request: HttpRequest) -> HttpResponse:
    """POST site, programme, study_years and report_years (or `keep`), previewed, after, reason, password."""
    administrator = _administrator(request)
    site, programme = _place(administrator, request.POST, changes=True)
    years = None
    try:
        years = None if request.POST.get("keep") == "1" else _years(request.POST)
        if not password_is_right(administrator, request.POST.get("password", "")):
            raise RetentionError(_("The password is not right."))
        row = set_retention(
            site=site,
            programme=programme,
            years=years,
            reason=request.POST.get("reason", ""),
            actor=administrator,
            after=_whole(request.POST.get("after", "0")),
            previewed=_whole(request.POST.get("previewed", "0")),
            request=request,
        )
    except RetentionError as error:
        return _page(request, administrator, site, programme, years=years, problem=str(error), status=400)
    except RetentionConflict as error:
        return _page(request, administrator, site, programme, years=years, problem=str(error), status=409)
    messages.success(request, _("Version %(n)d is in force.") % {"n": row.version})
    return redirect(f"{reverse('retention')}?site={site.slug}&programme={programme or NONE}")


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.ERASE_CONTENT):
        raise PermissionDenied(_("Your role does not allow this."))
    return user


def _place(administrator: User, asked: Any, *, changes: bool = False) -> tuple[Site, str]:
    """What was asked for, among the sites at which the person may erase. Raises Http404, and BadRequest for a change that
    does not say where it is to go."""
    site = site_meant(administrator, Action.ERASE_CONTENT, asked.get("site"), changes=changes)
    name = asked.get("programme") or ""
    if changes and not name:
        raise BadRequest(_("Say which programme this is for."))
    name = name or next(iter(PROGRAMMES))
    if name != NONE and name not in PROGRAMMES:
        raise Http404
    return site, "" if name == NONE else name


def _whole(text: str) -> int:
    """A whole number as typed. Raises `RetentionError`."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise RetentionError(_("Years are whole numbers from 1 to 99."))
    return int(text)


def _years(asked: Any) -> Years:
    years = Years(_whole(asked.get("study_years", "")), _whole(asked.get("report_years", "")))
    if not all(1 <= each <= 99 for each in (years.study, years.report)):
        raise RetentionError(_("Years are whole numbers from 1 to 99."))
    return years


def _page(
    request: HttpRequest,
    administrator: User,
    site: Site,
    programme: str,
    *,
    years: Years | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    versions = list(rules_of(site, programme))
    standing = versions[0] if versions else None
    found: Preview | None = preview(site, programme, years, timezone.now()) if years else None
    sites = list(sites_where(administrator, Action.ERASE_CONTENT).order_by("name"))
    names = [*((name, each.label) for name, each in PROGRAMMES.items()), (NONE, _("No programme"))]
    asked = request.POST or request.GET
    context = {
        "site": site,
        "programme": programme or NONE,
        "places": [(each, name, label) for each in sites for name, label in names],
        "many_sites": len(sites) > 1,
        "standing": standing,
        "begins_at": begins_at(standing) if standing and standing.erases else None,
        "resting": bool(standing and standing.erases and not can(standing.by, Action.ERASE_CONTENT, site)),
        "grace_hours": int(GRACE.total_seconds() // 3600),
        "study_years": asked.get("study_years") or (standing.study_years if standing else None),
        "report_years": asked.get("report_years") or (standing.report_years if standing else None),
        "years": years,
        "found": found,
        "after": standing.version if standing else 0,
        "reason": request.POST.get("reason", ""),
        "versions": versions,
        "problem": problem,
    }
    return render(request, "reports/retention.html", context, status=status)
