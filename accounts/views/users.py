"""The administrator's pages: list, make, change and deactivate users."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, services
from accounts.forms import UserForm
from accounts.models import User, Verb
from accounts.roles import Action, Role, can
from accounts.selectors import (
    administered_sites,
    answers_for,
    find_users,
    open_invitation,
    sessions_of,
    user_for,
)
from accounts.standing import factor_required, factors_of
from accounts.user_table import user_table
from accounts.views.invitations import invited


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_USERS):
        raise PermissionDenied(_("Only administrators manage users."))
    return request.user


@require_GET
def ask_administrator(request: HttpRequest) -> HttpResponse:
    """Instead of signing up and of resetting a password oneself."""
    return render(request, "accounts/ask_administrator.html")


@login_required
@require_GET
def user_list(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    wanted = _wanted(request)
    users = Paginator(find_users(administrator, **wanted), 50).get_page(request.GET.get("page"))
    sites = list(administered_sites(administrator))
    context = {"users": users, "wanted": wanted, "roles": Role.choices, "sites": sites}
    return render(request, "accounts/users.html", context)


@login_required
@require_GET
def user_export(request: HttpRequest) -> HttpResponse:
    """The list as it is narrowed, as CSV that no spreadsheet takes for formulas."""
    administrator = _administrator(request)
    wanted = _wanted(request)
    sites = administered_sites(administrator)
    text, count = user_table(find_users(administrator, **wanted), set(sites.values_list("pk", flat=True)))
    for site in sites:
        detail = {"users": count, "filters": sorted(name for name, value in wanted.items() if value)}
        audit.record(
            Verb.USERS_EXPORTED, actor=administrator, site=site, object_type="users", detail=detail, request=request
        )
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="users.csv"'
    return answer


def _wanted(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:100] for name in ("text", "role", "site", "state")}


@login_required
@require_http_methods(["GET", "POST"])
def user_new(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    form = UserForm(request.POST or None, sites=list(administered_sites(administrator)))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = services.create_user(
                actor=administrator,
                username=data["username"],
                email=data["email"],
                first_name=data["first_name"],
                last_name=data["last_name"],
                password=data["password"],
                memberships={site: role for site, role in form.memberships().items() if role},
                request=request,
            )
        except ValidationError as error:
            form.add_error("password", error)
        else:
            if not data["password"]:
                return invited(request, administrator, user)
            messages.success(request, _("%(user)s can sign in now.") % {"user": user})
            return redirect("users")
    status = 400 if form.errors else 200
    return render(request, "accounts/user.html", {"form": form, "subject": None}, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def user_change(request: HttpRequest, user_id: int) -> HttpResponse:
    administrator = _administrator(request)
    user = user_for(administrator, user_id)
    whole, own = answers_for(administrator, user), user.pk == administrator.pk
    form = UserForm(
        request.POST or None, sites=list(administered_sites(administrator)), user=user, whole=whole, own=own
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.change_user(
                actor=administrator,
                user=user,
                email=data["email"],
                first_name=data["first_name"],
                last_name=data["last_name"],
                memberships=form.memberships(),
                password=data.get("password", ""),
                request=request,
            )
        except ValidationError as error:
            form.add_error("password", error)
        except (services.LastAdministrator, PermissionError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(user)s was changed.") % {"user": user})
            return redirect("users")
    status = 400 if form.errors else 200
    context = {"form": form, "subject": user, "whole": whole}
    if whole and not own:
        context |= {"invitation": open_invitation(user), "sessions": sessions_of(user)}
        context |= {"factors": factors_of(user), "must_have_factor": factor_required(user)}
    return render(request, "accounts/user.html", context, status=status)


@login_required
@require_POST
def user_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Deactivate or reactivate: POST `active` "1" or "0"."""
    administrator = _administrator(request)
    user = user_for(administrator, user_id)
    active = request.POST.get("active") == "1"
    try:
        services.set_active(actor=administrator, user=user, active=active, request=request)
    except (services.LastAdministrator, PermissionError) as error:
        messages.error(request, str(error))
        return redirect("user-change", user_id=user.pk)
    words = _("%(user)s can sign in again.") if active else _("%(user)s was signed out and cannot sign in any more.")
    messages.success(request, words % {"user": user})
    return redirect("users")
