"""Midline shift from the frontal horns, where they show; exploratory.

The septum pellucidum is taken as the middle of the gap between both frontal horns, row by row, in the slices at
the level of the ventricles; the ideal midline is the skull's own plane of symmetry, which the prepared crops stand on. Where
no pair of horns is found, or the slices disagree, nothing is measured: no figure is better than a guessed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from screening.rules.midline import MidlineShift, shift_from_line
from screening.scoring.brain_slices import CHANNELS, PreparedStudy

FLUID = -1.0  # prepared grey, in steps of 12 HU from usual brain: 20 HU and less
LEVEL_MM = (38.0, 88.0)  # below the vertex of an adult head
AHEAD = (0.24, 0.52)  # rows of the frontal horns, as a share of the brain's length from the front
BESIDE_MM = 32.0
LEAST_MM2 = 18.0
WIDEST_GAP_MM = 14.0
LEAST_OVERLAP_MM = 6.0
LEAST_LIKENESS = 0.25  # the smaller horn's area as a share of the larger's; a fissure is no horn
LEAST_SLICES = 2
DISAGREE_MM = 3.0
ADULT_MM = 170.0


def midline_shift(prepared: PreparedStudy, depth_mm: np.ndarray) -> MidlineShift | None:
    """The shift of the septum, or None where it cannot be measured. depth_mm: of every slice below the vertex, (n,)."""
    size, pixel_mm = prepared.inputs.shape[-1], prepared.millimetres
    scale = 0.92 * size * pixel_mm / ADULT_MM
    level = (depth_mm > LEVEL_MM[0] * scale) & (depth_mm < LEVEL_MM[1] * scale)
    found: list[tuple[float, float]] = []
    for index in np.flatnonzero(level):
        plane = prepared.inputs[index].astype(np.float32)
        septum = _septum(plane[CHANNELS.index("slice")], plane[CHANNELS.index("brain")] > 0.5, pixel_mm)
        if septum is not None:
            found.append(septum)
    if len(found) < LEAST_SLICES:
        return None
    columns, rows = np.array(found).T
    middle = float(np.median(columns))
    if float(np.median(np.abs(columns - middle))) > DISAGREE_MM:
        return None
    half = 0.46 * size * pixel_mm
    return shift_from_line((0.0, -half), (0.0, half), (middle, float(np.median(rows))))


def midline_attributes(shift: MidlineShift | None) -> Mapping[str, Any]:
    """What a result says of it: midline_shift_mm (None where it was not measured) and the side it goes towards."""
    if shift is None:
        return {"midline_shift_mm": None}
    return {
        "midline_shift_mm": shift.shift_mm,
        "midline_shift_towards": shift.towards,
        "midline_shift_is_exploratory": True,
    }


def _septum(grey: np.ndarray, brain: np.ndarray, pixel_mm: float) -> tuple[float, float] | None:
    """(x, y) in mm from the crop's middle, x to the patient's left, y to the back, of the gap between two horns."""
    size = grey.shape[0]
    middle = (size - 1) / 2
    # the longest brain fills 92 % of the crop's height and lies in its middle
    top = round((0.04 + 0.92 * AHEAD[0]) * size)
    bottom = round((0.04 + 0.92 * AHEAD[1]) * size)
    reach = round(BESIDE_MM / pixel_mm)
    left = round(middle) - reach
    part = np.s_[top:bottom, left : left + 2 * reach + 1]
    smooth = ndimage.gaussian_filter(grey, 0.7)
    labels, count = ndimage.label((smooth < FLUID)[part] & brain[part])
    parts = [labels == label for label in range(1, count + 1)]
    parts = [horn for horn in parts if horn.sum() * pixel_mm**2 >= LEAST_MM2]
    best: tuple[float, float, float] | None = None
    for first in parts:
        for second in parts:
            pair = _gap(first, second, pixel_mm)
            if pair is None:
                continue
            rows, columns = pair
            if best is None or len(rows) > best[0]:
                x = (float(np.median(columns)) + left - middle) * pixel_mm
                best = (len(rows), x, (float(np.median(rows)) + top - middle) * pixel_mm)
    return None if best is None else (best[1], best[2])


def _gap(first: np.ndarray, second: np.ndarray, pixel_mm: float) -> tuple[np.ndarray, np.ndarray] | None:
    """(rows, columns) of the middle between `first` and, on its right in the picture, `second`; None for no pair."""
    areas = sorted((int(first.sum()), int(second.sum())))
    rows = np.flatnonzero(first.any(axis=1) & second.any(axis=1))
    if areas[0] < LEAST_LIKENESS * areas[1] or len(rows) * pixel_mm < LEAST_OVERLAP_MM:
        return None
    ends = first.shape[1] - 1 - first[rows][:, ::-1].argmax(axis=1)
    starts = second[rows].argmax(axis=1)
    wide = (starts - ends) * pixel_mm
    near = (wide > 0.0) & (wide < WIDEST_GAP_MM)
    if near.sum() * pixel_mm < LEAST_OVERLAP_MM:
        return None
    return rows[near], (ends + starts)[near] / 2.0
