"""Tries that failed, counted by address: past a limit they are refused and no longer written down, or they would bury
the audit trail. Nobody who comes rightly is stopped by it."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from accounts import audit

FAILURES = 20
FORGET_S = 60


def is_noise(kind: str, request: HttpRequest) -> bool:
    """Count one more failed try of a kind; were there too many from this address within the minute?"""
    key = f"{kind}-failures-{audit.address_of(request) or 'local'}"
    cache.add(key, 0, timeout=FORGET_S)
    try:
        return bool(cache.incr(key) > FAILURES)
    except ValueError:  # forgotten between the two
        return False
