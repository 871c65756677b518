"""One woman's marks against each other: CC with MLO of one breast, left with right in one view.

A place keeps about its distance from the nipple when the breast is turned under the paddle, so a mark of one view is
looked for in an arc of the other (Zheng 2006; van Engeland 2006). Normal tissue is much alike on both sides,
so a mark with a counterpart in the mirror place of the other breast says less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.optimize import linear_sum_assignment

ARC_MM = 30.0
ARC_UNIT_MM = 15.0
MOST_SIZE_RATIO = 2.5
SIZE_UNIT = 0.4
MIRROR_MM = 18.0
NO_SUPPORT = -8.0


@dataclass(frozen=True, slots=True)
class SeenMark:
    """A mark of one view. side: "R" or "L"; view: "CC" or "MLO"; from_nipple_mm; rise_mm: above (MLO) or outside of (CC)
    the nipple's level; size_mm: long axis; probability: 0–1, of being a mass."""

    side: str
    view: str
    from_nipple_mm: float
    rise_mm: float
    size_mm: float
    probability: float


def support(mark: SeenMark, others: Sequence[SeenMark]) -> float:
    """How much the other view's marks speak for this one: the best of their log odds of being a mass, less what they
    differ in distance from the nipple ((difference / 15 mm)² / 2) and size (0.4 in log size, one unit); −8 at least."""
    return max([NO_SUPPORT, *(_odds(other.probability) - _unlike(mark, other) for other in others)])


def match_views(marks: Sequence[SeenMark]) -> dict[int, int]:
    """For each mark (by place) that has one, its partner in the other view of the same breast; both ways, one to one,
    as many pairs as can be and of these the most alike.

    A pair is possible when the distances from the nipple differ by at most 30 mm and the sizes by at most 2.5 times: 90 % of
    the masses of CBIS-DDSM that are marked in both views lie within 31 mm.
    """
    pairs: dict[int, int] = {}
    for side in sorted({mark.side for mark in marks}):
        one, other = (
            [n for n, mark in enumerate(marks) if (mark.side, mark.view) == (side, view)] for view in ("CC", "MLO")
        )
        if not one or not other:
            continue
        possible = np.array([[_possible(marks[a], marks[b]) for b in other] for a in one])
        unlike = np.array([[_unlike(marks[a], marks[b]) for b in other] for a in one])
        costs = np.where(possible, unlike, 1e3)
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if possible[row, column]:
                pairs[one[row]], pairs[other[column]] = other[column], one[row]
    return pairs


def mirrored(marks: Sequence[SeenMark]) -> dict[int, int]:
    """For each mark that has one, the nearest mark in the mirror place of the other breast in the same view, within 18 mm of
    it (by distance from the nipple and height) and of at most 2.5 times the size."""
    found: dict[int, int] = {}
    for place, mark in enumerate(marks):
        near = [
            (_apart(mark, other), n)
            for n, other in enumerate(marks)
            if other.view == mark.view and other.side != mark.side and _size_ratio(mark, other) <= MOST_SIZE_RATIO
        ]
        if near and min(near)[0] <= MIRROR_MM:
            found[place] = min(near)[1]
    return found


def _possible(mark: SeenMark, other: SeenMark) -> bool:
    return abs(mark.from_nipple_mm - other.from_nipple_mm) <= ARC_MM and _size_ratio(mark, other) <= MOST_SIZE_RATIO


def _unlike(mark: SeenMark, other: SeenMark) -> float:
    away = (mark.from_nipple_mm - other.from_nipple_mm) / ARC_UNIT_MM
    return away**2 / 2.0 + log(_size_ratio(mark, other)) / SIZE_UNIT


def _apart(mark: SeenMark, other: SeenMark) -> float:
    return float(np.hypot(mark.from_nipple_mm - other.from_nipple_mm, mark.rise_mm - other.rise_mm))


def _size_ratio(mark: SeenMark, other: SeenMark) -> float:
    small, large = sorted((max(mark.size_mm, 1.0), max(other.size_mm, 1.0)))
    return large / small


def _odds(value: float) -> float:
    clipped = min(max(value, 1e-4), 1.0 - 1e-4)
    return log(clipped / (1.0 - clipped))
