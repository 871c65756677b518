"""Where in a chest CT nodules could be: the lungs, and blob-like places inside them.

Nothing here holds more than 16-bit copies of the whole scan: what needs floating point works slab by slab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from screening.dicom.volume import Volume

AIR_HU = -400
CLOSING_MM = 9.0
LEAST_ROUNDNESS = 0.2
SLAB_MM = 100.0


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


SOLID = Band(-900.0, 50.0, (1.2, 1.6, 2.1, 2.8, 3.7, 4.9, 6.5, 8.6), 0.02, 0.65)
GROUND_GLASS = Band(-830.0, -500.0, (1.8, 2.4, 3.2, 4.3, 5.7, 7.6), 0.05, 0.35, without=-430.0)
REACH_MM = 3.0 * max(*SOLID.sigmas_mm, *GROUND_GLASS.sigmas_mm)


@dataclass(frozen=True)
class Lungs:
    """The lungs on a coarser grid.

    mask: bool (slices, rows / step, columns / step), vessels and what lies at the pleura closed in.
    step: pixels of the volume per grid cell. millilitres: their air-filled part. area: cells per slice.
    """

    mask: np.ndarray
    step: int
    millilitres: float
    area: np.ndarray

    @cached_property
    def extents(self) -> tuple[float, dict[bool, np.ndarray]]:
        """The column between the lungs, and for the lung beyond it (True) and before it the 0.5 and 99.5 percentiles of
        slice and row, (2, 2); columns and rows in the volume's pixels."""
        columns = np.flatnonzero(self.mask.any((0, 1)))
        if not len(columns):
            return 0.0, {side: np.zeros((2, 2)) for side in (False, True)}
        middle = (columns[0] + columns[-1]) / 2
        found = {}
        for beyond in (False, True):
            half = self.mask[:, :, round(middle) :] if beyond else self.mask[:, :, : round(middle)]
            found[beyond] = np.array([_percentiles(half.sum((1, 2))), _percentiles(half.sum((0, 2))) * self.step])
        return float(middle * self.step), found


def _percentiles(counts: np.ndarray) -> np.ndarray:
    if not counts.any():
        return np.zeros(2)
    running = np.cumsum(counts)
    return np.searchsorted(running, [0.005 * running[-1], 0.995 * running[-1]]).astype(float)


@dataclass(frozen=True)
class Candidate:
    """A blob: its voxel (slice, row, column) in the volume, response, roundness 0–1 and width in mm."""

    voxel: tuple[int, int, int]
    response: float
    roundness: float
    width_mm: float


