"""Size, type and place of a nodule from its outline in one axial slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage
from scipy.spatial.distance import cdist
from skimage.measure import find_contours

from screening.dicom.volume import Volume
from screening.rules.lung_rads import NoduleType, mean_diameter
from screening.scoring.lung_candidates import Lungs
from screening.scoring.lung_halo import halo_of
from screening.scoring.lung_patches import PATCH, PATCH_SPACING_MM, central_component

SOLID_HU = -350.0
LEAST_CORE_MM = 2.0
LOBE_NAMES = {
    "RUL": "right upper lobe",
    "RML": "right middle lobe",
    "RLL": "right lower lobe",
    "LUL": "left upper lobe",
    "LLL": "left lower lobe",
}


@dataclass(frozen=True)
class Outline:
    """A nodule's outline in a slice.

    inside: its pixels (rows, columns). corner: the row and column where `level` begins, a part of the slice in its own
    pixels in which the outline is where `level` is `threshold`, more inside.
    """

    inside: tuple[np.ndarray, np.ndarray]
    corner: tuple[int, int]
    level: np.ndarray
    threshold: float

    @cached_property
    def polygon(self) -> np.ndarray:
        """(n, 2) of x, y in pixels."""
        lines = find_contours(np.pad(self.level, 1, constant_values=self.threshold - 1.0), self.threshold)
        longest = max(lines, key=len) - 1.0
        return np.stack([longest[:, 1] + self.corner[1] + 0.5, longest[:, 0] + self.corner[0] + 0.5], 1)

    @property
    def box(self) -> tuple[float, float, float, float]:
        rows, columns = self.inside
        return float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)


def outline_of(
    probability: np.ndarray, threshold: float, centre: tuple[float, float], volume: Volume
) -> Outline | None:
    """The network's outline around `centre` (row, column) in the volume's own pixels; None when empty.

    probability: (64, 64) at 0.7 mm, its middle on `centre`.
    """
    kept = central_component(probability > threshold)
    if not kept.any():
        return None
    spans = [_span(centre[axis], np.asarray(kept.any(1 - axis)), volume.spacing[1 + axis]) for axis in (0, 1)]
    part = tuple(patch for patch, _pixels, _places in spans)
    soft = np.where(ndimage.binary_dilation(kept[part], iterations=1), probability[part], 0.0)
    (rows, y), (columns, x) = (
        (pixels[whole], places[whole])
        for (_patch, pixels, places), length in zip(spans, volume.hu.shape[1:], strict=True)
        for whole in ((pixels >= 0) & (pixels < length),)
    )
    if not len(rows) or not len(columns):
        return None
    fine = ndimage.map_coordinates(soft, np.meshgrid(y, x, indexing="ij"), order=1, mode="constant")
    middle = (centre[0] - rows[0], centre[1] - columns[0])
    inside = _without_spurs(central_component(fine > threshold, reach=1e9, middle=middle))
    if inside.sum() < 3:
        return None
    at_rows, at_columns = np.nonzero(inside)
    return Outline(
        inside=(at_rows + rows[0], at_columns + columns[0]),
        corner=(int(rows[0]), int(columns[0])),
        level=np.where(inside, fine, np.minimum(fine, threshold - 1e-6)),
        threshold=threshold,
    )


def with_halo(outline: Outline, volume: Volume, lungs: Lungs, slice_: int) -> Outline | None:
    """The outline with the ground-glass halo around it; None where none is seen."""
    seen = halo_of(volume, lungs, slice_, outline.inside)
    if seen is None:
        return None
    level, corner = seen
    rows, columns = np.nonzero(level > 0)
    return Outline((rows + corner[0], columns + corner[1]), corner, level, 0.0)


def _span(centre: float, filled: np.ndarray, spacing: float) -> tuple[slice, np.ndarray, np.ndarray]:
    """Along one axis: the part of the patch with what is filled and two pixels around it, the volume's pixels that lie on
    that part, and where in it they lie."""
    found = np.flatnonzero(filled)
    low, high = max(int(found[0]) - 2, 0), min(int(found[-1]) + 3, PATCH)
    first, last = (centre + (edge - (PATCH - 1) / 2) * PATCH_SPACING_MM / spacing for edge in (low - 0.5, high - 0.5))
    pixels = np.arange(int(np.floor(first)), int(np.ceil(last)) + 1)
    places = (pixels - centre) * spacing / PATCH_SPACING_MM + (PATCH - 1) / 2 - low
    return slice(low, high), pixels, places


def _without_spurs(mask: np.ndarray) -> np.ndarray:
    """The mask opened by half its equivalent radius: a vessel that enters a nodule is no part of its axes."""
    if not mask.any():
        return mask
    radius = 0.5 * float(np.sqrt(mask.sum() / np.pi))
    padded = np.pad(mask, 1)
    core = ndimage.distance_transform_edt(padded) > radius
    if not core.any():
        return mask
    opened = (ndimage.distance_transform_edt(~core) <= radius) & padded
    return _largest(opened[1:-1, 1:-1])


def axes_mm(polygon: np.ndarray, spacing: tuple[float, float, float]) -> tuple[float, float]:
    """Long axis and the width at right angles to it, mm, of a polygon (x, y in pixels)."""
    points = polygon * np.array([spacing[2], spacing[1]])
    distances = cdist(points, points)
    first, second = np.unravel_index(int(distances.argmax()), distances.shape)
    long = float(distances[first, second])
    if long == 0:
        return 0.0, 0.0
    along = (points[second] - points[first]) / long
    across = points @ np.array([-along[1], along[0]])
    return long, float(across.max() - across.min())


def nodule_type(volume: Volume, outlines: Mapping[int, Outline]) -> tuple[NoduleType, float | None]:
    """Solid, part-solid or ground glass, and for part-solid the solid component's mean diameter in mm where it is largest.

    outlines: by slice. By how much of them, a rim of partial volume apart, is denser than -350 HU after light smoothing:
    over 60 % solid; else part-solid with a solid component of 2 mm or more, else ground glass.
    """
    inner = dense = 0
    core = np.zeros((1, 1), bool)
    for slice_, outline in outlines.items():
        parts = _dense_parts(volume, slice_, outline)
        inner, dense = inner + int(parts[0].sum()), dense + int((parts[0] & parts[1]).sum())
        component = _largest(parts[1])
        if component.sum() > core.sum():
            core = component
    if dense > 0.6 * inner:
        return "solid_nodule", None
    if core.sum() * volume.spacing[1] * volume.spacing[2] < np.pi / 4 * LEAST_CORE_MM**2:
        return "ground_glass_nodule", None
    lines = find_contours(np.pad(core, 1).astype(float), 0.5)
    long, short = axes_mm(max(lines, key=len)[:, ::-1], volume.spacing)
    return "part_solid_nodule", mean_diameter(long, short)


def _dense_parts(volume: Volume, slice_: int, outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """Of a slice's outline: what lies inside its rim, and what is dense; bool, of one shape."""
    rows, columns = outline.inside
    top, left = max(int(rows.min()) - 4, 0), max(int(columns.min()) - 4, 0)
    window = volume.hu[slice_, top : rows.max() + 5, left : columns.max() + 5].astype(np.float32)
    smooth = ndimage.gaussian_filter(window, [0.6 / volume.spacing[1], 0.6 / volume.spacing[2]])
    mask = np.zeros(window.shape, bool)
    mask[rows - top, columns - left] = True
    depth = ndimage.distance_transform_edt(mask, sampling=volume.spacing[1:])
    return mask & (depth > min(1.2, 0.45 * float(depth.max()))), mask & (smooth > SOLID_HU)


def lobe_of(volume: Volume, lungs: Lungs, voxel: tuple[int, int, int]) -> str:
    """The lobe, approximately, from the place inside the bounding box of its lung (RUL, RML, RLL, LUL, LLL).

    An average oblique fissure rises from the front of the base to the upper back; the horizontal one lies at
    46 % of the height. Real fissures vary: callers say that this is approximate.
    """
    middle, extents = lungs.extents
    towards_left = volume.direction[0, 0] > 0
    beyond = voxel[2] > middle
    left = beyond == towards_left
    height, back = (_part(voxel[axis], *extents[beyond][axis]) for axis in (0, 1))
    if volume.direction[1, 1] < 0:
        back = 1.0 - back
    upper = height > 0.08 + 0.67 * back
    if left:
        return "LUL" if upper else "LLL"
    if not upper:
        return "RLL"
    return "RUL" if height > 0.46 else "RML"


def _part(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / max(high - low, 1.0), 0.0, 1.0))


def _largest(mask: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())
