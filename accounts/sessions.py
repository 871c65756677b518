"""How long a session lasts: at most so long after signing in, and so long after the person last did something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings

SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"
# A session is written at most this often for being used.
SELDOM = timedelta(minutes=1)
End = Literal["", "idle", "absolute"]

# Asked by an open page of itself. Nobody need sit before it, so these keep no session alive.
BACKGROUND = frozenset(
    {
        "worklist-rows",
        "study-standing",
        "reading-room-news",
        "reading-room-state",
        "study-tasks",
        "upload-arrived",
        "upcoming-images",
    }
)


def begun(now: datetime) -> dict[str, float]:
    """What a session notes when its person signs in."""
    return {SIGNED_IN_AT: now.timestamp(), SEEN_AT: now.timestamp()}


def end_of(session: Mapping[str, Any], now: datetime) -> End:
    """Whether a person's session is over, and by which limit. One that says not when it began is over."""
    signed_in, seen = session.get(SIGNED_IN_AT), session.get(SEEN_AT)
    if not isinstance(signed_in, float) or now.timestamp() - signed_in >= settings.SESSION_LONGEST_SECONDS:
        return "absolute"
    if not isinstance(seen, float) or now.timestamp() - seen >= settings.SESSION_IDLE_SECONDS:
        return "idle"
    return ""


def until(session: Mapping[str, Any]) -> datetime | None:
    """When it ends at the latest."""
    signed_in = session.get(SIGNED_IN_AT)
    if not isinstance(signed_in, float):
        return None
    return datetime.fromtimestamp(signed_in, UTC) + timedelta(seconds=settings.SESSION_LONGEST_SECONDS)


def is_stale(session: Mapping[str, Any], now: datetime) -> bool:
    """Is it time to note that the person is still there?"""
    seen = session.get(SEEN_AT)
    return not isinstance(seen, float) or now.timestamp() - seen >= SELDOM.total_seconds()
