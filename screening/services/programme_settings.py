"""Changing how a site runs a programme: a version is added, with its reason, and audited."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from screening.dicom.elements import clean
from screening.models import ProgrammeSetting, Tier
from screening.programmes import PROGRAMMES
from screening.selectors.programmes import settings_of

MOST_MINUTES = 60 * 24 * 90
MOST_QUIET_S = 3600


class SettingError(ValueError):
    """What was sent cannot be set; `str(error)` says why. Answered with 400."""


class SettingConflict(Exception):
    """Somebody else has changed it meanwhile. Answered with 409."""


def set_programme(
    *,
    site: Site,
    programme: str,
    windows: Mapping[str, int],
    quiet_seconds: int | None,
    hold_back_ai: bool,
    reason: str,
    actor: User,
    after: int,
    request: HttpRequest | None = None,
) -> ProgrammeSetting:
    """Put windows (tier → minutes), quiet time and holding back into force at a site, from now on.

    Studies whose first image has come keep the windows they have; the quiet time and holding back count at once, for
    every study that is not reported. after: the version that was on the screen. Raises `SettingError`,
    `SettingConflict`, PermissionDenied.
    """
    if not can(actor, Action.MANAGE_SITES, site) or (programme and programme not in PROGRAMMES):
        raise PermissionDenied(_("Your role does not allow this."))
    words = clean(reason, 400)
    if not words:
        raise SettingError(_("Give a reason: it stays with the change."))
    minutes = _checked(windows)
    if quiet_seconds is not None and not 1 <= quiet_seconds <= MOST_QUIET_S:
        raise SettingError(_("The quiet time is 1 to %(n)d seconds, or empty.") % {"n": MOST_QUIET_S})
    with transaction.atomic():
        # the row's lock makes one of two that change the same thing the later
        locked = Site.objects.select_for_update().get(pk=site.pk)
        standing = settings_of(site.pk, programme)
        if after != standing.version:
            raise SettingConflict(_("Somebody else has changed these settings since you opened this page."))
        same = (standing.minutes, standing.quiet_seconds, standing.hold_back_ai)
        if same == (minutes, quiet_seconds, hold_back_ai and bool(programme)):
            raise SettingError(_("Nothing was changed."))
        row = ProgrammeSetting.objects.create(
            site=site,
            programme=programme,
            version=standing.version + 1,
            windows=minutes,
            quiet_seconds=quiet_seconds,
            hold_back_ai=hold_back_ai and bool(programme),
            reason=words,
            by=actor,
            at=timezone.now(),
        )
        locked.programme_holds = {**locked.programme_holds, **({programme: row.hold_back_ai} if programme else {})}
        locked.save(update_fields=["programme_holds"])
        audit.record(
            Verb.PROGRAMME_SET,
            actor=actor,
            site=site,
            object_type="programme",
            object_id=programme or "none",
            detail={
                "version": row.version,
                "minutes": minutes,
                "quiet_seconds": quiet_seconds,
                "hold_back_ai": row.hold_back_ai,
                "was": {
                    "minutes": standing.minutes,
                    "quiet_seconds": standing.quiet_seconds,
                    "hold_back_ai": standing.hold_back_ai,
                },
            },
            request=request,
        )
    return row


def _checked(windows: Mapping[str, int]) -> dict[str, int]:
    """The windows of every tier, a more pressing one never longer. Raises `SettingError`."""
    if set(windows) != set(Tier.values):
        raise SettingError(_("A window is needed for every tier."))
    order = [windows[tier] for tier in Tier.values]
    if not all(1 <= minutes <= MOST_MINUTES for minutes in order):
        raise SettingError(_("A window is 1 minute to %(n)d days.") % {"n": MOST_MINUTES // 1440})
    if order != sorted(order):
        raise SettingError(_("A more pressing tier cannot have a longer window than a less pressing one."))
    return {tier: windows[tier] for tier in Tier.values}
