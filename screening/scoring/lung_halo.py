"""The ground-glass halo of a part-solid nodule, by radial profiles.

The network tends to outline the solid part alone. From the middle of its outline the density is followed outwards along
rays: it falls to half way to the lung at the edge of what was outlined. Behind the edge of a solid nodule lies lung, as
soon as the scanner's blur has passed; behind that of a core in a halo lies a plateau between lung and tissue, on most
sides and about as wide on each. Only then the outline is moved to where the density falls from the plateau half way to
the lung. A vessel or the chest wall hides the edge on some rays; the others speak for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from screening.dicom.volume import Volume
from screening.scoring.lung_candidates import Lungs

RAYS = 48
STEP_MM = 0.25
REACH_MM = 12.0
BLUR_MM = 0.7
TOGETHER_MM = 1.5
LUNG_MM = (3.0, 12.0)
AIRY_HU = -600.0
LEAST_LUNG_PIXELS = 30
# Behind the blur of scanner and smoothing (0.85 mm): what is still there is no edge.
BEHIND_MM = 1.75
LEAST_WIDTH_MM = 1.75
LEAST_PLATEAU_HU = 130.0
DENSE_HU = -350.0
LEAST_SHARE = 0.6
MOST_UNEVEN = 1.6


@dataclass(frozen=True)
class _Profiles:
    """Densities along the rays, HU (rays, steps), and whether each place is in the lungs; the lung's own density."""

    hu: np.ndarray
    inside: np.ndarray
    lung: float

    def first_below(self, level: float, start: np.ndarray) -> np.ndarray:
        """The first step of each ray, from `start` on, whose density is below `level`; the last one where none is."""
        steps = np.arange(self.hu.shape[1])
        below = (self.hu < level) & (steps >= start[:, None])
        return np.where(below.any(1), below.argmax(1), len(steps) - 1)

    def first_closed(self, start: np.ndarray) -> np.ndarray:
        """The first step of each ray from `start` on that is dense or out of the lungs; beyond the last where none is."""
        steps = np.arange(self.hu.shape[1])
        closed = ((self.hu > DENSE_HU) | ~self.inside) & (steps >= start[:, None])
        return np.where(closed.any(1), closed.argmax(1), len(steps))


def halo_of(
    volume: Volume, lungs: Lungs, slice_: int, inside: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, tuple[int, int]] | None:
    """How far each pixel around lies within the halo's edge, mm (positive inside), and that field's corner (row, column).

    inside: the outlined pixels (rows, columns) of a slice. None where no halo is seen.
    """
    row_mm, column_mm = volume.spacing[1:]
    middle = (float(inside[0].mean()), float(inside[1].mean()))
    radius = float(np.sqrt(len(inside[0]) * row_mm * column_mm / np.pi))
    profiles = _profiles(volume, lungs, slice_, inside, middle, radius)
    if profiles is None:
        return None
    radii = _halo_radii(profiles, radius)
    if radii is None:
        return None
    reach = float(radii.max()) + 2.0
    rows, columns = (
        np.arange(max(0, int(at - reach / step)), min(length, int(at + reach / step) + 2))
        for at, step, length in zip(middle, (row_mm, column_mm), volume.hu.shape[1:], strict=True)
    )
    y, x = np.meshgrid((rows - middle[0]) * row_mm, (columns - middle[1]) * column_mm, indexing="ij")
    angle = np.arctan2(y, x) % (2 * np.pi) / (2 * np.pi) * RAYS
    edge = np.interp(angle, np.arange(RAYS + 1), np.append(radii, radii[0]))
    return edge - np.hypot(y, x), (int(rows[0]), int(columns[0]))


