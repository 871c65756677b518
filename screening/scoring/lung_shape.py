"""How a round thing sits in the lung: the measurements that tell a nodule from a vessel, a hilum or the pleura."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from screening.dicom.volume import Volume
from screening.scoring.lung_candidates import Lungs

LUNG_HU = -850.0
LEAST_ARM_MM3 = 10.0


@dataclass(frozen=True)
class Shape:
    """Around a place where something of known diameter lies; "dense" is beyond half way from lung to its middle.

    outside: part (0–1) of the shell just outside it that lies beyond the lungs. attached: part of the shell's rest that is
    dense. arms: separate dense patches of that shell inside the lungs: vessels that leave it. fullness: the volume
    connected to it within twice its radius, over a ball of its size: about 1 for a lone nodule, 3 and more for a vessel
    that passes through. inscribed: the radius of the largest ball inside it over its own. flatness and
    elongation: the smallest and middle over the largest axis of what is connected to it within 1.5 radii (1 for a
    ball). middle_hu: the median of its core.
    """

    outside: float
    attached: float
    arms: int
    fullness: float
    inscribed: float
    flatness: float
    elongation: float
    middle_hu: float


def shape_of(volume: Volume, lungs: Lungs, voxel: tuple[int, int, int], diameter_mm: float) -> Shape:
    """Measure what is around a voxel (slice, row, column) where something of this diameter lies."""
    radius = max(diameter_mm / 2, 2.0)
    shell_mm = radius * 1.15 + 3.0
    reach = max(2.0 * radius, shell_mm)
    blur = 0.6 / np.array(volume.spacing[1:])
    spans, seen, axes = [], [], []
    for centre, length, step, edge in zip(
        voxel, volume.hu.shape, volume.spacing, (0, *np.ceil(4.0 * blur).astype(int)), strict=True
    ):
        half = int(np.ceil(reach / step))
        low, high = max(0, centre - half), min(length, centre + half + 1)
        wide = slice(max(0, low - edge), min(length, high + edge))
        spans.append(wide)
        seen.append(slice(low - wide.start, high - wide.start))
        axes.append(((np.arange(low, high) - centre) * step).astype(np.float32))
    z, y, x = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    distance = np.sqrt(z**2 + y**2 + x**2)
    hu = ndimage.gaussian_filter(volume.hu[tuple(spans)].astype(np.float32), [0.0, *blur])[tuple(seen)]
    middle = float(np.median(hu[distance <= 0.6 * radius]))
    level = float(np.clip((middle + LUNG_HU) / 2, -740.0, -400.0))
    rows, columns = (
        np.minimum(np.arange(span.start + part.start, span.start + part.stop) // lungs.step, most - 1)
        for span, part, most in zip(spans[1:], seen[1:], lungs.mask.shape[1:], strict=True)
    )
    inside = lungs.mask[spans[0]][:, rows][:, :, columns]
    dense = (hu > level) & inside
    shell = (distance > radius * 1.15 + 0.5) & (distance <= shell_mm)
    within = shell & inside
    outside = 1.0 - float(within.sum() / max(int(shell.sum()), 1))
    attached = float((dense & within).sum() / max(int(within.sum()), 1))
    cell = volume.spacing[0] * volume.spacing[1] * volume.spacing[2]
    patches, count = ndimage.label(dense & within, np.ones((3, 3, 3), bool))
    arms = int((np.bincount(patches.ravel(), minlength=count + 1)[1:] * cell > LEAST_ARM_MM3).sum()) if count else 0
    labels, _count = ndimage.label(dense & (distance <= 2.0 * radius))
    core = labels[distance <= 0.6 * radius]
    own = np.bincount(core[core > 0], minlength=1)
    if not own.any():
        return Shape(outside, attached, arms, 0.0, 0.0, 0.0, 0.0, middle)
    connected = labels == own.argmax()
    part = ndimage.find_objects(connected.astype(np.uint8))[0]
    depth = ndimage.distance_transform_edt(np.pad(connected[part], 1), sampling=volume.spacing)[1:-1, 1:-1, 1:-1]
    near = connected & (distance <= 1.5 * radius)
    places = np.argwhere(near) * np.array(volume.spacing)
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T)), 0.0)) if len(places) > 3 else np.zeros(3)
    largest = max(float(spread[2]), 1e-6)
    return Shape(
        outside=outside,
        attached=attached,
        arms=arms,
        fullness=float(connected.sum() * cell / (4 / 3 * np.pi * radius**3)),
        inscribed=float(depth[distance[part] <= radius].max() / radius),
        flatness=float(spread[0] / largest),
        elongation=float(spread[1] / largest),
        middle_hu=middle,
    )
