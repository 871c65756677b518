"""A person's own page of signing in, and the administrator's act of resetting somebody's second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.factors import FactorUnreadable
from accounts.models import User
from accounts.roles import Action, can
from accounts.selectors import user_for
from accounts.services.factors import reset_factors
from accounts.standing import factor_required


class SignInPage(IndexView):  # type: ignore[misc]
    http_method_names = ("get", "head")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        codes = context["authenticators"].get(Authenticator.Type.RECOVERY_CODES)
        try:
            left = len(codes.get_unused_codes()) if codes else None
        except FactorUnreadable:
            left = None
        return {**context, "required": factor_required(self.request.user), "codes_left": left}


@login_required
@require_safe
def to_sign_in_page(request: HttpRequest) -> HttpResponse:
    """allauth's list of passkeys: they stand on the page with the rest."""
    return redirect("mfa_index")


@login_required
@require_POST
def user_factors_reset(request: HttpRequest, user_id: int) -> HttpResponse:
    administrator = request.user
    if not isinstance(administrator, User) or not can(administrator, Action.MANAGE_USERS):
        raise PermissionDenied(_("Only administrators manage users."))
    user = user_for(administrator, user_id)
    try:
        count = reset_factors(actor=administrator, user=user, request=request)
    except PermissionError as error:
        messages.error(request, str(error))
    else:
        words = _("%(user)s has no second factor now, and is signed out.") if count else _("There was none.")
        messages.success(request, words % {"user": user} if count else words)
    return redirect("user-change", user_id=user.pk)
