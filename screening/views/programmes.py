"""The administrator's page of programmes: windows, quiet time and holding back, for one site's one programme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import HoldBack, Site, User
from accounts.roles import Action, can
from screening.models import ProgrammeSetting, Tier
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where
from screening.selectors.meant import site_meant
from screening.selectors.programmes import default_settings, in_words, settings_of, usual_quiet_seconds, versions_of
from screening.services.programme_settings import SettingConflict, SettingError, set_programme

NONE = "none"
NO_PROGRAMME = gettext_lazy("No programme")


@dataclass(frozen=True, slots=True)
class Place:
    """One site's one programme. name: as in an address, "none" for studies that no programme reads."""

    site: Site
    name: str

    @property
    def programme(self) -> str:
        return "" if self.name == NONE else self.name

    @property
    def label(self) -> str | Promise:
        return PROGRAMMES[self.name].label if self.programme else NO_PROGRAMME

    @property
    def url(self) -> str:
        return f"{reverse('programmes')}?site={self.site.slug}&programme={self.name}"


@login_required
@require_GET
def programmes(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    return _page(request, administrator, _place(administrator, request.GET))


@login_required
@require_POST
def programme_set(request: HttpRequest) -> HttpResponse:
    """POST `minutes-<tier>`, `quiet` (empty: as usual), `hold_back`, `reason`, and `after`, the version on the page."""
    administrator = _administrator(request)
    place = _place(administrator, request.POST, changes=True)
    try:
        row = set_programme(
            site=place.site,
            programme=place.programme,
            windows=_windows(request, place),
            quiet_seconds=_whole(request.POST.get("quiet", "")) if request.POST.get("quiet", "").strip() else None,
            hold_back_ai=request.POST.get("hold_back") == "1",
            reason=request.POST.get("reason", ""),
            actor=administrator,
            after=_whole(request.POST.get("after", "0")),
            request=request,
        )
    except SettingError as error:
        return _page(request, administrator, place, problem=str(error), status=400)
    except SettingConflict as error:
        return _page(request, administrator, place, problem=str(error), status=409)
    messages.success(request, _("Version %(n)d is in force.") % {"n": row.version})
    return redirect(place.url)


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_SITES):
        raise PermissionDenied(_("Only administrators manage sites."))
    return request.user


def _place(administrator: User, asked: Any, *, changes: bool = False) -> Place:
    """What was asked for, among the sites the person administers.

    Raises Http404 for any other, and BadRequest for a change that does not say where it is to go: nothing meant for one
    is to land at another.
    """
    site = site_meant(administrator, Action.MANAGE_SITES, asked.get("site"), changes=changes)
    programme = asked.get("programme") or ""
    if changes and not programme:
        raise BadRequest(_("Say which programme this is for."))
    programme = programme or next(iter(PROGRAMMES))
    if programme != NONE and programme not in PROGRAMMES:
        raise Http404
    return Place(site, programme)


def _whole(text: str) -> int:
    """A whole number as typed. Raises `SettingError`."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise SettingError(_("Windows and quiet times are whole numbers."))
    return int(text)


def _windows(request: HttpRequest, place: Place) -> dict[str, int]:
    """Minutes by tier; of studies that no programme reads the routine window alone counts."""
    if not place.programme:
        return dict.fromkeys(Tier.values, _whole(request.POST.get("minutes-routine", "")))
    return {tier: _whole(request.POST.get(f"minutes-{tier}", "")) for tier in Tier.values}


def _page(
    request: HttpRequest, administrator: User, place: Place, *, problem: str = "", status: int = 200
) -> HttpResponse:
    sites = list(sites_where(administrator, Action.MANAGE_SITES).order_by("name"))
    standing, usual = settings_of(place.site.pk, place.programme), default_settings(place.programme)
    tiers = list(Tier) if place.programme else [Tier.ROUTINE]
    post = request.POST if problem else None
    minutes, defaults = standing.minutes, usual.minutes
    context = {
        "place": place,
        "places": [Place(site, name) for site in sites for name in (*PROGRAMMES, NONE)],
        "many_sites": len(sites) > 1,
        "windows": [
            (tier, post.get(f"minutes-{tier}", "") if post else minutes[tier], defaults[tier]) for tier in tiers
        ],
        "quiet": post.get("quiet", "") if post else standing.quiet_seconds,
        "usual_quiet": usual.quiet_seconds or usual_quiet_seconds(),
        "hold_back": post.get("hold_back") == "1" if post else standing.hold_back_ai,
        "site_decides": place.site.hold_back_ai != HoldBack.PROGRAMME,
        "reason": post.get("reason", "") if post else "",
        "version": standing.version,
        "versions": [_told(row) for row in versions_of(place.site, place.programme)],
        "problem": problem,
    }
    return render(request, "screening/programmes.html", context, status=status)


def _told(row: ProgrammeSetting) -> dict[str, Any]:
    minutes = in_words(row).minutes
    tiers = Tier.values if row.programme else [Tier.ROUTINE]
    return {"row": row, "minutes": [(Tier(tier).label, minutes[tier]) for tier in tiers]}
