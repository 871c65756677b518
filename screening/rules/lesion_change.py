"""One lesion at two examinations: which belong together, and how it changed. A reader confirms each pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import dist, isfinite
from typing import Any, Literal

from screening.rules.doubling_time import DoublingTime, from_diameters, from_volumes, within_error
from screening.rules.growth import Growth, growth, tenths

# As far as two breaths may move a nodule inside lungs of one size.
REACH_MM = 15.0
Basis = Literal["model", "position", "place"]


@dataclass(frozen=True, slots=True)
class Lesion:
    """key: the finding's id in its own study. size_mm: mean diameter (lung) or long axis; volume_mm3 where measured.

    centre_mm: (x, y, z) inside the box of the organ, in mm from its corner, the box scaled to that of the other
    study by the caller; None where it is not known. side: "left", "right" or "".
    """

    key: str
    type: str
    location: str
    size_mm: float | None
    volume_mm3: float | None = None
    centre_mm: tuple[float, float, float] | None = None
    side: str = ""
    # The id of the earlier finding that the model itself matched, where it compared with this very study.
    matched: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two findings that are proposed as one lesion. basis: "model" as the model matched them, "position" by where
    they lie inside the organ, "place" as the only ones of their type at that place."""

    now: str
    then: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class LesionChange:
    """difference_mm, percent: of the size, now less then. growth: by Lung-RADS, of lung nodules only.

    doubling: None where neither volumes nor diameters tell, or where they changed within the error of measuring.
    """

    days: int
    difference_mm: float | None
    percent: float | None
    growth: Growth | None
    doubling: DoublingTime | None


def propose(
    now: Sequence[Lesion], then: Sequence[Lesion], rejected: frozenset[tuple[str, str]] = frozenset()
) -> list[Pair]:
    """Pairs of one lesion each, nobody in two of them; pairs a reader has `rejected` (now, then) are not proposed again.

    The model's own match counts first, then the nearest of one side within 15 mm, then one type at one place where
    both studies have just one such. What is not clear is not proposed.
    """
    known = {lesion.key for lesion in then}
    found = [
        Pair(lesion.key, lesion.matched, "model")
        for lesion in now
        if lesion.matched in known and (lesion.key, lesion.matched) not in rejected
    ]
    found += _nearest(_left(now, found, "now"), _left(then, found, "then"), rejected)
    found += _only_ones(_left(now, found, "now"), _left(then, found, "then"), rejected)
    return found


def _left(lesions: Sequence[Lesion], found: Sequence[Pair], end: Literal["now", "then"]) -> list[Lesion]:
    taken = {getattr(pair, end) for pair in found}
    return [lesion for lesion in lesions if lesion.key not in taken]


def _nearest(now: Sequence[Lesion], then: Sequence[Lesion], rejected: frozenset[tuple[str, str]]) -> list[Pair]:
    near = sorted(
        (dist(one.centre_mm, other.centre_mm), one.key, other.key)
        for one in now
        for other in then
        if one.centre_mm and other.centre_mm and _one_side(one, other) and (one.key, other.key) not in rejected
    )
    found: list[Pair] = []
    for distance, one_key, other_key in near:
        taken = any(pair.now == one_key or pair.then == other_key for pair in found)
        if distance <= REACH_MM and not taken:
            found.append(Pair(one_key, other_key, "position"))
    return found


def _one_side(one: Lesion, other: Lesion) -> bool:
    """A side that is not told, as of a finding that a reader drew, contradicts none."""
    return one.side == other.side or not one.side or not other.side


def _only_ones(now: Sequence[Lesion], then: Sequence[Lesion], rejected: frozenset[tuple[str, str]]) -> list[Pair]:
    def where(lesion: Lesion) -> tuple[str, str]:
        return lesion.type, lesion.location

    # Where a position is known on both days, it has spoken already.
    now = [lesion for lesion in now if lesion.location]
    counts = Counter(map(where, now)), Counter(map(where, then))
    return [
        Pair(one.key, other.key, "place")
        for one in now
        for other in then
        if where(one) == where(other)
        and not (one.centre_mm and other.centre_mm)
        and counts[0][where(one)] == counts[1][where(other)] == 1
        and (one.key, other.key) not in rejected
    ]


def centre_of_box(header: Mapping[str, Any], box: Any) -> tuple[float, float, float] | None:
    """The middle of a box [x0, y0, x1, y1] on an image, in mm (LPS); pixels count from the upper left edge, so that
    the first one's middle is (0.5, 0.5). None where the header does not say where the image lies.

    header: {"image_position", "image_orientation", "pixel_spacing"} as PS3.3 C.7.6.2.1.1 has them.
    """
    position, spacing = _numbers(header.get("image_position"), 3), _numbers(header.get("pixel_spacing"), 2)
    orientation, corners = _numbers(header.get("image_orientation"), 6), _numbers(box, 4)
    if not position or not spacing or not orientation or not corners:
        return None
    across = ((corners[0] + corners[2]) / 2 - 0.5) * spacing[1]
    down = ((corners[1] + corners[3]) / 2 - 0.5) * spacing[0]
    x, y, z = (position[axis] + orientation[axis] * across + orientation[axis + 3] * down for axis in range(3))
    return x, y, z


def _numbers(value: Any, count: int) -> list[float] | None:
    if not isinstance(value, list | tuple) or len(value) != count:
        return None
    usable = all(isinstance(each, int | float) and not isinstance(each, bool) and isfinite(each) for each in value)
    return [float(each) for each in value] if usable else None


def change(then: Lesion, now: Lesion, days: int, *, lung: bool) -> LesionChange:
    """How a lesion changed in `days`. Raises ValueError unless days > 0."""
    if days <= 0:
        raise ValueError("A change is measured against an earlier examination.")
    if not then.size_mm or not now.size_mm:
        return LesionChange(days, None, None, None, None)
    difference = float(tenths(now.size_mm) - tenths(then.size_mm))
    percent = 100.0 * (now.size_mm - then.size_mm) / then.size_mm
    if not lung:
        return LesionChange(days, difference, percent, None, None)
    grown = growth(then.size_mm, now.size_mm, days)
    doubling: DoublingTime | None = None
    if then.volume_mm3 and now.volume_mm3:
        # A time to double, made of a change within the error of measuring, would be a made-up number.
        if not within_error(then.volume_mm3, now.volume_mm3):
            doubling = from_volumes(then.volume_mm3, now.volume_mm3, days)
    elif grown.verdict != "stable":
        doubling = from_diameters(then.size_mm, now.size_mm, days)
    return LesionChange(days, difference, percent, grown, doubling)
