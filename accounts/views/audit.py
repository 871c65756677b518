"""The auditor's page: what happened, newest first. Looking at it is an event as well."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.audit import record
from accounts.models import User, Verb
from accounts.roles import Action, can
from accounts.selectors import audit_events


def _day(text: str) -> str:
    try:
        return text if parse_date(text) else ""
    except ValueError:
        return ""


@login_required
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    auditor = request.user
    if not isinstance(auditor, User) or not can(auditor, Action.VIEW_AUDIT):
        raise PermissionDenied(_("Only auditors read the audit trail."))
    verb = request.GET.get("verb", "")
    wanted = {
        "verb": verb if verb in Verb.values else "",
        "actor": request.GET.get("actor", "").strip()[:100],
        "day": _day(request.GET.get("day", "").strip()),
    }
    events = Paginator(audit_events(auditor, **wanted), 100).get_page(request.GET.get("page"))
    events.object_list = list(events.object_list)  # before this look is an event itself and shifts the page
    record(Verb.AUDIT_VIEWED, actor=auditor, request=request, detail={"page": events.number})
    return render(request, "accounts/audit.html", {"events": events, "wanted": wanted, "verbs": Verb.choices})
