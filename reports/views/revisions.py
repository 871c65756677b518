"""Two revisions of a report beside each other, and what the rules make of coded answers."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import Verb
from accounts.roles import Action
from reports.answers import computed_answer
from reports.models import Revision
from reports.selectors import report_for
from reports.selectors.double_reading import is_blind
from reports.selectors.revisions import compared, label_of, revisions_of
from reports.views.reading_room import json_body, signed_in


@require_GET
@login_required
@never_cache
def revisions(request: HttpRequest, report_id: int) -> HttpResponse:
    """GET `from`, `to`: numbers of two revisions; without them, the last two. An audited look at the report."""
    user = signed_in(request)
    report = report_for(user, report_id, Action.VIEW_REPORT)
    if is_blind(report.study):
        raise PermissionDenied(_("The report is written when the opinions are in."))
    listed = revisions_of(report)
    after = _chosen(request, "to", listed, listed[-1] if listed else None)
    earlier = [each for each in listed if after is not None and each.number < after.number]
    before = _chosen(request, "from", listed, earlier[-1] if earlier else after)
    audit.record(
        Verb.REPORT_VIEWED,
        actor=user,
        site=report.study.site,
        object_type="report",
        object_id=report.pk,
        detail={"compared": [before.number, after.number]} if before and after else {},
        request=request,
    )
    context = {
        "report": report,
        "study": report.study,
        "revisions": [label_of(each) for each in listed],
        "before": before,
        "after": after,
        "compared": compared(report, before, after) if before and after else None,
    }
    return render(request, "reports/revisions.html", context)


def _chosen(request: HttpRequest, name: str, listed: list[Revision], otherwise: Revision | None) -> Revision | None:
    """Raises Http404 for a revision that is not there."""
    asked = request.GET.get(name)
    if asked is None:
        return otherwise
    found = next((each for each in listed if str(each.number) == asked), None)
    if found is None:
        raise Http404(_("There is no such revision."))
    return found


@require_POST
@login_required
def work_out(request: HttpRequest, report_id: int) -> HttpResponse:
    """{"answers"} → {"computed": {field: {"value", "reason"}}}; nothing is kept."""
    try:
        answer = computed_answer(user=signed_in(request), report_id=report_id, body=json_body(request))
    except PermissionDenied as error:
        return JsonResponse({"detail": str(error) or _("Your role does not allow this.")}, status=403)
    except Http404 as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse(answer.body, status=answer.status)
