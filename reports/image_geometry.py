"""How large the pixels of an image are, and in which plane that holds. Pure: header facts in, facts out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reports.hanging import numbers

# Images of a shadow: what lies nearer to the tube is larger on the detector than in the patient.
PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "PX", "IO", "RG"})
SAME = 1e-6
# A volume: slices whose planes differ by no more than this (cosines, mm), and whose distances by no more than 5 %.
TURNED, STRETCHED, UNEVEN = 1e-3, 1e-3, 0.05
MIN_SLICES = 4


def spacing_of(header: Mapping[str, Any], modality: str) -> dict[str, Any]:
    """{"spacing": [mm between rows, mm between columns] or None, "spacing_at": "patient", "detector" or ""}.

    A projection's PixelSpacing holds in the patient only where it differs from ImagerPixelSpacing, that is, where
    somebody calibrated it (PS3.3 10.7.1.3); otherwise both are those of the detector.
    """
    patient, detector = _positive(header.get("pixel_spacing")), _positive(header.get("imager_pixel_spacing"))
    found = patient or detector
    if found is None:
        return {"spacing": None, "spacing_at": ""}
    if modality in PROJECTIONS:
        calibrated = patient and detector and any(abs(a - b) > SAME for a, b in zip(patient, detector, strict=True))
        return {"spacing": list(found), "spacing_at": "patient" if calibrated else "detector"}
    return {"spacing": list(found), "spacing_at": "patient" if patient else "detector"}


def _positive(value: Any) -> tuple[float, ...] | None:
    found = numbers(value, 2)
    return found if found and all(0 < each < math.inf for each in found) else None


def volume_of(headers: Sequence[Mapping[str, Any]], sizes: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    """Whether a stack is a volume that other planes can be cut from, and where it lies.

    headers: of the slices in the order in which they hang. sizes: (rows, columns, frames) of each. → {"origin" (mm,
    LPS, of the first slice's first pixel), "step" (mm from slice to slice), "row", "column" (unit vectors),
    "spacing" (mm between rows, columns)}, or {"refused": code, …} with what its sentence needs. A tilted gantry
    is no reason: its step is not along the normal, and whoever cuts planes moves each slice by that.
    """
    if len(headers) < MIN_SLICES:
        return {"refused": "few"}
    if any(frames > 1 for _rows, _columns, frames in sizes):
        return {"refused": "frames"}
    places = [numbers(header.get("image_position"), 3) for header in headers]
    facing = [numbers(header.get("image_orientation"), 6) for header in headers]
    spacings = [_positive(header.get("pixel_spacing")) for header in headers]
    if None in places or None in facing or None in spacings:
        return {"refused": "unplaced"}
    known = [place for place in places if place], [each for each in facing if each], [each for each in spacings if each]
    return _even(*known) if len(set(sizes)) == 1 else {"refused": "mixed"}


def _even(
    places: list[tuple[float, ...]], facing: list[tuple[float, ...]], spacings: list[tuple[float, ...]]
) -> dict[str, Any]:
    orientation, spacing = facing[0], spacings[0]
    if any(math.dist(each, orientation) > TURNED for each in facing) or any(
        math.dist(each, spacing) > STRETCHED for each in spacings
    ):
        return {"refused": "mixed"}
    row, column = _unit(orientation[:3]), _unit(orientation[3:])
    if row is None or column is None or abs(sum(a * b for a, b in zip(row, column, strict=True))) > TURNED:
        return {"refused": "unplaced"}
    normal = _cross(row, column)
    heights = [sum(a * b for a, b in zip(place, normal, strict=True)) for place in places]
    gaps = [after - before for before, after in pairwise(heights)]
    usual = sorted(gaps, key=abs)[len(gaps) // 2]
    for number, gap in enumerate(gaps, start=1):
        if abs(gap - usual) > UNEVEN * abs(usual) or usual == 0:
            missing = usual != 0 and gap / usual > 1.5
            return {"refused": "missing" if missing else "uneven", "after": number}
    count = len(places) - 1
    step = [(last - first) / count for first, last in zip(places[0], places[-1], strict=True)]
    strayed = (
        math.dist(place, [start + index * each for start, each in zip(places[0], step, strict=True)])
        for index, place in enumerate(places)
    )
    if any(away > abs(usual) / 2 for away in strayed):
        return {"refused": "uneven", "after": 1}
    return {"origin": list(places[0]), "step": step, "row": row, "column": column, "spacing": list(spacing)}


def _unit(vector: tuple[float, ...]) -> list[float] | None:
    length = math.hypot(*vector)
    return [each / length for each in vector] if length > SAME else None


def _cross(a: list[float], b: list[float]) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
