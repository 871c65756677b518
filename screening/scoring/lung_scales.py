"""Blobs in a block of a scan by differences of Gaussians, each scale on no finer a grid than it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage

TRUNCATE = 3.0
ROWS_AT_ONCE = 16
LEAST_ROUNDNESS = 0.2
NEIGHBOURS = sorted(
    (offset for offset in product((-1, 0, 1), repeat=3) if any(offset)), key=lambda offset: sum(map(abs, offset))
)


@dataclass(frozen=True)
class Band:
    """A range of densities that is searched for blobs by itself.

    low, high: Hounsfield units that become 0 and 1. sigmas_mm: widths, each compared with the next.
    least: the smallest response. without: what is denser counts as `low`, with a margin of a grid cell, so that vessels
    do not outshine ground glass. share: the part of all candidates that this band may give.
    """

    low: float
    high: float
    sigmas_mm: tuple[float, ...]
    least: float
    share: float
    without: float | None = None


def peaks_of(hu: np.ndarray, mask: np.ndarray, spacing: tuple[float, float, float], band: Band) -> np.ndarray:
    """Slice, row, column, response, roundness and sigma of the band's peaks, float (n, 6).

    hu: (slices, rows, columns). mask: where to look, of that shape. spacing: mm. A scale of twice the spacing or more is
    sampled at every second cell, and its peaks are placed between by the parabola through their neighbours.
    """
    grey = np.clip(hu, band.low, band.high).astype(np.float32)
    grey -= np.float32(band.low)
    grey *= np.float32(1.0 / (band.high - band.low))
    grey *= mask
    if band.without is not None:
        grey[_widened(hu > band.without)] = 0.0
    found = [np.zeros((0, 6))]
    smooth: np.ndarray = np.zeros((0, 0, 0), np.float32)
    steps: tuple[int, ...] = (0, 0, 0)
    for sigma, next_sigma in zip(band.sigmas_mm[:-1], band.sigmas_mm[1:], strict=True):
        before, steps = steps, tuple(2 if sigma >= 2.0 * step else 1 for step in spacing)
        smooth = _every(smooth, steps, before) if min(before) else smoothed(grey, sigma, spacing, steps)
        wider = smoothed(grey, next_sigma, spacing, steps)
        response = smooth - wider
        places = _tops(response, _every(mask, steps), band.least)
        roundness = _roundness(smooth, places, tuple(mm * step for mm, step in zip(spacing, steps, strict=True)))
        places, roundness = places[roundness >= LEAST_ROUNDNESS], roundness[roundness >= LEAST_ROUNDNESS]
        between, strength = _parabola(response, places, steps)
        last = np.array(mask.shape) - 1
        exact = np.minimum(np.rint((places + between) * steps), last)
        found.append(np.column_stack([exact, strength, roundness, np.full(len(places), sigma)]))
        smooth = wider
    return np.concatenate(found)


def smoothed(
    grey: np.ndarray, sigma: float, spacing: tuple[float, float, float], steps: tuple[int, ...] = (1, 1, 1)
) -> np.ndarray:
    """A Gaussian of `sigma` mm (cut at three), as scipy's with mode "reflect", at every so many cells of each axis.

    Each axis is one product with a banded matrix, made in parts without the zeros: matrix products use all of a
    processor, a sliding sum does not. The axis that loses most cells goes first.
    """
    for axis in sorted(range(3), key=lambda axis: -steps[axis]):
        grey = _along(grey, sigma / spacing[axis], axis, steps[axis])
    return grey


def _along(grey: np.ndarray, sigma: float, axis: int, step: int) -> np.ndarray:
    length = grey.shape[axis]
    matrix = ndimage.gaussian_filter1d(np.eye(length), sigma, axis=0, truncate=TRUNCATE)[::step].astype(np.float32)
    shape = list(grey.shape)
    shape[axis] = len(matrix)
    out = np.empty(shape, np.float32)
    for rows, columns in _parts(len(matrix), step, int(TRUNCATE * sigma + 0.5), length):
        part = matrix[rows, columns]
        if axis == 0:
            np.matmul(part, grey[columns].swapaxes(0, 1), out=out[rows].swapaxes(0, 1))
        elif axis == 1:
            np.matmul(part, grey[:, columns], out=out[:, rows])
        else:
            np.matmul(grey[:, :, columns], np.ascontiguousarray(part.T), out=out[:, :, rows])
    return out


def _parts(rows: int, step: int, radius: int, length: int) -> Iterator[tuple[slice, slice]]:
    """Rows of a banded matrix, so many at once, and the columns that they touch."""
    for start in range(0, rows, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, rows)
        yield (
            slice(start, stop),
            slice(max(0, start * step - radius), min(length, (stop - 1) * step + radius + 1)),
        )


def _every(block: np.ndarray, steps: tuple[int, ...], before: tuple[int, ...] = (1, 1, 1)) -> np.ndarray:
    """Every so many cells of the whole grid, of a block that has every `before`."""
    return block[tuple(slice(None, None, step // had) for step, had in zip(steps, before, strict=True))]


def _widened(mask: np.ndarray) -> np.ndarray:
    """Grown by a cell within its slices, corners included."""
    lines = mask.copy()
    lines[:, 1:] |= mask[:, :-1]
    lines[:, :-1] |= mask[:, 1:]
    out = lines.copy()
    out[:, :, 1:] |= lines[:, :, :-1]
    out[:, :, :-1] |= lines[:, :, 1:]
    return out


def _tops(response: np.ndarray, mask: np.ndarray, least: float) -> np.ndarray:
    """Places (n, 3) in the mask above `least` that none of their 26 neighbours exceeds."""
    places = np.argwhere((response > least) & mask)
    values = response[tuple(places.T)]
    last = np.array(response.shape) - 1
    for offset in NEIGHBOURS:
        beside = response[tuple(np.clip(places + offset, 0, last).T)]
        kept = values >= beside
        places, values = places[kept], values[kept]
    return places


def _parabola(response: np.ndarray, places: np.ndarray, steps: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How far beyond each place its peak lies, in cells of its own grid (n, 3), and the response there (n,).

    0 along the axes of which every cell is there, and at the edges.
    """
    between, strength = np.zeros(places.shape), response[tuple(places.T)].astype(np.float64)
    middle = strength.copy()
    for axis in (axis for axis in range(3) if steps[axis] > 1):
        whole = (places[:, axis] > 0) & (places[:, axis] < response.shape[axis] - 1)
        unit = np.eye(3, dtype=int)[axis]
        low, high = (
            response[tuple((places[whole] + side * unit).T)].astype(np.float64) - middle[whole] for side in (-1, 1)
        )
        curve = np.minimum(low + high, -1e-9)
        shift = np.clip(0.5 * (low - high) / curve, -0.5, 0.5)
        between[whole, axis] = shift
        strength[whole] += 0.5 * (high - low) * shift + 0.5 * curve * shift**2
    return between, strength