def _profiles(
    volume: Volume,
    lungs: Lungs,
    slice_: int,
    inside: tuple[np.ndarray, np.ndarray],
    middle: tuple[float, float],
    radius: float,
) -> _Profiles | None:
    """Profiles from the middle outwards; None where the outline is no solid thing in lung."""
    spacing = volume.spacing
    reach = radius + REACH_MM + 2.0
    beside = 1 if spacing[0] < TOGETHER_MM else 0
    spans = [
        slice(max(0, int(at - reach / step)), int(at + reach / step) + 2)
        for at, step in zip(middle, spacing[1:], strict=True)
    ]
    stack = volume.hu[max(0, slice_ - beside) : slice_ + beside + 1, spans[0], spans[1]]
    blur = [BLUR_MM / spacing[1], BLUR_MM / spacing[2]]
    plane = ndimage.gaussian_filter(stack.mean(0, dtype=np.float32), blur)
    cells = [
        np.minimum(np.arange(span.start, span.start + length) // lungs.step, most - 1)
        for span, length, most in zip(spans, plane.shape, lungs.mask.shape[1:], strict=True)
    ]
    lung = lungs.mask[slice_][cells[0]][:, cells[1]]
    y = (np.arange(plane.shape[0]) + spans[0].start - middle[0])[:, None] * spacing[1]
    x = (np.arange(plane.shape[1]) + spans[1].start - middle[1])[None] * spacing[2]
    away = np.hypot(y, x)
    ring = plane[(away > radius + LUNG_MM[0]) & (away < radius + LUNG_MM[1]) & lung & (plane < AIRY_HU)]
    core = plane[away < 0.5 * radius]
    if len(ring) < LEAST_LUNG_PIXELS or not len(core):
        return None
    angles = np.arange(RAYS) * (2 * np.pi / RAYS)
    out = np.arange(0.0, radius + REACH_MM, STEP_MM)
    rows = middle[0] - spans[0].start + np.sin(angles)[:, None] * out / spacing[1]
    columns = middle[1] - spans[1].start + np.cos(angles)[:, None] * out / spacing[2]
    return _Profiles(
        hu=ndimage.map_coordinates(plane, [rows, columns], order=1, mode="nearest"),
        inside=ndimage.map_coordinates(lung.astype(np.uint8), [rows, columns], order=0, mode="constant") > 0,
        lung=float(np.median(ring)),
    )


def _halo_radii(profiles: _Profiles, radius: float) -> np.ndarray | None:
    """Where ground glass ends on each ray, mm (rays,); None where there is none. radius: of what was outlined, mm."""
    last = profiles.hu.shape[1] - 1
    core = float(np.median(profiles.hu[:, : max(1, int(0.5 * radius / STEP_MM))]))
    edge = profiles.first_below((core + profiles.lung) / 2, np.zeros(RAYS, int))
    open_ = edge * STEP_MM < max(1.6 * radius, radius + 3.0)
    if open_.mean() < LEAST_SHARE:
        return None
    glass = core <= DENSE_HU
    if glass:
        plateau, ends = core, edge
    else:
        behind = np.minimum(edge + round(BEHIND_MM / STEP_MM), last)
        plateau = float(np.median(profiles.hu[np.arange(RAYS), behind][open_]))
        ends = profiles.first_below((plateau + profiles.lung) / 2, edge)
    if not profiles.lung + LEAST_PLATEAU_HU <= plateau <= DENSE_HU:
        return None
    closed = profiles.first_closed(np.zeros(RAYS, int) if glass else np.minimum(edge + round(1.0 / STEP_MM), last))
    seen = open_ & (ends < closed) & (ends < last)
    if seen.mean() < LEAST_SHARE:
        return None
    if not glass and np.quantile((ends - edge)[seen], 0.25) * STEP_MM < LEAST_WIDTH_MM:
        return None
    low, typical, high = np.quantile(ends[seen], [0.25, 0.5, 0.75])
    if high > MOST_UNEVEN * low or (glass and not 1.0 <= typical * STEP_MM / radius <= MOST_UNEVEN):
        return None
    # Where something hides the edge, the halo ends there or where the others end.
    radii = np.where(seen, ends, np.minimum(closed, typical))
    radii = np.clip(radii, 0 if glass else np.minimum(edge, typical), 1.5 * typical)
    return np.asarray(ndimage.uniform_filter1d(ndimage.median_filter(radii, 5, mode="wrap"), 3, mode="wrap") * STEP_MM)
