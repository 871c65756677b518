"""Passwords at signing, and how long ago one was given."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from accounts import sessions
from accounts.models import User
from accounts.selectors import AUTHENTICATED_AT
from accounts.standing import needs_factor

RECENT = timedelta(minutes=15)
SESSION_KEY = AUTHENTICATED_AT
# Where a session keeps whether its person must set up a second factor before anything else.
NEEDS_FACTOR = "needs_factor"
FAILURES = 10
FORGET_S = 300


def note_authentication(request: HttpRequest) -> None:
    """Remember in the session that a password was given just now."""
    request.session[SESSION_KEY] = timezone.now().isoformat()


def begin_session(request: HttpRequest, user: User) -> None:
    """Remember in the session when it began, and whether a second factor is to be set up."""
    note_authentication(request)
    request.session.update(sessions.begun(timezone.now()))
    request.session[NEEDS_FACTOR] = needs_factor(user)


def note_activity(request: HttpRequest, user: User) -> None:
    """Remember that the person is still there, and whether a second factor has come to be asked of them."""
    request.session[sessions.SEEN_AT] = timezone.now().timestamp()
    request.session[NEEDS_FACTOR] = needs_factor(user)


def recently_authenticated(request: HttpRequest) -> bool:
    """Has this session's user given a password within 15 minutes?"""
    stamp = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    if not stamp:
        return False
    return timezone.now() - datetime.fromisoformat(stamp) <= RECENT


def password_is_right(user: User, password: str) -> bool:
    """Is it the user's password? After ten wrong ones the answer is no for five minutes; signing in
    has limits of its own, so this cannot lock anybody out."""
    key = f"signing-failures-{user.pk}"
    if cache.get(key, 0) >= FAILURES:
        return False
    if user.is_active and user.check_password(password):
        cache.delete(key)
        return True
    cache.add(key, 0, timeout=FORGET_S)
    cache.incr(key)
    return False