def _roundness(smooth: np.ndarray, places: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Smallest over largest downward curvature at each place (n, 3): 1 for a ball, near 0 for a tube or sheet's edge."""
    out = np.zeros(len(places))
    whole = ((places > 0) & (places < np.array(smooth.shape) - 1)).all(1)
    at = places[whole]

    def value(*offset: int) -> np.ndarray:
        return np.asarray(smooth[tuple((at + offset).T)], dtype=np.float64)

    unit = np.eye(3, dtype=int)
    hessian = np.empty((len(at), 3, 3))
    for a in range(3):
        for b in range(a, 3):
            if a == b:
                curve = (value(*unit[a]) - 2 * value(0, 0, 0) + value(*-unit[a])) / spacing[a] ** 2
            else:
                near, far = unit[a] + unit[b], unit[a] - unit[b]
                curve = (value(*near) + value(*-near) - value(*far) - value(*-far)) / (4 * spacing[a] * spacing[b])
            hessian[:, a, b] = hessian[:, b, a] = curve
    curvatures = np.sort(-np.linalg.eigvalsh(hessian), axis=1) if len(at) else np.zeros((0, 3))
    out[whole] = np.where(curvatures[:, 0] > 0, curvatures[:, 0] / np.maximum(curvatures[:, 2], 1e-12), 0.0)
    return out
