"""The administrator's page of what the review looks for at a site: what blocks a signature, what warns, what is left out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Site, User
from accounts.roles import Action, can
from reports.models.review_rules import ReviewRules
from reports.review import RULES, Severity
from reports.review_strings import RULE_WORDS, severity_words
from reports.selectors.review_rules import rules_record, weighed_rules
from reports.services.review_rules import ReviewRulesConflict, ReviewRulesError, set_review_rules
from reports.views.reading_room import signed_in
from screening.selectors.doors import sites_where
from screening.selectors.meant import site_meant


@require_GET
@login_required
def review_rules(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    site = site_meant(administrator, Action.MANAGE_RULES, request.GET.get("site"), changes=False)
    return _page(request, administrator, site)


@require_POST
@login_required
def set_rules(request: HttpRequest) -> HttpResponse:
    """POST `rule-<id>` of each rule that may be chosen, `reason`, and `after`, the version on the screen."""
    administrator = _administrator(request)
    site = site_meant(administrator, Action.MANAGE_RULES, request.POST.get("site"), changes=True)
    after = request.POST.get("after", "")
    sent = {name: str(request.POST[f"rule-{name}"]) for name in RULES if f"rule-{name}" in request.POST}
    try:
        row = set_review_rules(
            site=site,
            actor=administrator,
            severities=sent,
            reason=request.POST.get("reason", ""),
            after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0,
            request=request,
        )
    except ReviewRulesError as error:
        return _page(request, administrator, site, problem=str(error), status=400)
    except ReviewRulesConflict as error:
        return _page(request, administrator, site, problem=str(error), status=409)
    messages.success(request, _("Version %(n)d is in force for what is signed from now on.") % {"n": row.version})
    return redirect(f"{reverse('review-rules')}?site={site.slug}")


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.MANAGE_RULES):
        raise PermissionDenied(_("Only administrators set the rules of the review."))
    return user


def _page(
    request: HttpRequest, administrator: User, site: Site, *, problem: str = "", status: int = 200
) -> HttpResponse:
    record = rules_record(site)
    context = {
        "site": site,
        "sites": sites_where(administrator, Action.MANAGE_RULES).order_by("name"),
        "problem": problem,
        "current": record.version if record else 0,
        "rules": [
            {
                "id": each.rule.id,
                "words": RULE_WORDS[each.rule.id],
                "fixed": each.rule.fixed,
                "overridable": each.rule.overridable,
                "severity": str(each.severity),
                "severity_words": severity_words(each.severity),
                "usual": severity_words(each.rule.severity),
                "is_usual": each.is_usual,
                "choices": [(str(one), severity_words(one)) for one in each.allowed],
            }
            for each in weighed_rules(site)
        ],
        "versions": [
            (row, [(RULE_WORDS[name], severity_words(Severity(each))) for name, each in row.severities.items()])
            for row in ReviewRules.objects.filter(site=site).select_related("by").order_by("-version")
        ],
    }
    return render(request, "reports/review_rules.html", context, status=status)
