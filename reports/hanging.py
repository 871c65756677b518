"""In which order the images of a study hang. Pure: header facts in, an order out.

Header values come from DICOM tags, so each is checked and an unusable one counts as absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# RCC LCC over RMLO LMLO, chest walls back to back.
MAMMOGRAPHY_VIEWS = ("CC", "MLO")
MAMMOGRAPHY_SIDES = ("R", "L")
# PS3.16 CID 4014, the codes of SNOMED RT and of SNOMED CT.
VIEW_CODES = {"R-10242": "CC", "399162004": "CC", "R-10226": "MLO", "399368009": "MLO"}
LAST = len(MAMMOGRAPHY_VIEWS) * len(MAMMOGRAPHY_SIDES)
SIDE_WORDS = {"R": "R", "RT": "R", "RIGHT": "R", "L": "L", "LT": "L", "LEFT": "L"}
# The columns of an MLO run to the feet and to the other side of the body (PS3.3 C.7.6.1.1.1), or, where it was
# turned round, to the head and to its own side: that tells the breast. Those of a CC tell none.
MLO_SIDES = {"FL": "R", "LF": "R", "HR": "R", "RH": "R", "FR": "L", "RF": "L", "HL": "L", "LH": "L"}
PLANES = ("sagittal", "coronal", "axial")


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers, None where the value is anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        return None
    try:
        numbers = tuple(float(each) for each in value)
    except (TypeError, ValueError):
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None


def position_along_normal(header: Mapping[str, Any]) -> float | None:
    """Millimetres along the slice normal (PS3.3 C.7.6.2.1.1), in reading order; None when unknown.

    The sign is chosen so that rising values read an axial stack from the head down, a coronal one
    from front to back and a sagittal one from right to left.
    """
    position = numbers(header.get("image_position"), 3)
    orientation = numbers(header.get("image_orientation"), 6)
    if position is None or orientation is None:
        return None
    row, column = orientation[:3], orientation[3:]
    normal = (
        row[1] * column[2] - row[2] * column[1],
        row[2] * column[0] - row[0] * column[2],
        row[0] * column[1] - row[1] * column[0],
    )
    length = math.sqrt(sum(part * part for part in normal))
    if length < 0.5:
        return None
    main = max(range(3), key=lambda axis: abs(normal[axis]))
    reading = -1.0 if main == 2 else 1.0
    sign = math.copysign(1.0, normal[main]) * reading
    return sign * sum(part * where for part, where in zip(normal, position, strict=True)) / length


def stack_key(header: Mapping[str, Any], number: int | None) -> tuple[bool, float, bool, int]:
    """Sorts images of one series by position, those without one after them by InstanceNumber."""
    along = position_along_normal(header)
    return (along is None, along or 0.0, number is None, number or 0)


def reads_from_the_feet(images: Sequence[tuple[Mapping[str, Any], int | None]]) -> bool:
    """Does the scanner number this axial stack from the feet up? (header, InstanceNumber), head first.

    Its own direction then holds, so that the viewer counts slices as `screening.dicom.volume.slice_numbers` does.
    """
    numbers = [number for header, number in images if position_along_normal(header) is not None and number is not None]
    return len(numbers) == len(images) > 1 and all(low < high for low, high in pairwise(reversed(numbers)))


def view_of(header: Mapping[str, Any]) -> tuple[str, str]:
    """(side "R", "L" or "", view in capitals or ""): ViewPosition, else the code of the view.

    A modified view (magnification, spot compression: PS3.16 CID 4015) is named with an "M" after
    a plus sign, so that it never takes the place of the plain one.
    """
    side = str(header.get("laterality") or "").strip().upper()
    view = str(header.get("view_position") or "").strip().upper()[:16]
    if view[:1] in MAMMOGRAPHY_SIDES and view[1:] in MAMMOGRAPHY_VIEWS:
        side, view = side or view[0], view[1:]
    view = view or VIEW_CODES.get(str(header.get("view_code") or "").strip(), "")
    return (side if side in MAMMOGRAPHY_SIDES else "", f"{view}+M" if view and header.get("view_modifiers") else view)


@dataclass(frozen=True, slots=True)
class Film:
    """What a mammogram shows. side: "R", "L" or ""; view: in capitals or "".

    taken_from: "tag" where the file's own fields say the side, "words" where the description of the series does,
    "orientation" where only the direction of its columns does, "" where nothing does.
    """

    side: str
    view: str
    taken_from: str


def film_of(header: Mapping[str, Any], description: str) -> Film:
    """Side and view of a mammogram; without its tags, what the description and the orientation agree on.

    A side on which they disagree is not given, nor one of an image that shows both breasts.
    """
    side, view = view_of(header)
    words = set(re.split(r"[^A-Z0-9]+", description.upper()[:256]))
    if not view:
        named = {name for name in MAMMOGRAPHY_VIEWS if words & {name, *(f"{each}{name}" for each in MAMMOGRAPHY_SIDES)}}
        view = named.pop() if len(named) == 1 and not header.get("view_modifiers") else ""
    if side or header.get("laterality"):
        return Film(side, view, "tag" if side else "")
    said = {SIDE_WORDS[word] for word in words & set(SIDE_WORDS)}
    said |= {word[0] for word in words if word[:1] in MAMMOGRAPHY_SIDES and word[1:] in MAMMOGRAPHY_VIEWS}
    columns = (header.get("patient_orientation") or ["", ""])[1:2]
    shown = {MLO_SIDES[str(column)] for column in columns if view == "MLO" and str(column) in MLO_SIDES}
    found = said | shown
    if len(found) != 1:
        return Film("", view, "")
    return Film(found.pop(), view, "words" if said else "orientation")


def hangs_in_a_place(header: Mapping[str, Any], frames: int) -> bool:
    """May the image take one of the four places? Not when it is for processing, tomosynthesis or a modified view."""
    intent = str(header.get("presentation_intent") or "").strip().upper()
    return frames == 1 and intent != "FOR PROCESSING" and not header.get("view_modifiers")


def plane_of(header: Mapping[str, Any]) -> str:
    """ "axial", "coronal" or "sagittal", whichever the image lies nearest to; "" when that is not known."""
    cosines = numbers(header.get("image_orientation"), 6)
    if cosines is None:
        return ""
    row, column = cosines[:3], cosines[3:]
    normal = [
        abs(row[(axis + 1) % 3] * column[(axis + 2) % 3] - row[(axis + 2) % 3] * column[(axis + 1) % 3])
        for axis in range(3)
    ]
    return PLANES[normal.index(max(normal))] if max(normal) > 0.5 else ""


def mammography_place(header: Mapping[str, Any]) -> int:
    """0–3 for RCC, LCC, RMLO, LMLO; 4 for any other view, which hangs after them."""
    side, view = view_of(header)
    if side not in MAMMOGRAPHY_SIDES or view not in MAMMOGRAPHY_VIEWS:
        return LAST
    return MAMMOGRAPHY_VIEWS.index(view) * len(MAMMOGRAPHY_SIDES) + MAMMOGRAPHY_SIDES.index(side)


def is_localiser(header: Mapping[str, Any]) -> bool:
    """ImageType (0008,0008) value 3 LOCALIZER, as scouts and topograms carry it."""
    kinds = header.get("image_type")
    kinds = kinds.split("\\") if isinstance(kinds, str) else kinds
    return isinstance(kinds, Sequence) and any(str(kind).strip().upper() == "LOCALIZER" for kind in kinds)
