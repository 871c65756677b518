"""The volume of a haemorrhage by ABC/2, and whether it grew.

Kothari RU et al., Stroke 1996;27:1304: half the product of the largest diameter A on the slice with the
largest area, the largest diameter B at right angles to it on the same slice, and the height C, in which
each slice counts by how much of the largest area it shows. Distances between slices are those of their
positions, never the SliceThickness.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from screening.rules.reasons import Reason

WHOLE_FROM = 0.75
HALF_FROM = 0.25
EXPANSION_SHARE = 0.33
EXPANSION_ML = 6.0


@dataclass(frozen=True, slots=True)
class Abc2:
    """volume_ml, and the three lengths in mm it is made of with how many slices counted whole and half."""

    volume_ml: float
    a_mm: float
    b_mm: float
    c_mm: float
    whole_slices: int
    half_slices: int
    reasons: tuple[Reason, ...]


def slice_weight(area: float, largest: float) -> float:
    """How much a slice counts for the height: 1 from 75 % of the largest area on, 0.5 from 25 % on, else 0.

    Raises ValueError unless 0 ≤ area ≤ largest and largest > 0.
    """
    if not 0.0 <= area <= largest or largest <= 0.0:
        raise ValueError("A slice's area lies between 0 and the largest area.")
    share = area / largest
    return 1.0 if share >= WHOLE_FROM else 0.5 if share >= HALF_FROM else 0.0


def ellipsoid_ml(a_mm: float, b_mm: float, c_mm: float, *, irregular: bool = False) -> float:
    """A·B·C/2 in millilitres from lengths in mm; ABC/3 for an irregular or many-lobed bleed.

    A crescent (subdural) takes its greatest length, thickness and height as A, B and C.
    Raises ValueError for a negative or infinite length.
    """
    if not all(math.isfinite(length) and length >= 0.0 for length in (a_mm, b_mm, c_mm)):
        raise ValueError("Lengths are finite and not negative.")
    return a_mm * b_mm * c_mm / 1000.0 / (3.0 if irregular else 2.0)


def abc2(a_mm: float, b_mm: float, areas_mm2: Sequence[float], spacing_mm: float, *, irregular: bool = False) -> Abc2:
    """The volume from the two diameters and the bleed's area on every slice.

    a_mm, b_mm: long axis and the largest diameter at right angles to it, on the slice with the largest
    area. areas_mm2: one for each slice of even distance `spacing_mm`, in any order.
    Raises ValueError without any area above 0, for b > a, or for a distance that is not above 0.
    """
    if not areas_mm2 or max(areas_mm2) <= 0.0:
        raise ValueError("There is no slice with a bleed.")
    if not math.isfinite(spacing_mm) or spacing_mm <= 0.0:
        raise ValueError("The distance between slices must be above 0.")
    if b_mm > a_mm:
        raise ValueError("A is the longer diameter.")
    largest = max(areas_mm2)
    weights = [slice_weight(area, largest) for area in areas_mm2]
    c_mm = sum(weights) * spacing_mm
    volume = ellipsoid_ml(a_mm, b_mm, c_mm, irregular=irregular)
    whole, half = weights.count(1.0), weights.count(0.5)
    divisor = 3 if irregular else 2
    return Abc2(
        volume,
        a_mm,
        b_mm,
        c_mm,
        whole,
        half,
        (
            Reason("a", round(a_mm, 1), "mm", f"A, the longest diameter, is {a_mm:.1f} mm."),
            Reason("b", round(b_mm, 1), "mm", f"B, the largest diameter at right angles to A, is {b_mm:.1f} mm."),
            Reason(
                "c",
                round(c_mm, 1),
                "mm",
                f"C, the height, is {c_mm:.1f} mm: {whole} slices count whole (75 % of the largest area or more) and "
                f"{half} count half (25 to 75 %), {spacing_mm:.2f} mm apart.",
            ),
            Reason("volume", round(volume, 1), "ml", f"A × B × C / {divisor} is {volume:.1f} mL."),
        ),
    )


def voxel_ml(voxels: int, spacing_mm: tuple[float, float, float]) -> float:
    """Volume of a mask in millilitres; spacing_mm: between slices (from positions), rows, columns.

    Raises ValueError for a negative count or a distance that is not above 0.
    """
    if voxels < 0 or min(spacing_mm) <= 0.0:
        raise ValueError("A mask has no negative voxels and no flat ones.")
    return voxels * spacing_mm[0] * spacing_mm[1] * spacing_mm[2] / 1000.0


def expanded(first_ml: float, now_ml: float) -> bool:
    """Did the haemorrhage expand: by more than 33 % or by more than 6 mL since the first CT?

    Raises ValueError unless first_ml > 0 and now_ml ≥ 0.
    """
    if first_ml <= 0.0 or now_ml < 0.0:
        raise ValueError("Expansion is measured against a first volume above 0.")
    # Rounded far below what can be measured, so that exactly 33 % is not above 33 % by a binary fraction.
    gained = round(now_ml - first_ml, 6)
    return gained > EXPANSION_ML or round(gained / first_ml, 6) > EXPANSION_SHARE
