"""From Hounsfield units, or from an 8-bit crop, to what the lung network reads: one path for both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

CONTEXT = 128
PATCH = 64
PATCH_SPACING_MM = 0.7
SLICES = 3
OUTSIDE_HU = -1024.0
GREY_RANGE = (-0.5, 2.0)


def stretch(hu: np.ndarray) -> np.ndarray:
    """One slice of a crop stretched to 0–255 between its own extremes, as the training crops were."""
    values = np.maximum(hu.astype(np.float32), OUTSIDE_HU)
    low, high = float(values.min()), float(values.max())
    return np.rint((values - low) * (255.0 / max(high - low, 1.0))).astype(np.uint8)


WHOLE = (slice(None), slice(None))


def normalise(crop: np.ndarray, inner: tuple[slice, slice] = WHOLE) -> np.ndarray:
    """Grey with lung near 0 and soft tissue near 1, whatever the stretch was.

    crop: uint8 (rows, columns), lung and tissue both in view. Two clusters by Otsu's threshold
    (Otsu 1979), the padding at the lowest grey left out; their medians become 0 and 1. float32, cut to
    -0.5 … 2; of the crop's `inner` part alone.
    """
    histogram = np.bincount(crop.ravel(), minlength=256).astype(np.float64)
    lowest = int(np.flatnonzero(histogram)[0])
    if histogram[lowest] > 0.02 * crop.size:
        histogram[lowest] = 0.0
    if histogram.sum() == 0:
        return np.zeros(crop[inner].shape, np.float32)
    threshold = _otsu(histogram)
    low = _histogram_median(histogram[: threshold + 1])
    high = threshold + 1 + _histogram_median(histogram[threshold + 1 :])
    levels = (np.arange(256, dtype=np.float32) - low) / max(high - low, 8.0)
    return np.clip(levels, *GREY_RANGE).astype(np.float32)[crop[inner]]


def _otsu(histogram: np.ndarray) -> int:
    levels = np.arange(256)
    weight = np.cumsum(histogram)
    moment = np.cumsum(histogram * levels)
    total, mean = weight[-1], moment[-1]
    below, above = weight[:-1], total - weight[:-1]
    valid = (below > 0) & (above > 0)
    score = np.zeros(255)
    difference = moment[:-1][valid] / below[valid] - (mean - moment[:-1][valid]) / above[valid]
    score[valid] = below[valid] * above[valid] * difference**2
    return int(score.argmax())


def _histogram_median(histogram: np.ndarray) -> int:
    running = np.cumsum(histogram)
    return int(np.searchsorted(running, running[-1] / 2)) if running[-1] else 0


def central_component(mask: np.ndarray, reach: float = 12.0, middle: tuple[float, float] | None = None) -> np.ndarray:
    """The connected part of a mask nearest `middle` (row, column; None: of the mask); empty when none comes within
    `reach` pixels."""
    labels, count = ndimage.label(mask)
    if not count:
        return np.zeros(mask.shape, bool)
    rows, columns = np.nonzero(labels)
    middle = middle or ((mask.shape[0] - 1) / 2, (mask.shape[1] - 1) / 2)
    distances = np.hypot(rows - middle[0], columns - middle[1])
    nearest = int(distances.argmin())
    if distances[nearest] > reach:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == labels[rows[nearest], columns[nearest]])


def context_planes(
    hu: np.ndarray, slices: Sequence[int], place: tuple[float, float], spacing: tuple[float, float]
) -> np.ndarray:
    """128 × 128 Hounsfield units at 0.7 mm around a place (row, column) of each of some slices; air where a slice ends.

    spacing: mm of a row and a column step. float32 (n, 128, 128).
    """
    offsets = (np.arange(CONTEXT) - (CONTEXT - 1) / 2) * PATCH_SPACING_MM
    y, x = place[0] + offsets / spacing[0], place[1] + offsets / spacing[1]
    top, left = max(int(np.floor(y[0])), 0), max(int(np.floor(x[0])), 0)
    bottom, right = int(np.ceil(y[-1])) + 2, int(np.ceil(x[-1])) + 2
    part = hu[list(slices), top : max(bottom, 0), left : max(right, 0)].astype(np.float32)
    if not part.size:
        return np.full((len(slices), CONTEXT, CONTEXT), OUTSIDE_HU, np.float32)
    return _between(_between(part, y - top, 1), x - left, 2)


def _between(planes: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Planes at fractional places of an axis, linearly interpolated; air before the first and after the last."""
    last = planes.shape[axis] - 1
    low = np.clip(np.floor(places), 0, last).astype(int)
    lines = (-1, 1) if axis == 1 else (-1,)
    out = planes.take(low, axis)
    beyond = planes.take(np.minimum(low + 1, last), axis)
    beyond -= out
    beyond *= (places - low).astype(np.float32).reshape(lines)
    out += beyond
    outside = np.flatnonzero((places < 0) | (places > last))
    if len(outside):
        out[(slice(None),) * axis + (outside,)] = OUTSIDE_HU
    return np.asarray(out)


def scan_patch(hu: np.ndarray, voxel: tuple[int, int, int], spacing: tuple[float, float, float]) -> np.ndarray:
    """What the network reads at a voxel (slice, row, column) of a scan: float32 (3, 64, 64)."""
    return scan_patches(hu, voxel[:1], voxel[1:], spacing)[0]


def scan_patches(
    hu: np.ndarray,
    slices: Sequence[int],
    place: tuple[int, int],
    spacing: tuple[float, float, float],
    known: dict[int, np.ndarray] | None = None,
) -> np.ndarray:
    """What the network reads at one place (row, column) of several slices: float32 (n, 3, 64, 64).

    The neighbours are the slices about 1.5 mm or more away, as in the training crops. known: this place's planes by
    slice, made before; the new ones are added to them.
    """
    step = max(1, round(1.5 / spacing[0]))
    margin = (CONTEXT - PATCH) // 2
    inner = (slice(margin, -margin), slice(margin, -margin))
    wanted = [[min(max(index + offset, 0), len(hu) - 1) for offset in (-step, 0, step)] for index in slices]
    planes = {} if known is None else known
    missing = sorted({index for triple in wanted for index in triple} - planes.keys())
    for index, context in zip(missing, context_planes(hu, missing, place, spacing[1:]), strict=True):
        planes[index] = normalise(stretch(context), inner)
    return np.array([[planes[index] for index in triple] for triple in wanted])
