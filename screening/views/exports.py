"""The administrator's pages of exports without persons: ask for one, watch it, fetch it, remove it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from screening.models import Export
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where
from screening.selectors.exports import SHOWN, export_for, exports_of, figures, studies_to_export
from screening.services.deidentifying import NoKey, pseudonyms, whose_of
from screening.services.export_zip import rows, zip_stream
from screening.services.exporting import ExportError, ask_export, record, remove_export
from screening.states import ExportStatus

_UID = re.compile(r"[0-9.]{1,64}")
FIELDS = ("site", "studies", "programme", "since", "until", "project", "recipient", "reason")


@require_GET
@login_required
@never_cache
def exports(request: HttpRequest) -> HttpResponse:
    """`?study=UID&site=SLUG` fills the form with one study."""
    person = _administrator(request)
    audit.record(Verb.EXPORTS_VIEWED, actor=person, request=request)
    asked = {"studies": request.GET.get("study", "")[:64], "site": request.GET.get("site", "")}
    return _page(request, person, asked)


@require_POST
@login_required
def export_ask(request: HttpRequest) -> HttpResponse:
    """POST site, then studies (UIDs, one a line) or programme, since, until; project, recipient, reason, with_reports."""
    person = _administrator(request)
    asked = {name: request.POST.get(name, "").strip() for name in FIELDS}
    site = _sites(person).get(asked["site"])
    if site is None:
        raise Http404(_("There is no such site."))
    try:
        uids = asked["studies"].split()
        if not all(_UID.fullmatch(uid) for uid in uids):
            raise ExportError(_("Give Study Instance UIDs: digits and dots, one a line."))
        days = [_day(asked[name]) for name in ("since", "until")]
        if not uids and not asked["programme"] and not any(days):
            raise ExportError(_("Choose studies: by UID, by programme or by day."))
        if asked["programme"] and asked["programme"] not in PROGRAMMES:
            raise ExportError(_("There is no such programme."))
        chosen = studies_to_export(site, uids=uids, programme=asked["programme"], since=days[0], until=days[1])
        if uids and chosen.count() != len(set(uids)):
            raise ExportError(_("Some of these studies are not at this site."))
        words = {name: asked[name] for name in ("project", "reason", "recipient")}
        reports = request.POST.get("with_reports") == "on"
        export = ask_export(site=site, studies=chosen, with_reports=reports, actor=person, request=request, **words)
    except ExportError as error:
        return _page(request, person, asked, problem=str(error), status=400)
    messages.success(request, _("The export is being made."))
    return redirect("export", export.pk)


@require_GET
@login_required
@never_cache
def export(request: HttpRequest, export_id: int) -> HttpResponse:
    """One export: how far it is, what was dropped, and its file while it is kept."""
    person = _administrator(request)
    found = export_for(person, export_id)
    told = figures(found)
    record(Verb.EXPORTS_VIEWED, found, person, request)
    shown = {"export": found, "told": told, "under_way": _under_way(found), "ready": found.status == ExportStatus.READY}
    return render(request, "screening/export.html", shown | rows(told))


@require_GET
@login_required
@never_cache
def export_file(request: HttpRequest, export_id: int) -> HttpResponse | StreamingHttpResponse:
    """The zip. 409 while there is none, or none any more."""
    person = _administrator(request)
    found = export_for(person, export_id)
    if found.status != ExportStatus.READY:
        return HttpResponse(_("This export has no file."), status=409, content_type="text/plain; charset=utf-8")
    record(Verb.EXPORT_FETCHED, found, person, request)
    response = StreamingHttpResponse(zip_stream(found), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="export-{found.pk}.zip"'
    return response


@require_POST
@login_required
@never_cache
def export_key(request: HttpRequest, export_id: int) -> HttpResponse:
    """Which new study and patient is which old one, as CSV: the way back. Kept nowhere; asked for apart, and audited."""
    person = _administrator(request)
    found = export_for(person, export_id)
    try:
        names = pseudonyms(found.project)
    except NoKey:
        return HttpResponse(
            _("There is no key of de-identification."), status=409, content_type="text/plain; charset=utf-8"
        )
    record(Verb.KEY_TABLE_FETCHED, found, person, request)
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(("study_uid", "new_study_uid", "patient_id", "issuer", "new_patient_id"))
    for row in found.studies.filter(done_at__isnull=False).select_related("study__patient", "study__site"):
        study, patient = row.study, row.study.patient
        new = names.patient(study.site.slug, *whose_of(study))
        cells = (study.study_uid, row.new_uid, patient.patient_id, patient.issuer, new)
        lines.writerow(f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells)
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="export-{found.pk}-key.csv"'
    return response


@require_POST
@login_required
def export_remove(request: HttpRequest, export_id: int) -> HttpResponse:
    person = _administrator(request)
    found = export_for(person, export_id)
    if remove_export(export=found, actor=person, request=request):
        messages.success(request, _("The export's files are removed."))
    return redirect("export", found.pk)


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.EXPORT_DEIDENTIFIED):
        raise PermissionDenied(_("Your role does not allow this."))
    return request.user


def _sites(person: User) -> dict[str, Site]:
    return {site.slug: site for site in sites_where(person, Action.EXPORT_DEIDENTIFIED).order_by("name")}


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise ExportError(_("Write days as 2026-11-21."))
    return day


def _under_way(found: Export) -> bool:
    return found.status in (ExportStatus.WAITING, ExportStatus.RUNNING)


def _page(
    request: HttpRequest, person: User, asked: dict[str, str], *, problem: str = "", status: int = 200
) -> HttpResponse:
    shown = {
        "asked": asked,
        "problem": problem,
        "sites": list(_sites(person).values()),
        "programmes": [(key, programme.label) for key, programme in PROGRAMMES.items()],
        "exports": list(exports_of(person)[:SHOWN]),
    }
    return render(request, "screening/exports.html", shown, status=status)
