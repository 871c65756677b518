"""Midline shift: how far the septum pellucidum stands off the ideal midline, and towards which side.

Measured at the level of the foramen of Monro. The ideal midline runs from the inner table at the frontal
crest to the internal occipital protuberance; where that line cannot be drawn, half the inner width of the
skull serves in its place. 5 mm and more is significant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from screening.rules.reasons import Reason

SIGNIFICANT_MM = 5.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MidlineShift:
    """shift_mm: 0 or more. towards: the side the septum moved to, None without a shift. significant: 5 mm or more."""

    shift_mm: float
    towards: Literal["left", "right"] | None
    significant: bool
    reasons: tuple[Reason, ...]


def shift_from_line(front: Point, back: Point, septum: Point) -> MidlineShift:
    """The septum's distance from the line through both ends of the falx.

    Points (x, y) in mm of one axial slice, x towards the patient's left, y towards the back (LPS).
    Raises ValueError when the front end is not in front of the back end.
    """
    along = (back[0] - front[0], back[1] - front[1])
    length = math.hypot(*along)
    if along[1] <= 0.0:
        raise ValueError("The line runs from the front to the back.")
    leftwards = ((septum[0] - front[0]) * along[1] - (septum[1] - front[1]) * along[0]) / length
    return _shift(leftwards, "from the line between the frontal crest and the occipital protuberance")


def shift_from_width(width_mm: float, left_table_to_septum_mm: float) -> MidlineShift:
    """Half the inner width of the skull less the septum's distance from the left inner table.

    Raises ValueError unless the septum lies inside the skull.
    """
    if not 0.0 <= left_table_to_septum_mm <= width_mm or width_mm <= 0.0:
        raise ValueError("The septum lies inside the skull.")
    return _shift(width_mm / 2 - left_table_to_septum_mm, "from half the inner width of the skull")


def _shift(leftwards: float, measured: str) -> MidlineShift:
    # Compared as it is printed: what reads as 5.0 mm counts as 5 mm.
    size = round(abs(leftwards), 1)
    towards: Literal["left", "right"] | None = None if size == 0.0 else "left" if leftwards > 0 else "right"
    significant = size >= SIGNIFICANT_MM
    side = f" towards the {towards}" if towards else ""
    limit = "at least" if significant else "less than"
    text = f"The septum stands {size:.1f} mm{side} {measured}, {limit} {SIGNIFICANT_MM:.0f} mm."
    return MidlineShift(
        size, towards, significant, (Reason("midline_shift", size, "mm", text, threshold=SIGNIFICANT_MM),)
    )
