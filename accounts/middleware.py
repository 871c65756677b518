"""What holds for every request of a signed-in person: what they may not do is on record, and their session is in order."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, sessions
from accounts.confirming import held
from accounts.models import User, Verb
from accounts.services.authentication import NEEDS_FACTOR, note_activity
from accounts.standing import needs_factor


class DeniedMiddleware:
    """Record every answer 403 to a signed-in person: which address, by name, and on which object."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 403 and isinstance(request.user, User):
            match = request.resolver_match
            kind, key = next(iter(match.kwargs.items()), ("", "")) if match else ("", "")
            audit.record(
                Verb.ACCESS_DENIED,
                actor=request.user,
                object_type=kind.removesuffix("_uid").removesuffix("_id")[:32],
                object_id=str(key)[:128],
                detail={"address": match.view_name if match else "", "method": request.method},
                request=request,
                denied=True,
            )
        return response


class SignInMiddleware:
    """What must be so before a signed-in person goes on: a session in its time, a second factor where one is asked,
    and lately proved who is there where administration matters. Stands behind the messages and allauth's context."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        why = self._end_what_is_over(request)
        request.ended = ended_words(request.COOKIES.get(ENDED_COOKIE, ""))  # type: ignore[attr-defined]
        response = self.get_response(request)
        # A script that wants data cannot sign anybody in: it is told, and keeps what it was about to save.
        if response.status_code == 302 and _wants_data(request) and _is_sign_in(response):
            response = JsonResponse({"detail": _("You are signed out."), "sign_in": settings.LOGIN_URL}, status=401)
        if why:
            # In a cookie of its own: whatever else the page was asking for at that moment must not use it up.
            secure = settings.SESSION_COOKIE_SECURE
            response.set_cookie(ENDED_COOKIE, why, max_age=3600, httponly=True, samesite="Lax", secure=secure)
        elif ENDED_COOKIE in request.COOKIES and SESSION_KEY in request.session:
            response.delete_cookie(ENDED_COOKIE, samesite="Lax")
        return response

    def process_view(self, request: HttpRequest, _view: object, _args: object, _kwargs: object) -> HttpResponse | None:
        user, match = request.user, request.resolver_match
        if not isinstance(user, User) or match is None:
            return None
        name = match.url_name or ""
        refresh = name == "worklist-search" and request.POST.get("refresh") == "1"
        if sessions.is_stale(request.session, timezone.now()) and name not in sessions.BACKGROUND and not refresh:
            note_activity(request, user)
        if request.session.get(NEEDS_FACTOR) and name not in WITHOUT_FACTOR:
            request.session[NEEDS_FACTOR] = needs_factor(user)
            if request.session[NEEDS_FACTOR]:
                return self._led_to_set_up(request)
        return held(request, name)

    @staticmethod
    def _end_what_is_over(request: HttpRequest) -> str:
        """Why the session was over, to the one request that ended it."""
        if SESSION_KEY not in request.session:
            return ""
        why = sessions.end_of(request.session, timezone.now())
        if not why:
            return ""
        person = request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            # A page asks for many things at once: the first of them ends the session and tells of it.
            ended, _rows = Session.objects.filter(pk=request.session.session_key).delete()
            if ended:
                audit.record(Verb.SESSION_LAPSED, actor=person, detail={"limit": why}, request=request)
        request.session.flush()
        request.user = AnonymousUser()
        return why if ended else ""

    @staticmethod
    def _led_to_set_up(request: HttpRequest) -> HttpResponse:
        words = _("Your role needs a second factor. Set one up first.")
        if _wants_data(request) or request.content_type == "application/json":
            return JsonResponse({"detail": words}, status=403)
        return redirect("mfa_index")


# Tells the page to sign in why somebody must, until they have.
ENDED_COOKIE = "session_ended"

# What somebody who must set up a second factor may open before they have one.
WITHOUT_FACTOR = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "account_reauthenticate",
        "account_change_password",
        "account_logout",
        "account_login",
        "set-language",
        "health-live",
        "health-ready",
        "metrics",
    }
)


def ended_words(why: str) -> str:
    """Why somebody has to sign in again, for people."""
    hours, minutes = settings.SESSION_LONGEST_SECONDS // 3600, settings.SESSION_IDLE_SECONDS // 60
    if why == "idle":
        return _("You were signed out after %(n)d minutes without work. What you wrote is kept.") % {"n": minutes}
    if why != "absolute":
        return ""
    return _("You were signed out: a session lasts %(n)d hours. What you wrote is kept.") % {"n": hours}


def _wants_data(request: HttpRequest) -> bool:
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def _is_sign_in(response: HttpResponse) -> bool:
    return response["Location"].startswith(settings.LOGIN_URL)
