"""Setting a site's house style: a new version, never a changed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.content import all_contents
from reports.models import DraftStyle
from reports.models.house_style import DraftLanguage, Register
from reports.selectors.house_style import own_models, style_record


class StyleError(ValueError):
    """What was sent is no house style; `str(error)` says why. Answered with 400."""


class StyleConflict(Exception):
    """Another version has come meanwhile. Answered with 409."""


def set_house_style(
    *,
    site: Site,
    actor: User,
    language: str,
    register: str,
    negatives: bool,
    orders: Mapping[str, Sequence[str]],
    model: str,
    after: int,
    request: HttpRequest | None = None,
) -> DraftStyle:
    """Put a style into force. after: the version that was on the screen. Drafts that stand are left as they are.

    Raises `StyleError`, `StyleConflict`, PermissionDenied.
    """
    if not can(actor, Action.MANAGE_RULES, site):
        raise PermissionDenied(_("Only administrators set the house style."))
    if language not in DraftLanguage.values or register not in Register.values:
        raise StyleError(_("Choose a language, and full or terse."))
    if model and model not in own_models():
        raise StyleError(_("There is no model of that name in the folder for models of your own."))
    kept = _checked_orders(orders)
    record = style_record(site)
    version = record.version if record else 0
    if version != after:
        raise StyleConflict(_("The house style was changed meanwhile. Look at it again."))
    try:
        with transaction.atomic():
            row = DraftStyle.objects.create(
                site=site,
                version=version + 1,
                language=language,
                register=register,
                negatives=negatives,
                orders=kept,
                model=model,
                by=actor,
                at=timezone.now(),
            )
            audit.record(
                Verb.HOUSE_STYLE_SET,
                actor=actor,
                site=site,
                object_type="draft_style",
                object_id=row.pk,
                request=request,
                detail={"version": row.version, "language": language, "register": register, "model": model},
            )
    except IntegrityError as error:
        raise StyleConflict(_("The house style was changed meanwhile. Look at it again.")) from error
    return row


def _checked_orders(orders: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Only orders that name every section of their programme once, and only those that differ from the usual one."""
    kept: dict[str, list[str]] = {}
    contents = {name or "general": content for name, content in all_contents().items()}
    for name, order in orders.items():
        usual = [section.name for section in contents[name].sections] if name in contents else None
        if usual is None or sorted(order) != sorted(usual):
            raise StyleError(_("An order names every section of its programme once."))
        if list(order) != usual:
            kept[name] = list(order)
    return kept
