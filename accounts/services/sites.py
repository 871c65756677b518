"""Making and changing sites. What a site says of signing and of holding the AI back is audited, with what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import HoldBack, Membership, SecondFactor, SignWith, Site, User, Verb
from accounts.roles import Action, Role, can

FIELDS = ("name", "sign_with", "hold_back_ai", "break_glass_minutes", "second_factor")


class SiteConflict(Exception):
    """Somebody else has changed the site meanwhile. Answered with 409."""


def create_site(
    *,
    actor: User,
    slug: str,
    name: str,
    sign_with: str,
    hold_back_ai: str,
    break_glass_minutes: int | None = None,
    second_factor: str = "",
    request: HttpRequest | None = None,
) -> Site:
    """A new site, of which the actor is the first administrator.

    Raises PermissionDenied for who administers none, ValidationError for a short name that is taken or is none.
    """
    if not can(actor, Action.MANAGE_SITES):
        raise PermissionDenied(_("Your role does not allow this."))
    site = Site(slug=slug, name=name, sign_with=SignWith(sign_with), hold_back_ai=HoldBack(hold_back_ai))
    site.break_glass_minutes = break_glass_minutes or 0
    site.second_factor = SecondFactor(second_factor or SecondFactor.NOBODY)
    site.full_clean()
    try:
        with transaction.atomic():
            site.save()
            Membership.objects.create(user=actor, site=site, role=Role.ADMINISTRATOR)
            _record(Verb.SITE_CREATED, actor, site, {name: getattr(site, name) for name in FIELDS}, request)
    except IntegrityError:
        raise ValidationError({"slug": _("This short name is taken.")}) from None
    return site


def change_site(
    *,
    actor: User,
    site: Site,
    name: str,
    sign_with: str,
    hold_back_ai: str,
    break_glass_minutes: int | None = None,
    second_factor: str = "",
    seen: tuple[str, ...] | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """Rename a site and set how it signs, whether AI waits there and for how long an emergency opens a study to a
    reader of another site (None: as it is), and who must have a second factor ("": as it is); False when nothing was
    different.

    seen: `FIELDS` as they stood on the page, as text. Raises PermissionDenied, `SiteConflict`.
    """
    if not can(actor, Action.MANAGE_SITES, site):
        raise PermissionDenied(_("Your role does not allow this."))
    wanted: dict[str, Any] = {"name": name, "sign_with": SignWith(sign_with).value}
    wanted["hold_back_ai"] = HoldBack(hold_back_ai).value
    with transaction.atomic():
        stored = Site.objects.select_for_update().get(pk=site.pk)
        was = {field: getattr(stored, field) for field in FIELDS}
        wanted["break_glass_minutes"] = (
            was["break_glass_minutes"] if break_glass_minutes is None else break_glass_minutes
        )
        wanted["second_factor"] = SecondFactor(second_factor or was["second_factor"]).value
        if seen is not None and tuple(str(value) for value in was.values()) != seen:
            raise SiteConflict(_("Somebody else has changed this site since you opened this page."))
        changed = [field for field in FIELDS if was[field] != wanted[field]]
        if not changed:
            return False
        for field in changed:
            setattr(stored, field, wanted[field])
        stored.save(update_fields=changed)
        detail = {field: {"was": was[field], "now": wanted[field]} for field in changed}
        _record(Verb.SITE_CHANGED, actor, stored, detail, request)
    return True


def _record(verb: Verb, actor: User, site: Site, detail: Mapping[str, Any], request: HttpRequest | None) -> None:
    audit.record(verb, actor=actor, site=site, object_type="site", object_id=site.slug, detail=detail, request=request)
