"""What a report recommends, as data: an interval, the day it is due, and what the programme's own rule suggests."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from screening.rules.lung_rads import MANAGEMENT

UNITS = ("days", "weeks", "months")
LONGEST = {"days": 730, "weeks": 260, "months": 60}
# Days after the due day before an outstanding recommendation counts as overdue.
GRACE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Suggestion:
    """kind: "imaging" or "referral". number, unit: the interval from the exam that is reported."""

    kind: str
    what: str
    number: int
    unit: str


def due_on(exam: date, number: int, unit: str) -> date:
    """The day that many days, weeks or calendar months after the exam; the last of a shorter month.

    Raises ValueError for an unknown unit or an interval out of range.
    """
    if unit not in UNITS or not 1 <= number <= LONGEST[unit]:
        raise ValueError("An interval is a number of days, weeks or months.")
    if unit != "months":
        return exam + timedelta(days=number * (7 if unit == "weeks" else 1))
    months = exam.year * 12 + exam.month - 1 + number
    year, month = divmod(months, 12)
    return date(year, month + 1, min(exam.day, calendar.monthrange(year, month + 1)[1]))


def is_overdue(due: date, today: date) -> bool:
    """The due day and the days of grace have passed."""
    return today > due + timedelta(days=GRACE_DAYS)


def suggested(programme: str, category: str | None) -> Suggestion | None:
    """What the programme's rule recommends for the category; None where it names no interval."""
    if programme != "lung" or category is None:
        return None
    months = MANAGEMENT[category].months if category in MANAGEMENT else None
    return Suggestion("imaging", "Low-dose CT of the chest", months, "months") if months else None
