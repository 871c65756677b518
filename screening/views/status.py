"""How the department runs: a page for administrators of their sites, and /metrics for a monitoring system."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from accounts.models import User
from accounts.roles import Action, can
from screening import figures
from screening.metrics import exposition
from screening.models import Tier
from screening.programmes import PROGRAMMES
from screening.selectors import operation
from screening.selectors.doors import sites_where

SHOWN = 50


@login_required
@require_GET
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    person = request.user
    if not isinstance(person, User) or not can(person, Action.VIEW_STATUS):
        raise PermissionDenied(_("Only administrators see how the department runs."))
    now = timezone.now()
    sites = list(sites_where(person, Action.VIEW_STATUS))
    names = {key: str(programme.label) for key, programme in PROGRAMMES.items()}
    free, whole = operation.disk()
    context = {
        "sites": sites,
        "waiting": [(Tier(one.tier).label, one) for one in operation.waiting_by_tier(now, sites)],
        "took": _beside(names, operation.receipt_to_score(now, sites), operation.receipt_to_signature(now, sites)),
        "runs": operation.runs_now(now, sites),
        "reasons": [(names.get(one.programme, one.programme), one) for one in operation.without_result(now, sites)],
        "failed": operation.failed_studies(sites)[:SHOWN],
        "problems": operation.problems_by_code(now, sites),
        "images": operation.images_lately(now, sites),
        "stored": operation.images_stored(sites),
        "disk_free": free,
        "disk_share": round(100 * free / whole) if whole else 0,
        "unsealed": operation.unsealed_events(),
        "others": figures.lines(now, sites),
    }
    return render(request, "screening/status.html", context)


def _beside(
    names: dict[str, str], scored: list[operation.Took], signed: list[operation.Took]
) -> list[tuple[str, operation.Took | None, operation.Took | None]]:
    score, signature = ({one.programme: one for one in took} for took in (scored, signed))
    return [(names.get(key, key), score.get(key), signature.get(key)) for key in sorted({*score, *signature}) if key]


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For who holds METRICS_TOKEN (Authorization: Bearer …), and for nobody where none is set."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    wanted = settings.METRICS_TOKEN
    if not wanted or not secrets.compare_digest(given.encode(), wanted.encode()):
        return HttpResponse("A token is needed.\n", status=403, content_type="text/plain; charset=utf-8")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
