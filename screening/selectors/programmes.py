"""How a site runs a programme: its newest settings, else what the table of programmes says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Site
from screening.models import ProgrammeSetting, Tier
from screening.programmes import PROGRAMMES, due_window

TIERS = tuple(Tier.values)


@dataclass(frozen=True, slots=True)
class InForce:
    """version: 0 where the table of programmes speaks. quiet_seconds: None: the shortest of the installation."""

    programme: str
    version: int
    windows: Mapping[str, timedelta]
    quiet_seconds: int | None
    hold_back_ai: bool

    @property
    def minutes(self) -> dict[str, int]:
        """The windows in whole minutes."""
        return {tier: round(window.total_seconds() / 60) for tier, window in self.windows.items()}


def default_settings(programme: str) -> InForce:
    """What the table says; programme "" is a study that none reads."""
    entry = PROGRAMMES.get(programme)
    return InForce(
        programme=programme,
        version=0,
        windows={tier: due_window(programme, tier) for tier in TIERS},
        quiet_seconds=entry.quiet_seconds if entry else None,
        hold_back_ai=bool(entry and entry.hold_back_ai),
    )


def versions_of(site: Site, programme: str) -> QuerySet[ProgrammeSetting]:
    """Every version, the newest first."""
    rows = ProgrammeSetting.objects.filter(site=site, programme=programme)
    return rows.select_related("by").order_by("-version")


def settings_of(site_id: int, programme: str, at: datetime | None = None) -> InForce:
    """What is in force at the site, or was at the moment `at`. One query."""
    rows = ProgrammeSetting.objects.filter(site=site_id, programme=programme)
    row = (rows.filter(at__lte=at) if at else rows).order_by("-version").first()
    return in_words(row) if row else default_settings(programme)


def in_words(row: ProgrammeSetting) -> InForce:
    """One version as everything else reads it."""
    return InForce(
        programme=row.programme,
        version=row.version,
        windows={tier: timedelta(minutes=row.windows[tier]) for tier in TIERS},
        quiet_seconds=row.quiet_seconds,
        hold_back_ai=row.hold_back_ai,
    )


def window_of(site_id: int, programme: str, tier: str, received_at: datetime) -> timedelta:
    """Time from receipt to due of a study, by what was in force when its first image came: a change moves nothing
    that is in the list already."""
    return settings_of(site_id, programme, received_at).windows[tier]


def holds_by_programme(site: Site, programme: str) -> bool:
    """Does the site hold the programme's AI back, where it leaves that to the programme? No query."""
    entry = PROGRAMMES.get(programme)
    held = site.programme_holds.get(programme)
    return bool(entry and (entry.hold_back_ai if held is None else held))


def programmes_held(own: Mapping[str, bool]) -> list[str]:
    """The same of every programme at once. own: `Site.programme_holds`."""
    return [name for name, entry in PROGRAMMES.items() if own.get(name, entry.hold_back_ai)]


def quiet_times() -> dict[tuple[int, str], int]:
    """Seconds after the last image, by site and programme, where a site has settings of its own. One query."""
    rows = ProgrammeSetting.objects.order_by("version").values_list("site_id", "programme", "quiet_seconds")
    newest = {(site, programme): seconds for site, programme, seconds in rows}
    return {key: seconds for key, seconds in newest.items() if seconds is not None}


def usual_quiet_seconds() -> int:
    """The quiet time where nothing else is set."""
    own = (entry.quiet_seconds for entry in PROGRAMMES.values() if entry.quiet_seconds)
    return min([settings.QUIET_SECONDS, *own])
