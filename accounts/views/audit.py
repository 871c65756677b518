"""The auditor's page: what happened, newest first. Looking at it is an event as well."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.audit import record
from accounts.audit_formats import csv_lines, fhir_lines
from accounts.models import AuditEvent, User, Verb
from accounts.roles import Action, can
from accounts.selectors import audit_events


def _day(text: str) -> str:
    try:
        return text if parse_date(text) else ""
    except ValueError:
        return ""


FORMATS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "ndjson": (fhir_lines, "application/fhir+ndjson")}


def _auditor(request: HttpRequest) -> User:
    auditor = request.user
    if not isinstance(auditor, User) or not can(auditor, Action.VIEW_AUDIT):
        raise PermissionDenied(_("Only auditors read the audit trail."))
    return auditor


def _wanted(request: HttpRequest) -> dict[str, str]:
    verb = request.GET.get("verb", "")
    return {
        "verb": verb if verb in Verb.values else "",
        "actor": request.GET.get("actor", "").strip()[:100],
        "day": _day(request.GET.get("day", "").strip()),
    }


@login_required
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    auditor, wanted = _auditor(request), _wanted(request)
    events = Paginator(audit_events(auditor, **wanted), 100).get_page(request.GET.get("page"))
    events.object_list = list(events.object_list)  # before this look is an event itself and shifts the page
    record(Verb.AUDIT_VIEWED, actor=auditor, request=request, detail={"page": events.number})
    asked = urlencode({name: value for name, value in wanted.items() if value})
    context = {"events": events, "wanted": wanted, "asked": asked, "verbs": Verb.choices}
    return render(request, "accounts/audit.html", context)


@login_required
@require_GET
def audit_export(request: HttpRequest, form: str) -> StreamingHttpResponse:
    """What the list would show, all pages of it, oldest first; read as it is sent, so of any length."""
    auditor, wanted = _auditor(request), _wanted(request)
    if form not in FORMATS:
        raise Http404(_("There is no such format."))
    lines, kind = FORMATS[form]
    newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    record(Verb.AUDIT_VIEWED, actor=auditor, request=request, detail={"export": form, "up_to": newest})
    events = audit_events(auditor, **wanted).filter(pk__lte=newest).select_related("site").order_by("pk")
    response = StreamingHttpResponse(lines(events.iterator(chunk_size=2000)), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    response["Cache-Control"] = "no-store"
    return response
