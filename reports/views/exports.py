"""A signed report in the formats of other systems, to download."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.models import Verb
from accounts.roles import Action
from reports.export.exported import NotExportable
from reports.selectors import report_for
from reports.services.export import FORMS, export_file, report_fonts
from reports.views.reading_room import signed_in

SENTENCES = {
    "unsigned": gettext_lazy("This report is not signed yet. Only signed reports are printed or exported."),
    "no_images": gettext_lazy("The images of this study are no longer stored, and this format needs them."),
    "image_gone": gettext_lazy("An image that a finding lies on is no longer stored, and this format needs it."),
    "no_outline": gettext_lazy("No finding of this report has an outline on a single image."),
    "odd_geometry": gettext_lazy("The images do not lie in a way that this format can describe."),
}


@require_GET
@login_required
@never_cache
def export(request: HttpRequest, report_id: int, form: str) -> HttpResponse:
    """The file; 409 with a sentence when the report cannot be put into the form."""
    user = signed_in(request)
    report = report_for(user, report_id, Action.VIEW_REPORT)
    if form not in FORMS:
        raise Http404(_("There is no such format."))
    try:
        file = export_file(report, form, fonts=report_fonts())
    except NotExportable as error:
        return HttpResponse(SENTENCES[error.hindrance], status=409, content_type="text/plain; charset=utf-8")
    audit.record(
        Verb.REPORT_EXPORTED,
        actor=user,
        site=report.study.site,
        object_type="report",
        object_id=report.pk,
        detail={"form": form},
        request=request,
    )
    response = HttpResponse(file.data, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response
