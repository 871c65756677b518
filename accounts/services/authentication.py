"""Passwords at signing, and how long ago one was given."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.selectors import AUTHENTICATED_AT

RECENT = timedelta(minutes=15)
SESSION_KEY = AUTHENTICATED_AT
FAILURES = 10
FORGET_S = 300


def note_authentication(request: HttpRequest) -> None:
    """Remember in the session that a password was given just now."""
    request.session[SESSION_KEY] = timezone.now().isoformat()


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
