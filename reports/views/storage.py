"""The administrator's page of what is stored: how much, whether it is encrypted, what cannot be read, how long it is kept."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action, can
from reports.selectors.retention import rules_in_force
from reports.views.reading_room import signed_in
from screening.programmes import PROGRAMMES
from screening.selectors import operation, storing
from screening.selectors.doors import sites_where
from screening.services.keeping import look_again


@require_GET
@login_required
@never_cache
def storage_page(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    sites = list(sites_where(administrator, Action.MANAGE_SITES).order_by("name"))
    free, whole = operation.disk()
    faults = storing.unreadable()
    rules = {(rule.site_id, rule.programme): rule for rule in rules_in_force()}
    kept = storing.kept_by_site(sites)
    context: dict[str, Any] = {
        "rows": [
            {
                "kept": one,
                "programme": PROGRAMMES[one.programme].label if one.programme in PROGRAMMES else _("No programme"),
                "name": one.programme or "none",
                "rule": rules.get((one.site.pk, one.programme)),
            }
            for one in kept
        ],
        "total": sum(one.size for one in kept),
        "many_sites": len(sites) > 1,
        "disk_free": free,
        "disk_whole": whole,
        "disk_share": round(100 * free / whole) if whole else 0,
        "encryption": storing.encryption(),
        "faults": len(faults),
        "since": next(iter(faults.values()), ""),
        "affected": storing.studies_of(faults, sites),
    }
    return render(request, "reports/storage.html", context)


@require_POST
@login_required
def storage_look(request: HttpRequest) -> HttpResponse:
    """Read once more what could not be read: what was mended is no longer told of."""
    _administrator(request)
    mended, left = look_again()
    messages.info(request, _("%(mended)d can be read again, %(left)d cannot.") % {"mended": mended, "left": left})
    return redirect("storage")


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.MANAGE_SITES):
        raise PermissionDenied(_("Only administrators manage sites."))
    return user
