"""How soon somebody must be told of a critical result, and when a late one is escalated.

Tiers after the three categories of the ACR Actionable Reporting Work Group (minutes, hours, days). The limits in
minutes are local policy: a site sets its own for each programme; these hold where it has not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

TIERS = ("critical", "urgent", "soon")
TOP = frozenset({"critical", "urgent"})
DAY = 24 * 60
# A suspicious mammogram is answered by recall, not by a call: nothing in screening mammography is an emergency.
LIMITS: dict[str, dict[str, int | None]] = {
    "brain": {"critical": 30, "urgent": 60, "soon": DAY},
    "lung": {"critical": 30, "urgent": 60, "soon": 2 * DAY},
    "breast": {"critical": 30, "urgent": 60, "soon": None},
}
OTHER: dict[str, int | None] = {"critical": 30, "urgent": 60, "soon": 2 * DAY}
LONGEST = 30 * DAY
ESCALATIONS = 3
# Who hears it and says it back knows it; a message waits until its receiver says so.
HEARD = frozenset({"phone", "in_person"})


def default_limit(programme: str, tier: str) -> int | None:
    """Minutes from finding it to telling it; None: this tier opens no task."""
    return LIMITS.get(programme, OTHER).get(tier)


def next_escalation(due_at: datetime, limit_minutes: int, escalated: int) -> datetime | None:
    """When a task that nobody has dealt with is escalated for the time after `escalated` times: when it is
    late, and again after each further limit, three times in all. None: no more."""
    if escalated >= ESCALATIONS:
        return None
    return due_at + timedelta(minutes=limit_minutes) * escalated


def closes_the_loop(means: str, read_back_by: str) -> bool:
    """Is the result known to be received with the telling itself?"""
    return means in HEARD and bool(read_back_by.strip())
