"""The administrator's page of a site's house style: language, full or terse, order of the sections, own model."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Site, User
from accounts.roles import Action, can
from reports.content import all_contents
from reports.drafting.assemble import example
from reports.drafting.types import HouseStyle
from reports.models import DraftStyle
from reports.models.house_style import DraftLanguage, Register
from reports.selectors.house_style import house_style as style_in_force
from reports.selectors.house_style import ordered_sections, own_models, style_record
from reports.services.house_style import StyleConflict, StyleError, set_house_style
from reports.views.reading_room import signed_in
from screening.selectors.doors import sites_where
from screening.selectors.meant import site_meant


@require_GET
@login_required
def house_style(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    site = site_meant(administrator, Action.MANAGE_RULES, request.GET.get("site"), changes=False)
    return _page(request, administrator, site)


@require_POST
@login_required
def set_style(request: HttpRequest) -> HttpResponse:
    """POST language, register, negatives, model, `after` (the version on the screen) and for each programme
    `place-<programme>-<section>`, the place of a section counted from 1."""
    administrator = _administrator(request)
    site = site_meant(administrator, Action.MANAGE_RULES, request.POST.get("site"), changes=True)
    after = request.POST.get("after", "")
    try:
        row = set_house_style(
            site=site,
            actor=administrator,
            language=request.POST.get("language", ""),
            register=request.POST.get("register", ""),
            negatives=bool(request.POST.get("negatives")),
            orders=_orders(request.POST),
            model=request.POST.get("model", ""),
            after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0,
            request=request,
        )
    except StyleError as error:
        return _page(request, administrator, site, problem=str(error), status=400)
    except StyleConflict as error:
        return _page(request, administrator, site, problem=str(error), status=409)
    messages.success(request, _("House style %(n)d is in force for new drafts.") % {"n": row.version})
    return redirect(f"{reverse('house-style')}?site={site.slug}")


def _orders(sent: QueryDict) -> dict[str, list[str]]:
    """Section names by the places given; sections without a place come last, in their usual order."""
    orders: dict[str, list[str]] = {}
    for name, content in all_contents().items():
        programme = name or "general"
        if not any(key.startswith(f"place-{programme}-") for key in sent):
            continue

        def place(section: str, programme: str = programme) -> int:
            given = str(sent.get(f"place-{programme}-{section}", ""))
            return int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 999

        orders[programme] = sorted((section.name for section in content.sections), key=place)
    return orders


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.MANAGE_RULES):
        raise PermissionDenied(_("Only administrators set the house style."))
    return user


def _page(
    request: HttpRequest, administrator: User, site: Site, *, problem: str = "", status: int = 200
) -> HttpResponse:
    record = style_record(site)
    style = style_in_force(site)
    context = {
        "site": site,
        "sites": sites_where(administrator, Action.MANAGE_RULES).order_by("name"),
        "problem": problem,
        "current": record.version if record else 0,
        "style": style,
        "chosen_model": record.model if record else "",
        "languages": DraftLanguage.choices,
        "registers": [(value, label, example(HouseStyle(style.language, value))) for value, label in Register.choices],
        "models": own_models(),
        "programmes": [
            (
                name or "general",
                _(content.title),
                [(each.name, _(each.title)) for each in ordered_sections(content, site)],
            )
            for name, content in all_contents().items()
        ],
        "versions": [
            (row, row.get_language_display(), row.get_register_display())
            for row in DraftStyle.objects.filter(site=site).select_related("by").order_by("-version")
        ],
    }
    return render(request, "reports/house_style.html", context, status=status)
