"""Who must have a second factor, and whether they have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.sign_in_models import ROLES_ASKED

if TYPE_CHECKING:
    from accounts.models import User

# Recovery codes come with one of these and are no factor by themselves.
FIRST_CLASS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def factor_required(user: User) -> bool:
    """Does the installation ask a second factor of one of the person's roles, or a site of their role there?"""
    everywhere = set(settings.SECOND_FACTOR_ROLES)
    held = user.memberships.filter(site__is_active=True).values_list("role", "site__second_factor")
    return any(role in everywhere or role in ROLES_ASKED[here] for role, here in held)


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FIRST_CLASS).exists())


def needs_factor(user: User) -> bool:
    """Must they set one up before anything else?"""
    return factor_required(user) and not has_factor(user)


def factors_of(user: User) -> list[str]:
    """What they have, in words: each passkey by its name."""
    return [str(each) for each in Authenticator.objects.filter(user=user).order_by("type", "pk")]
