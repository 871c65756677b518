"""Signing a report, and its printed forms."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import Verb
from accounts.roles import Action
from reports.answers import sign_answer
from reports.export.document import ReportDocument
from reports.models import Report
from reports.selectors import report_document, report_for
from reports.selectors.versions import versions_of
from reports.services.export import LABELS, forms_of, report_fonts
from reports.services.key_images import illustrated_pdf
from reports.states import ReportStatus
from reports.views.reading_room import json_body, signed_in


@sensitive_variables()
@require_POST
@login_required
def sign(request: HttpRequest, report_id: int) -> HttpResponse:
    try:
        answer = sign_answer(user=signed_in(request), report_id=report_id, body=json_body(request), request=request)
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)


@require_GET
@login_required
@never_cache
def print_page(request: HttpRequest, report_id: int) -> HttpResponse:
    """The text that counts, or an earlier one: `?version=1`."""
    asked = request.GET.get("version", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
    report, document = _exported(request, report_id, "print", number)
    if document is None:
        return _unsigned(report)
    exports = [(form, LABELS[form]) for form in forms_of(report)]
    shown = {"document": document, "report": report, "exports": exports, "versions": _other_versions(report, number)}
    return render(request, "reports/print.html", shown)


def _other_versions(report: Report, shown: int | None) -> list[tuple[int, str]]:
    """(number, label) of the signed versions that are not on the page."""
    versions = versions_of(report)
    return [
        (each.number, _("Version %(number)d") % {"number": each.number})
        for each in versions
        if each.number != (shown or len(versions))
    ]


@require_GET
@login_required
@never_cache
def pdf(request: HttpRequest, report_id: int) -> HttpResponse:
    report, document = _exported(request, report_id, "pdf")
    if document is None:
        return _unsigned(report)
    response = HttpResponse(illustrated_pdf(report, document, report_fonts()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="report-{report.pk}.pdf"'
    return response


def _exported(
    request: HttpRequest, report_id: int, form: str, version: int | None = None
) -> tuple[Report, ReportDocument | None]:
    user = signed_in(request)
    report = report_for(user, report_id, Action.VIEW_REPORT)
    document = report_document(report, version)
    if document is not None:
        audit.record(
            Verb.REPORT_EXPORTED,
            actor=user,
            site=report.study.site,
            object_type="report",
            object_id=report.pk,
            detail={"form": form, "version": version} if version else {"form": form},
            request=request,
        )
    return report, document


def _unsigned(report: Report) -> HttpResponse:
    return HttpResponse(
        _("The content of this report was erased on request.")
        if report.status == ReportStatus.ERASED
        else _("This report is not signed yet. Only signed reports are printed or exported."),
        status=409,
        content_type="text/plain; charset=utf-8",
    )