def pooled(volume: Volume, step: int) -> np.ndarray:
    """In-plane means over step × step pixels, int16."""
    slices, rows, columns = volume.hu.shape
    rows, columns = rows // step * step, columns // step * step
    out = np.empty((slices, rows // step, columns // step), np.int16)
    for index in range(slices):
        plane = volume.hu[index, :rows, :columns].reshape(rows // step, step, columns // step, step)
        np.rint(plane.mean((1, 3), dtype=np.float32), out=out[index], casting="unsafe")
    return out


def grid_step(volume: Volume) -> int:
    """How many pixels make a grid cell of about 1.3 mm."""
    return max(1, round(1.3 / volume.spacing[1]))


def find_lungs(volume: Volume, coarse: np.ndarray, step: int) -> Lungs:
    """Air inside the body in pieces of 80 ml or more, closed by 9 mm in each slice."""
    cell = volume.spacing[0] * volume.spacing[1] * volume.spacing[2] * step * step / 1000.0
    air = np.zeros(coarse.shape, bool)
    for index, plane in enumerate(coarse):
        labels, _count = ndimage.label(plane < AIR_HU)
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        air[index] = (labels > 0) & ~np.isin(labels, edge)
    labels, count = ndimage.label(air)
    sizes, sums = np.zeros(count + 1), np.zeros(count + 1)
    for plane, grey in zip(labels, coarse, strict=True):
        sizes += np.bincount(plane.ravel(), minlength=count + 1)
        sums += np.bincount(plane.ravel(), grey.ravel(), minlength=count + 1)
    kept = (sizes * cell >= 80.0) & (sums < -600.0 * sizes)
    kept[0] = False
    lungs = kept[labels]
    del labels, air
    radius = max(1, round(CLOSING_MM / (volume.spacing[1] * step)))
    mask = np.stack([_closed(plane, radius) for plane in lungs])
    return Lungs(mask, step, float(lungs.sum() * cell), lungs.sum((1, 2)))


def _closed(plane: np.ndarray, radius: int) -> np.ndarray:
    if not plane.any():
        return plane
    rows, columns = ndimage.find_objects(plane.astype(np.uint8))[0]
    padded = np.pad(plane[rows, columns], radius + 1)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    closed = ndimage.distance_transform_edt(grown) > radius
    inner = slice(radius + 1, -radius - 1)
    out = plane.copy()
    out[rows, columns] |= ndimage.binary_fill_holes(closed[inner, inner])
    return out


def find_candidates(
    volume: Volume,
    coarse: np.ndarray,
    lungs: Lungs,
    most: int = 300,
    between: Callable[[float], None] = lambda _done: None,
) -> list[Candidate]:
    """Blobs inside the lungs over widths of about 4 to 30 mm, solid ones and ground glass, most nodule-like first.

    Differences of Gaussians over scales (Lindeberg 1998), then the Hessian's eigenvalues at each peak
    tell balls from tubes (Frangi 1998). At most `most`.
    """
    if not lungs.mask.any():
        return []
    spacing = (volume.spacing[0], volume.spacing[1] * lungs.step, volume.spacing[2] * lungs.step)
    box = ndimage.find_objects(lungs.mask.astype(np.uint8))[0]
    slabs = list(_slabs(box[0], spacing[0]))
    found: dict[Band, list[np.ndarray]] = {SOLID: [], GROUND_GLASS: []}
    for number, (inner, outer) in enumerate(slabs):
        part = (outer, *box[1:])
        for place, band in enumerate(found):
            between((number + place / len(found)) / len(slabs))
            peaks = _peaks(coarse[part], lungs.mask[part], spacing, band)
            peaks[:, :3] += [outer.start, box[1].start, box[2].start]
            found[band].append(peaks[(peaks[:, 0] >= inner.start) & (peaks[:, 0] < inner.stop)])
    kept: list[Candidate] = []
    for band, parts in found.items():
        kept += _distinct(np.concatenate(parts), spacing, lungs.step, kept, len(kept) + round(band.share * most))
    return kept


def _slabs(extent: slice, spacing: float) -> Iterator[tuple[slice, slice]]:
    """Slices to search, and the same with the neighbours that the widest Gaussian sees."""
    length, margin = max(1, round(SLAB_MM / spacing)), round(REACH_MM / spacing) + 1
    for start in range(extent.start, extent.stop, length):
        stop = min(start + length, extent.stop)
        yield slice(start, stop), slice(max(extent.start, start - margin), min(stop + margin, extent.stop))


def _peaks(hu: np.ndarray, mask: np.ndarray, spacing: tuple[float, float, float], band: Band) -> np.ndarray:
    """Slice, row, column, response, roundness and sigma of the band's peaks, float (n, 6)."""
    grey = np.clip((hu.astype(np.float32) - band.low) / (band.high - band.low), 0.0, 1.0)
    grey[~mask] = 0.0
    if band.without is not None:
        grey[ndimage.binary_dilation((hu > band.without), np.ones((1, 3, 3), bool))] = 0.0
    smooth = _smoothed(grey, band.sigmas_mm[0], spacing)
    found = [np.zeros((0, 6))]
    for sigma, next_sigma in zip(band.sigmas_mm[:-1], band.sigmas_mm[1:], strict=True):
        wider = _smoothed(grey, next_sigma, spacing)
        response = smooth - wider
        peaks = (response > band.least) & mask
        peaks &= response == ndimage.maximum_filter(response, 3 if sigma < 3 else 5)
        places = np.argwhere(peaks)
        roundness = _roundness(smooth, places, spacing)
        places, roundness = places[roundness >= LEAST_ROUNDNESS], roundness[roundness >= LEAST_ROUNDNESS]
        strength = response[tuple(places.T)]
        found.append(np.column_stack([places, strength, roundness, np.full(len(places), sigma)]))
        smooth = wider
    return np.concatenate(found)


def _distinct(
    peaks: np.ndarray, spacing: tuple[float, float, float], step: int, taken: list[Candidate], most: int
) -> list[Candidate]:
    """The strongest peaks of which none lies inside another or inside one of `taken`, until there are `most` in all."""
    order = np.lexsort((*peaks[:, 2::-1].T, -peaks[:, 3] * np.sqrt(peaks[:, 4])))
    scale = np.array([spacing[0], spacing[1] / step, spacing[2] / step])
    centres = np.empty((most + 1, 3))
    widths = np.empty(most + 1)
    for index, candidate in enumerate(taken):
        centres[index], widths[index] = np.array(candidate.voxel) * scale, candidate.width_mm
    count, kept = len(taken), []
    for slice_, row, column, strength, roundness, sigma in peaks[order]:
        if count == most:
            break
        voxel = (int(slice_), int(row) * step + step // 2, int(column) * step + step // 2)
        width = 2 * np.sqrt(3) * sigma
        away = np.linalg.norm(centres[:count] - np.array(voxel) * scale, axis=1)
        if (away < np.maximum(2.5, 0.4 * np.minimum(widths[:count], width))).any():
            continue
        centres[count], widths[count] = np.array(voxel) * scale, width
        kept.append(Candidate(voxel, float(strength), float(roundness), float(width)))
        count += 1
    return kept


def _smoothed(grey: np.ndarray, sigma: float, spacing: tuple[float, float, float]) -> np.ndarray:
    return np.asarray(ndimage.gaussian_filter(grey, [sigma / step for step in spacing], truncate=3.0))


def _roundness(smooth: np.ndarray, places: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
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
