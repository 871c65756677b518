"""Settings of signing in that cannot be meant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.roles import Role


@register()
def second_factor_roles(**_kwargs: Any) -> list[CheckMessage]:
    """A role that is none would ask nobody for a second factor, and nobody would know."""
    unknown = sorted(set(settings.SECOND_FACTOR_ROLES) - set(Role.values))
    return [
        Error(f"SECOND_FACTOR_ROLES names what is no role: {each}.", id="accounts.E001", hint=", ".join(Role.values))
        for each in unknown
    ]


@register()
def session_limits(**_kwargs: Any) -> list[CheckMessage]:
    if settings.SESSION_IDLE_SECONDS >= 60 and settings.SESSION_LONGEST_SECONDS >= settings.SESSION_IDLE_SECONDS:
        return []
    words = "SESSION_IDLE_MINUTES is one at least, and no longer than SESSION_HOURS."
    return [Error(words, id="accounts.E002")]


@register()
def stolen_passwords(**_kwargs: Any) -> list[CheckMessage]:
    """A list that cannot be read would fail whoever chooses a password, not who set it up."""
    if not settings.BREACHED_PASSWORDS:
        return []
    try:
        with open(settings.BREACHED_PASSWORDS, "rb"):
            return []
    except OSError as error:
        return [Error(f"BREACHED_PASSWORDS cannot be read: {error.strerror}.", id="accounts.E003")]
