"""Where in a chest CT nodules could be: the lungs, and blob-like places inside them.

Nothing here holds more than 16-bit copies of the whole scan: what needs floating point works slab by slab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from scipy import ndimage

from screening.dicom.volume import Volume
from screening.scoring.lung_scales import TRUNCATE, Band, peaks_of

AIR_HU = -400
CLOSING_MM = 9.0
SLAB_MM = 320.0
CLOSED_AT_ONCE = 16


SOLID = Band(-900.0, 50.0, (1.2, 1.6, 2.1, 2.8, 3.7, 4.9, 6.5, 8.6), 0.02, 0.65)
GROUND_GLASS = Band(-830.0, -500.0, (1.8, 2.4, 3.2, 4.3, 5.7, 7.6), 0.05, 0.35, without=-430.0)
REACH_MM = TRUNCATE * max(*SOLID.sigmas_mm, *GROUND_GLASS.sigmas_mm)


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
    # 16 bits hold the sum of up to eight pixels of any CT, and whole numbers add many times quicker than fractions.
    kind = np.int16 if step * step <= 8 else np.int32
    for index, plane in enumerate(volume.hu):
        lines = sum(
            (plane[row:rows:step, :columns].astype(kind) for row in range(1, step)), plane[:rows:step, :columns]
        )
        cells = sum((lines[:, column::step] for column in range(1, step)), lines[:, ::step])
        np.rint(cells * np.float32(1.0 / step**2), out=out[index], casting="unsafe")
    return out


def grid_step(volume: Volume) -> int:
    """How many pixels make a grid cell of about 1.3 mm."""
    return max(1, round(1.3 / volume.spacing[1]))


def find_lungs(volume: Volume, coarse: np.ndarray, step: int) -> Lungs:
    """Air inside the body in pieces of 80 ml or more, closed by 9 mm in each slice."""
    cell = volume.spacing[0] * volume.spacing[1] * volume.spacing[2] * step * step / 1000.0
    air = np.zeros(coarse.shape, bool)
    for index, plane in enumerate(coarse):
        air[index] = _away_from_edges(plane < AIR_HU)
    labels, count = ndimage.label(air)
    sizes, sums = np.zeros(count + 1), np.zeros(count + 1)
    for inside, plane, grey in zip(air, labels, coarse, strict=True):
        pieces = plane[inside]
        sizes += np.bincount(pieces, minlength=count + 1)
        sums += np.bincount(pieces, grey[inside], minlength=count + 1)
    kept = (sizes * cell >= 80.0) & (sums < -600.0 * sizes)
    kept[0] = False
    lungs = kept[labels]
    del labels, air
    area = np.count_nonzero(lungs, (1, 2))
    millilitres = float(area.sum() * cell)
    radius = max(1, round(CLOSING_MM / (volume.spacing[1] * step)))
    return Lungs(closed_by(lungs, radius), step, millilitres, area)


def closed_by(mask: np.ndarray, radius: int) -> np.ndarray:
    """Every slice closed by a disc of so many cells, holes filled; bool (slices, rows, columns)."""
    out = mask.copy()
    if not mask.any():
        return out
    rows, columns = ndimage.find_objects(mask.any(0).astype(np.uint8))[0]
    frame = ((0, 0), (radius + 1, radius + 1), (radius + 1, radius + 1))
    inner = slice(radius + 1, -radius - 1)
    for start in range(0, len(mask), CLOSED_AT_ONCE):
        part = slice(start, start + CLOSED_AT_ONCE)
        grown = _grown(np.pad(mask[part, rows, columns], frame), radius)
        closed = ~_grown(~grown, radius)[:, inner, inner]
        for index, plane in enumerate(closed, start=start):
            out[index, rows, columns] |= plane | _away_from_edges(~plane)
    return out


def _away_from_edges(plane: np.ndarray) -> np.ndarray:
    """The connected parts of a slice's mask that touch none of its edges."""
    labels, count = ndimage.label(plane)
    kept = np.ones(count + 1, bool)
    for touched in (0, labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        kept[touched] = False
    return np.asarray(kept[labels])


def _grown(mask: np.ndarray, radius: int) -> np.ndarray:
    """Every slice grown by a disc: along the rows first, by as much as each line of the disc is wide."""
    wider = [mask]
    for _ in range(radius):
        line = wider[-1].copy()
        line[..., 1:] |= wider[-1][..., :-1]
        line[..., :-1] |= wider[-1][..., 1:]
        wider.append(line)
    out = wider[radius].copy()
    for away in range(1, radius + 1):
        line = wider[isqrt(radius**2 - away**2)]
        out[:, away:] |= line[:, :-away]
        out[:, :-away] |= line[:, away:]
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
            peaks = peaks_of(coarse[part], lungs.mask[part], spacing, band)
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
