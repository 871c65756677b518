"""Administration that matters asks who is there: THE table of it, and the asking.

Pages stay open to look at. What is sent (POST) to an address of the table, by somebody who has not given a password, a
code or a passkey for 15 minutes, is held: a page asks for one and carries what was typed, so that nothing is lost.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.oidc import provider
from accounts.services.authentication import note_authentication, password_is_right, recently_authenticated
from accounts.services.oidc import known_there
from accounts.sign_in_forms import CodeAgainForm, PasskeyAgainForm

# Names of addresses.
CONFIRMED = frozenset(
    {
        "user-new",
        "user-change",
        "user-active",
        "user-invite",
        "user-withdraw",
        "user-sign-out",
        "user-factors-reset",
        "tokens",
        "people-token-revoke",
        "site-new",
        "site-change",
        "programme-set",
        "house-style-set",
        "reading-rule-set",
        "review-rules-set",
        "time-limits",
        "models-rescore",
        "erasures-hold",
        "delivery-again",
        "delivery-give-up",
        "export-ask",
        "export-key",
        "export-remove",
        "patient-merge",
        "patient-unmerge",
        "patient-correct",
    }
)
# These ask in their own form, each time or after 15 minutes: they take files, or cannot be undone.
ASK_THEMSELVES = frozenset(
    {"target-new", "target", "target-switch", "target-try", "model-install", "model-activate", "model-rollback"}
    | {"model-right", "erasures-erase", "retention-set"}
)
PASSWORD, CODE, CREDENTIAL = "confirm-password", "confirm-code", "confirm-credential"
OWN_FIELDS = frozenset({PASSWORD, CODE, CREDENTIAL, "csrfmiddlewaretoken"})


def held(request: HttpRequest, name: str) -> HttpResponse | None:
    """The page that asks, where `name` is in the table and nobody has proved lately who is there; else nothing."""
    if request.method != "POST" or name not in CONFIRMED or not isinstance(request.user, User):
        return None
    if recently_authenticated(request):
        return None
    given = request.POST.get(PASSWORD) or request.POST.get(CODE) or request.POST.get(CREDENTIAL)
    if given and _proved(request, request.user):
        note_authentication(request)
        audit.record(Verb.IDENTITY_CONFIRMED, actor=request.user, detail={"for": name}, request=request)
        return None
    if given:
        audit.record(Verb.IDENTITY_CONFIRMED, actor=request.user, detail={"for": name}, request=request, denied=True)
    if "json" in request.headers.get("Accept", ""):
        detail = _("Give your password once more: sign in again, or open the page of this form.")
        return JsonResponse({"detail": detail, "confirm": True}, status=428)
    return _page(request, request.user, wrong=bool(given))


def _proved(request: HttpRequest, user: User) -> bool:
    if password := request.POST.get(PASSWORD):
        return password_is_right(user, password)
    if code := request.POST.get(CODE):
        form = CodeAgainForm(user=user, data={"code": code})
        if form.is_valid():
            form.save()
            return True
        return False
    form = PasskeyAgainForm(user=user, data={"credential": request.POST[CREDENTIAL]})  # type: ignore[call-arg]
    if form.is_valid():
        post_authentication(request, form.cleaned_data["credential"], reauthenticated=True)
        return True
    return False


def _page(request: HttpRequest, user: User, *, wrong: bool) -> HttpResponse:
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context: dict[str, Any] = {
        "carried": [
            (name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values
        ],
        "has_files": bool(request.FILES),
        "wrong": wrong,
        "by_password": user.has_usable_password(),
        "by_code": Authenticator.Type.TOTP in kinds,
        "known_there": known_there(user, provider()),
    }
    if Authenticator.Type.WEBAUTHN in kinds:
        context["passkey"] = {"request_options": begin_authentication(user)}
    answer = render(request, "accounts/confirm.html", context, status=400 if wrong else 200)
    answer["Cache-Control"] = "no-store"
    return answer
