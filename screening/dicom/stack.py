"""A stack of slices as a volume: where each lies, which planes can be cut from it, and what lies in such a plane.

Pure: header facts in, geometry out (PS3.3 C.7.6.2). Lengths are millimetres, places patient coordinates (LPS).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise, permutations
from typing import Any

from screening.dicom.measuring import MeasuringError, Point

Vector = Sequence[float]

# Kinds whose slices are meant to make a volume.
VOLUMES = frozenset({"CT", "MR", "PT"})
# Slices whose planes differ by no more than this are of one volume (cosines, mm); even where no distance is further
# than 5 % from the usual one; two that are nearer than a hundredth of a millimetre lie on each other.
TURNED, STRETCHED, UNEVEN, SAME_MM = 1e-3, 1e-3, 0.05, 0.01
MIN_SLICES = 4
# A distance so much longer than those on either side of it, of which this many count, is a gap without slices.
HOLE, AROUND = 1.5, 3
TILTED_DEGREES = 0.5
SMALL = 1e-6
# How far from one plane the points of a measurement may lie: what rounding to a thousandth leaves.
FLAT_MM = 0.05
# Which way each plane is looked at: what runs right, down and through it, in patient coordinates.
VIEWS: dict[str, tuple[Vector, Vector, Vector]] = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
}


def volume_of(headers: Sequence[Mapping[str, Any]], sizes: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    """Whether a stack is a volume that other planes can be cut from, and where it lies.

    headers: of the slices in order along their normal. sizes: (rows, columns, frames) of each. → {"origin" (of the
    first slice's first pixel), "row", "column" (unit vectors), "spacing" (mm between rows, columns), "tilt" (degrees
    between the way the slices go and their normal, 0 when upright)} and, of an even stack, "step" (mm from slice to
    slice); of an uneven one "places" ([along row, along column, along row × column] of each slice's first pixel from
    the first one's), "gaps" ([least, most] mm between neighbours) and "holes" (after which slices, from 0, some are
    missing). Or {"refused": code, …} with what its sentence needs.
    """
    if len(headers) < MIN_SLICES:
        return {"refused": "few"}
    if any(frames > 1 for _rows, _columns, frames in sizes):
        return {"refused": "frames"}
    places = [_numbers(header.get("image_position"), 3) for header in headers]
    facing = [_numbers(header.get("image_orientation"), 6) for header in headers]
    spacings = [_spacing(header) for header in headers]
    if None in places or None in facing or None in spacings:
        return {"refused": "unplaced"}
    if len(set(sizes)) != 1:
        return {"refused": "mixed"}
    known = [place for place in places if place], [each for each in facing if each], [each for each in spacings if each]
    return _placed(*known, size=sizes[0])


def along_normal(header: Mapping[str, Any]) -> float:
    """Millimetres along row × column, to put slices in order; 0 where the header does not say."""
    place, facing = _numbers(header.get("image_position"), 3), _numbers(header.get("image_orientation"), 6)
    return _dot(place, _cross(facing[:3], facing[3:])) if place and facing else 0.0


def _placed(
    places: Sequence[Vector], facing: Sequence[Vector], spacings: Sequence[Vector], size: tuple[int, int, int]
) -> dict[str, Any]:
    orientation, spacing = facing[0], spacings[0]
    if any(math.dist(each, orientation) > TURNED for each in facing) or any(
        math.dist(each, spacing) > STRETCHED for each in spacings
    ):
        return {"refused": "mixed"}
    row, column = _unit(orientation[:3]), _unit(orientation[3:])
    if row is None or column is None or abs(_dot(row, column)) > TURNED:
        return {"refused": "unplaced"}
    axes = (row, column, _cross(row, column))
    along = [[_dot(_minus(place, places[0]), axis) for axis in axes] for place in places]
    gaps = [after[2] - before[2] for before, after in pairwise(along)]
    for number, gap in enumerate(gaps, start=1):
        if abs(gap) < SAME_MM:
            return {"refused": "duplicate", "after": number}
        if gap * gaps[0] < 0:
            return {"refused": "mixed"}
    # Further aside than the image is wide they are no stack, whatever their direction.
    if any(abs(a) > size[1] * spacing[1] or abs(b) > size[0] * spacing[0] for a, b, _height in along):
        return {"refused": "beside"}
    found = {
        "origin": list(places[0]),
        "row": row,
        "column": column,
        "spacing": list(spacing),
        "tilt": _tilt(along[-1]),
    }
    return found | (_step(along, axes, gaps) or _each(along, [abs(gap) for gap in gaps]))


def _step(along: list[list[float]], axes: Sequence[Vector], gaps: list[float]) -> dict[str, Any] | None:
    """{"step"} where one step leads from each slice to the next, None where it does not."""
    usual = sorted(gaps, key=abs)[len(gaps) // 2]
    if any(abs(gap - usual) > UNEVEN * abs(usual) for gap in gaps):
        return None
    count = len(gaps)
    step = [part / count for part in along[-1]]
    if any(math.dist(each, [index * part for part in step]) > abs(usual) / 2 for index, each in enumerate(along)):
        return None
    return {"step": [sum(part * axis[way] for part, axis in zip(step, axes, strict=True)) for way in range(3)]}


def _each(along: list[list[float]], gaps: list[float]) -> dict[str, Any]:
    return {
        "places": [[round(part, 4) for part in each] for each in along],
        "gaps": [round(min(gaps), 2), round(max(gaps), 2)],
        "holes": [at for at in range(len(gaps)) if _is_hole(gaps, at)],
    }


def _is_hole(gaps: list[float], at: int) -> bool:
    """Longer than what is usual on both sides: where thin slices end and thick ones begin nothing is missing."""
    sides = [side for side in (gaps[max(0, at - AROUND) : at], gaps[at + 1 : at + 1 + AROUND]) if side]
    return all(gaps[at] > HOLE * sorted(side)[(len(side) - 1) // 2] for side in sides)


def _tilt(whole: Vector) -> float:
    """Degrees between the way from the first slice to the last and their normal."""
    tilt = math.degrees(math.atan2(math.hypot(whole[0], whole[1]), abs(whole[2])))
    return round(tilt, 1) if tilt > TILTED_DEGREES else 0.0


def axis_across(name: str, axes: Sequence[Vector]) -> int:
    """Which axis of a volume (0 along rows, 1 down columns, 2 from slice to slice) the plane is cut across.

    Raises `MeasuringError` for a plane without a name.
    """
    if name not in VIEWS:
        raise MeasuringError("There is no such plane.")
    view = VIEWS[name]

    def fits(order: tuple[int, ...]) -> float:
        return round(sum(abs(_dot(way, axes[axis])) for way, axis in zip(view, order, strict=True)), 9)

    return max(permutations(range(3)), key=fits)[2]


def points_in_plane(
    volume: Mapping[str, Any], size: tuple[int, int, int], name: str, points: Sequence[Vector]
) -> tuple[list[Point], int]:
    """Where places in the patient lie in a plane of a volume: millimetres along its two axes, and the slice (from 0)
    that lies nearest to their middle.

    volume: of `volume_of`, not refused. size: rows, columns, slices. Raises `MeasuringError` for places that do not lie in
    one such plane, or far beside the volume.
    """
    axes = (volume["row"], volume["column"], _cross(volume["row"], volume["column"]))
    across = axis_across(name, axes)
    placed = [[_dot(_minus(point, volume["origin"]), axis) for axis in axes] for point in points]
    depths = [each[across] for each in placed]
    if max(depths) - min(depths) > FLAT_MM:
        raise MeasuringError("The points do not lie in one plane.")
    heights = _heights(volume, size[2])
    reach = [size[1] * volume["spacing"][1], size[0] * volume["spacing"][0], max(heights) - min(heights)]
    least = [0.0, 0.0, min(heights)]
    for each in placed:
        if any(not low - most <= part <= low + 2 * most for part, low, most in zip(each, least, reach, strict=True)):
            raise MeasuringError("A point lies far beside the image.")
    kept = [axis for axis in range(3) if axis != across]
    middle = sum(each[2] for each in placed) / len(placed)
    nearest = min(range(len(heights)), key=lambda at: abs(heights[at] - middle))
    return [(each[kept[0]], each[kept[1]]) for each in placed], nearest


def _heights(volume: Mapping[str, Any], count: int) -> list[float]:
    """Each slice's place along row × column from the first one's, in mm."""
    if "places" in volume:
        return [each[2] for each in volume["places"]]
    step = _dot(volume["step"], _cross(volume["row"], volume["column"]))
    return [index * step for index in range(count)]


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        return None
    try:
        numbers = tuple(float(each) for each in value)
    except (TypeError, ValueError):
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None


def _spacing(header: Mapping[str, Any]) -> tuple[float, ...] | None:
    found = _numbers(header.get("pixel_spacing"), 2)
    return found if found and all(each > 0 for each in found) else None


def _unit(vector: Vector) -> list[float] | None:
    length = math.hypot(*vector)
    return [each / length for each in vector] if length > SMALL else None


def _dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _minus(a: Vector, b: Vector) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _cross(a: Vector, b: Vector) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
