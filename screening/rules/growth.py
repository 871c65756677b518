"""Whether a nodule grew, by ACR Lung-RADS v2022: its mean diameter by more than 1.5 mm within 12 months.

The "(> 2 mm³)" printed beside 1.5 mm in the standard is the volume of a ball of that width and no limit of growth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Literal

from screening.rules.reasons import Reason

LIMIT_MM = Decimal("1.5")
TWELVE_MONTHS_DAYS = 366
MONTH_DAYS = 30.4375
Verdict = Literal["growing", "increased", "stable", "decreased"]


@dataclass(frozen=True, slots=True)
class Growth:
    """How a size changed between two examinations.

    verdict: "growing" as the standard defines it; "increased", more than 1.5 mm larger but over more than 12
    months and at most 1.5 mm in 12 of them; "decreased", more than 1.5 mm smaller; else "stable".
    difference_mm: now less then, to 0.1 mm.
    """

    verdict: Verdict
    difference_mm: float
    days: int
    reason: Reason


def tenths(value: float) -> Decimal:
    """A size in mm to 0.1 mm, halves up, free of binary fractions."""
    return Decimal(repr(float(value))).quantize(Decimal("0.1"), ROUND_HALF_UP)


def whole_months(days: int) -> int:
    """Days as months, to the nearest whole one: a 6-month CT may fall a fortnight early."""
    return int((Decimal(days) / Decimal(str(MONTH_DAYS))).quantize(Decimal(1), ROUND_HALF_UP))


def growth(then_mm: float, now_mm: float, days: int) -> Growth:
    """Compare two mean diameters (mm) of a nodule or of its solid component, `days` apart.

    Raises ValueError unless days > 0: a comparison needs an earlier examination.
    """
    if days <= 0:
        raise ValueError("Growth is measured against an earlier examination.")
    difference = tenths(now_mm) - tenths(then_mm)
    in_a_year = difference if days <= TWELVE_MONTHS_DAYS else difference * 365 / days
    verdict: Verdict
    if in_a_year > LIMIT_MM:
        verdict = "growing"
    elif difference > LIMIT_MM:
        verdict = "increased"
    else:
        verdict = "decreased" if difference < -LIMIT_MM else "stable"
    text = f"The mean diameter went from {tenths(then_mm)} to {tenths(now_mm)} mm in {days} days ({difference:+} mm)"
    if verdict == "growing":
        text += f", more than {LIMIT_MM} mm within 12 months: growth."
    elif verdict == "increased":
        text += f", which is {in_a_year:.1f} mm in 12 months: larger, but no growth by definition."
    elif verdict == "decreased":
        text += f", smaller by more than {LIMIT_MM} mm."
    else:
        text += f", within {LIMIT_MM} mm: stable."
    reason = Reason("growth", float(difference), "mm", text, threshold=float(LIMIT_MM))
    return Growth(verdict, float(difference), days, reason)


def is_slow_growth(trail: Sequence[tuple[date, float]]) -> bool:
    """Did a nodule grow over several examinations, though in no 12 months by more than 1.5 mm?

    trail: date and mean diameter (mm) at each examination, oldest first. True for three examinations or
    more without a decrease between any two, at least two increases, and more than 1.5 mm in all.
    """
    steps = [growth(then, now, (later - earlier).days) for (earlier, then), (later, now) in pairwise(trail)]
    if len(steps) < 2 or any(step.verdict == "growing" or step.difference_mm < 0 for step in steps):
        return False
    rises = sum(step.difference_mm > 0 for step in steps)
    return rises >= 2 and tenths(trail[-1][1]) - tenths(trail[0][1]) > LIMIT_MM
