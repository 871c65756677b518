"""Every string the reading room's script shows, in the viewer's language."""

from __future__ import annotations

from reports.finding_strings import finding_strings
from reports.hanging_strings import hanging_strings
from reports.review_strings import review_strings
from reports.room_strings import room_strings
from reports.window_strings import window_strings


def strings() -> dict[str, str]:
    return room_strings() | review_strings() | finding_strings() | hanging_strings() | window_strings()
