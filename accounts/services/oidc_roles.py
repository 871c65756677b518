"""Roles that an OpenID provider gives and takes, at each signing in. What was given by hand is left, unless told."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest

from accounts import audit
from accounts.models import Membership, ProviderRole, Site, User, Verb
from accounts.roles import Action, roles_with
from accounts.selectors import is_last_administrator


def apply_roles(
    *, user: User, wanted: Mapping[Site, str], replace_manual: bool, request: HttpRequest | None = None
) -> None:
    """Make the provider's roles of a person those of `wanted`; inside the transaction of signing in.

    A role that somebody changed by hand since is by hand from then on. A site's last active administrator stays one:
    the trail says that the role was kept.
    """
    given = {row.site_id: row for row in ProviderRole.objects.filter(user=user)}
    held = {row.site_id: row for row in user.memberships.select_related("site")}
    touched = sorted({*given, *(site.pk for site in wanted)})
    # held until the end, so that two people cannot stop being the last administrator at once
    for site in Site.objects.select_for_update().filter(pk__in=touched).order_by("pk"):
        role, row, membership = wanted.get(site, ""), given.get(site.pk), held.get(site.pk)
        was = membership.role if membership else ""
        by_hand = membership is not None and (row is None or row.role != was)
        if by_hand and not (replace_manual and role):
            if row is not None:
                row.delete()
            continue
        loses = role not in roles_with(Action.MANAGE_USERS)
        if role != was and loses and is_last_administrator(user, site):
            _record(user, site, was, was, request, kept="last administrator")
            continue
        _set(user, site, role)
        if role != was:
            _record(user, site, was, role, request)


def _set(user: User, site: Site, role: str) -> None:
    if role:
        Membership.objects.update_or_create(user=user, site=site, defaults={"role": role})
        ProviderRole.objects.update_or_create(user=user, site=site, defaults={"role": role})
    else:
        Membership.objects.filter(user=user, site=site).delete()
        ProviderRole.objects.filter(user=user, site=site).delete()


def _record(user: User, site: Site, was: str, role: str, request: HttpRequest | None, **more: str) -> None:
    audit.record(
        Verb.USER_CHANGED,
        actor=user,
        site=site,
        object_type="user",
        object_id=user.pk,
        detail={"via": "oidc", "was": was, "role": role, **more},
        request=request,
    )
