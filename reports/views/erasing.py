"""The administrator's page of erasures on request and legal holds."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action, can
from accounts.services import password_is_right
from reports.selectors.erasing import Erasable, erasable, erasures_of, holds_of
from reports.services.erasing import NotErasable, SigningConflict, erase_report, erase_study
from reports.views.reading_room import signed_in
from screening.models import Scope
from screening.services.erasing import lift_hold, set_hold


@require_GET
@login_required
@never_cache
def erasures(request: HttpRequest) -> HttpResponse:
    """`?study=UID`, and `site` where several have it: what would go."""
    administrator = _administrator(request)
    asked = request.GET.get("study", "").strip()
    if not asked:
        return _page(request, administrator, None)
    try:
        return _page(request, administrator, erasable(administrator, asked, request.GET.get("site", "")))
    except Http404 as error:
        return _page(request, administrator, None, [str(error)], asked=asked)


@sensitive_variables()
@require_POST
@login_required
def erase(request: HttpRequest) -> HttpResponse:
    """POST study, site, scope, reason, password: it cannot be undone, so the password is asked for each time."""
    administrator = _administrator(request)
    found = erasable(administrator, request.POST.get("study", ""), request.POST.get("site", ""))
    reason, scope = request.POST.get("reason", ""), request.POST.get("scope", "")
    if scope not in Scope.values:
        return _page(request, administrator, found, [_("Choose what is to be erased.")], reason=reason)
    if not password_is_right(administrator, request.POST.get("password", "")):
        return _page(request, administrator, found, [_("The password is not right.")], reason=reason)
    try:
        if scope == Scope.REPORT and found.report is not None:
            erase_report(report=found.report, actor=administrator, reason=reason, request=request)
        elif scope == Scope.STUDY:
            erase_study(study=found.study, actor=administrator, reason=reason, request=request)
        else:
            raise NotErasable(_("This study has no report."))
    except (NotErasable, SigningConflict) as error:
        return _page(request, administrator, found, [str(error)], reason=reason)
    messages.success(request, _("The content is erased. Backups hold it until they are gone too."))
    return redirect("erasures")


@require_POST
@login_required
def hold(request: HttpRequest) -> HttpResponse:
    """POST study, site, act ("set" with a reason, or "lift")."""
    administrator = _administrator(request)
    found = erasable(administrator, request.POST.get("study", ""), request.POST.get("site", ""))
    reason = request.POST.get("reason", "")
    try:
        if request.POST.get("act") == "lift":
            lift_hold(study=found.study, actor=administrator, request=request)
        else:
            set_hold(study=found.study, actor=administrator, reason=reason, request=request)
    except NotErasable as error:
        return _page(request, administrator, found, [str(error)], reason=reason)
    return redirect(f"{request.path.removesuffix('hold/')}?study={found.study.study_uid}&site={found.study.site.slug}")


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.ERASE_CONTENT):
        raise PermissionDenied(_("Your role does not allow this."))
    return user


def _page(
    request: HttpRequest,
    administrator: User,
    found: Erasable | None,
    problems: list[str] | None = None,
    *,
    asked: str = "",
    reason: str = "",
) -> HttpResponse:
    shown = {
        "found": found,
        "asked": found.study.study_uid if found else asked,
        "problems": problems or [],
        "reason": reason,
        "erasures": erasures_of(administrator),
        "holds": holds_of(administrator),
        "scopes": [
            (value, label) for value, label in Scope.choices if found and (value != "report" or found.report_goes_alone)
        ],
    }
    return render(request, "reports/erasures.html", shown, status=400 if problems and request.method == "POST" else 200)
