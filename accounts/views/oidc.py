"""To the OpenID provider and back."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.oidc import OidcRefused, Provider, provider
from accounts.permissions import first_page
from accounts.services import oidc as service

AWAY = ("provider_away", "provider_answer", "description")


@never_cache
@require_GET
def oidc_start(request: HttpRequest) -> HttpResponse:
    return _sent(request, again=False)


@never_cache
@login_required
@require_GET
def oidc_again(request: HttpRequest) -> HttpResponse:
    """Prove at the provider who is there, where a person with a password would give it once more."""
    return _sent(request, again=True)


@never_cache
@require_GET
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """The way back. Nothing of its query is shown or logged."""
    try:
        user, goes_to = service.finish(request=request, provider=_provider(), answer=request.GET.dict())
    except OidcRefused as refusal:
        return _refused(request, refusal.code)
    if request.user.is_authenticated and request.user.pk == user.pk:
        return redirect(_safe(request, goes_to) or first_page(request))
    # allauth's own way in: the second factor of who has set one up here is asked for as after a password.
    return perform_login(request, Login(user=user, redirect_url=_safe(request, goes_to) or None))


def _provider() -> Provider:
    found = provider()
    if found is None:
        raise Http404(_("There is no single sign-on here."))
    return found


def _sent(request: HttpRequest, *, again: bool) -> HttpResponse:
    back = reverse("oidc-callback")
    redirect_uri = f"{settings.PUBLIC_URL}{back}" if settings.PUBLIC_URL else request.build_absolute_uri(back)
    goes_to = _safe(request, request.GET.get("next", ""))
    try:
        address = service.begin(
            request=request, provider=_provider(), redirect_uri=redirect_uri, goes_to=goes_to, again=again
        )
    except OidcRefused as refusal:
        return _refused(request, refusal.code)
    return redirect(address)


def _safe(request: HttpRequest, address: str) -> str:
    secure = request.is_secure()
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=secure) else ""


def _refused(request: HttpRequest, code: str) -> HttpResponse:
    sentences = {
        "no_role": _("You have no role here yet. Ask your administrator for one; no account was made."),
        "inactive": _("This account is closed. Ask your administrator."),
        "taken": _("There is an account of this name or e-mail address already. Ask your administrator to link it."),
        "state": _("This sign-in was not begun here, or was begun anew since. Begin again."),
        "late": _("This took too long. Begin again."),
    }
    away = _("The service that signs you in does not answer. Try again, or sign in with your password.")
    other = _("The sign-in could not be verified. Begin again; if it stays so, tell your administrator.")
    sentence = away if code in AWAY else sentences.get(code, other)
    return render(request, "accounts/oidc_refused.html", {"sentence": sentence}, status=502 if code in AWAY else 403)
