"""The administrator's pages of sites: list, make, rename, and set how reports are signed and whether AI waits."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import services
from accounts.forms import SiteForm
from accounts.models import Site, User
from accounts.roles import Action, can
from accounts.selectors import managed_site, managed_sites
from accounts.services.sites import FIELDS


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_SITES):
        raise PermissionDenied(_("Only administrators manage sites."))
    return request.user


@login_required
@require_GET
def site_list(request: HttpRequest) -> HttpResponse:
    # by their keys: the join that finds them would count the administrator alone
    sites = Site.objects.filter(pk__in=managed_sites(_administrator(request)).values("pk"))
    active = Q(memberships__user__is_active=True)
    people = sites.annotate(people=Count("memberships", filter=active)).order_by("name")
    return render(request, "accounts/sites.html", {"sites": people})


@login_required
@require_http_methods(["GET", "POST"])
def site_new(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = services.create_site(actor=administrator, request=request, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(site)s was made. You administer it.") % {"site": site})
            return redirect("sites")
    return _form(request, form)


@login_required
@require_http_methods(["GET", "POST"])
def site_change(request: HttpRequest, slug: str) -> HttpResponse:
    administrator = _administrator(request)
    site = managed_site(administrator, slug)
    form = SiteForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        seen = tuple(request.POST.get(f"seen-{name}", "") for name in FIELDS)
        try:
            services.change_site(actor=administrator, site=site, seen=seen, request=request, **form.cleaned_data)
        except services.SiteConflict as error:
            form.add_error(None, str(error))
            return _form(request, form, status=409)
        messages.success(request, _("%(site)s was changed.") % {"site": form.cleaned_data["name"]})
        return redirect("sites")
    return _form(request, form)


def _form(request: HttpRequest, form: SiteForm, status: int = 200) -> HttpResponse:
    status = 400 if form.errors and status == 200 else status
    return render(request, "accounts/site.html", {"form": form, "site": form.site}, status=status)
