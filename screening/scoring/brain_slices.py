"""From a stack of head CT slices to what the brain network sees.

Every slice is turned upright about one midline per study, centred on the intracranial space,
scaled so that the study's longest brain fills the crop, stripped of bone, and measured against
the grey of its own brain. Nothing here depends on the scanner's grid, so JPEG slices of unknown
spacing and DICOM slices go the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from screening.scoring.disc_morphology import closed, dilated, eroded, opened

WINDOW_WIDTH = 120.0
WINDOW_LEVEL = 40.0
ASSUMED_PIXEL_MM = 0.58  # an adult head in a 400-pixel field; used where a file states no spacing
GRID_MM = 1.16  # the coarse grid on which the skull is found
BONE_GREY = 243.0  # about 94 HU: above fresh blood, below bone
TISSUE_GREY = 25.0
BRAIN_GREY = (72.0, 190.0)  # the median grey an intracranial region may have: about 14 to 69 HU
AIR_OR_FAT_GREY = 36.0  # below −3 HU: no brain, no fluid
CHANNELS = ("slice", "mirrored_difference", "below", "above", "brain")


def window_grey(hounsfield: np.ndarray) -> np.ndarray:
    """HU to the grey of the training pictures: 0–255 over −20…100 HU, clamped, float32."""
    low = WINDOW_LEVEL - WINDOW_WIDTH / 2
    grey: np.ndarray = np.clip((hounsfield.astype(np.float32) - low) * (255.0 / WINDOW_WIDTH), 0.0, 255.0)
    return grey


@dataclass(frozen=True)
class SkullView:
    """What the coarse grid shows of one slice.

    inside: intracranial space (bool, coarse grid); filled: the same with its skull; area_mm2 of
    `inside`; centre: (row, column) of `filled` on the coarse grid; ring: the part of the filled
    outline that is bone (0–1).
    """

    inside: np.ndarray
    filled: np.ndarray
    area_mm2: float
    centre: tuple[float, float]
    ring: float


@dataclass(frozen=True)
class Frame:
    """Where one slice's crop lies: crop (row, column) → picture (row, column) = matrix @ rc + offset."""

    matrix: np.ndarray
    offset: np.ndarray

    def to_picture(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.matrix @ np.stack([np.ravel(rows), np.ravel(columns)]) + self.offset[:, None]
        return points[0].reshape(np.shape(rows)), points[1].reshape(np.shape(columns))


@dataclass(frozen=True)
class PreparedStudy:
    """inputs: float16 [slices, len(CHANNELS), size, size]; brain_mm2 per slice; frames per slice;
    angle_deg: the head's turn in the picture; millimetres: of one crop pixel."""

    inputs: np.ndarray
    brain_mm2: np.ndarray
    frames: list[Frame]
    angle_deg: float
    millimetres: float


def _largest(mask: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: np.ndarray = labels == int(sizes.argmax())
    return largest


def _largest_parts(mask: np.ndarray, least: int = 12) -> np.ndarray:
    """The mask without its specks (calcifications, noise)."""
    labels, _count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    parts: np.ndarray = (sizes >= least)[labels]
    return parts


def _within(bone: np.ndarray, radius: int, solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(skull with its contents, contents alone), gaps in the skull up to about two radii closed.

    Radius 0 takes the skull's convex hull: for a skull with a surgical or an infant's gap.
    """
    if radius:
        pad = radius + 2
        full = ndimage.binary_fill_holes(closed(np.pad(bone, pad), radius))[pad:-pad, pad:-pad]
    elif bone.any():
        full = convex_hull_image(_largest(dilated(bone, 4)) & bone)
    else:
        full = bone
    filled = opened(full, 4)
    return filled, opened(filled & ~bone & solid, 3)


def view_skull(grey: np.ndarray, pixel_mm: float) -> SkullView:
    """Find the intracranial space of one slice (grey 0–255), on the coarse grid."""
    zoom = pixel_mm / GRID_MM
    smooth = ndimage.gaussian_filter(grey.astype(np.float32), 0.45 / zoom) if zoom < 0.9 else grey
    coarse = ndimage.zoom(smooth, zoom, order=1)
    head = _largest(opened(coarse > TISSUE_GREY, 3))
    head = ndimage.binary_fill_holes(closed(np.pad(head, 8), 4))[8:-8, 8:-8]
    # the brightest pixel decides: an averaged grid opens gaps in a thin skull
    bone = ndimage.zoom(ndimage.maximum_filter(grey, max(1, round(1 / zoom))), zoom, order=0) >= BONE_GREY
    bone = _largest_parts(bone[: coarse.shape[0], : coarse.shape[1]] & head)
    solid = coarse > AIR_OR_FAT_GREY
    filled, inside = _within(bone, 3, solid)
    for radius in (7, 12, 0):
        if inside.sum() > 0.3 * head.sum():
            break
        wider_filled, wider = _within(bone, radius, solid)
        if wider.sum() > 1.3 * inside.sum() + 100:
            filled, inside = wider_filled, wider
    labels, count = ndimage.label(inside)
    keep = np.zeros_like(inside)
    total = inside.sum()
    for label in range(1, count + 1):
        part = labels == label
        middle = float(np.median(coarse[part]))
        if part.sum() > max(60, 0.08 * total) and BRAIN_GREY[0] <= middle <= BRAIN_GREY[1]:
            keep |= part
    area = float(keep.sum()) * GRID_MM**2
    if not keep.any():
        return SkullView(keep, keep, 0.0, (grey.shape[0] * zoom / 2, grey.shape[1] * zoom / 2), 0.0)
    around = _largest(filled & dilated(keep, 6))
    row, column = ndimage.center_of_mass(around)
    outline = around & ~eroded(around, 1)
    ring = float((outline & dilated(bone, 2)).sum() / max(1, outline.sum()))
    return SkullView(keep, around, area, (float(row), float(column)), ring)


def _turned(mask: np.ndarray, centre: tuple[float, float], degrees: float, half: int) -> np.ndarray:
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * 2.0
    offset = np.array(centre) - matrix @ np.array([half, half])
    turned: np.ndarray = ndimage.affine_transform(
        mask.astype(np.float32), matrix, offset, output_shape=(2 * half + 1, 2 * half + 1), order=1
    )
    return turned


def _turn_of(view: SkullView) -> float:
    """The turn (degrees) that makes the filled skull most alike its mirror image, long axis upright."""
    rows, columns = np.nonzero(view.filled)
    spread = np.cov(np.stack([rows, columns]))
    axis = np.linalg.eigh(spread)[1][:, 1]
    first = float(np.rad2deg(np.arctan2(axis[1], axis[0])))
    first = (first + 90.0) % 180.0 - 90.0
    first = float(np.clip(first, -50.0, 50.0))
    best, best_turn = -1.0, first
    for turn in np.unique(np.concatenate([first + np.arange(-12, 13, 3.0), np.arange(-6, 7, 3.0)])):
        turned = _turned(view.filled, view.centre, float(turn), 56)
        mirrored = turned[:, ::-1]
        overlap = float(np.minimum(turned, mirrored).sum() / max(1.0, np.maximum(turned, mirrored).sum()))
        # between equally symmetric turns the smaller one is the likelier
        overlap -= 0.0002 * abs(float(turn))
        if overlap > best:
            best, best_turn = overlap, float(turn)
    return best_turn


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(running, running[-1] / 2))])


def prepare_study(
    slices: Sequence[np.ndarray],
    pixel_mm: float = ASSUMED_PIXEL_MM,
    size: int = 160,
    views: list[SkullView] | None = None,
) -> PreparedStudy:
    """Prepare one study.

    slices: grey pictures 0–255 (see `window_grey`) from the lowest slice to the highest, all of one
    shape; pixel_mm: their spacing. Raises ValueError when no slice shows brain within a skull.
    """
    views = views or [view_skull(grey, pixel_mm) for grey in slices]
    areas = np.array([view.area_mm2 for view in views])
    if not len(areas) or areas.max() < 3000.0:
        raise ValueError("No slice shows brain within a skull.")
    large = np.flatnonzero(areas > 0.5 * areas.max())
    turn = _weighted_median(np.array([_turn_of(views[i]) for i in large]), areas[large])
    lengths = []
    for i in large:
        profile = _turned(views[i].filled, views[i].centre, turn, 60).max(axis=1) > 0.5
        lengths.append(float(np.ptp(np.flatnonzero(profile))) * 2.0 * GRID_MM)
    length_mm = float(np.clip(np.percentile(lengths, 90), 110.0, 220.0))
    step_mm = length_mm / (0.92 * size)
    step = step_mm / pixel_mm
    radians = np.deg2rad(turn)
    matrix = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]]) * step
    middle = np.array([(size - 1) / 2, (size - 1) / 2])
    centres = _smooth_centres(np.array([view.centre for view in views]), areas)
    frames, crops, masks = [], [], []
    for grey, view, centre in zip(slices, views, centres, strict=True):
        at = (np.array(centre) + 0.5) * (GRID_MM / pixel_mm) - 0.5
        frame = Frame(matrix, at - matrix @ middle)
        frames.append(frame)
        smooth = ndimage.gaussian_filter(grey.astype(np.float32), 0.4 * step) if step > 1.1 else grey
        crop = ndimage.affine_transform(smooth, matrix, frame.offset, output_shape=(size, size), order=1)
        ratio = pixel_mm / GRID_MM
        inside = ndimage.affine_transform(
            dilated(view.inside, 1).astype(np.float32),
            matrix * ratio,
            (frame.offset + 0.5) * ratio - 0.5,
            output_shape=(size, size),
            order=1,
        )
        bone = ndimage.binary_dilation(crop >= BONE_GREY)
        crops.append(crop)
        masks.append((inside > 0.5) & ~bone)
    return PreparedStudy(_channels(crops, masks), areas, frames, turn, step_mm)


def _smooth_centres(centres: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Slices without a trustworthy skull take the centre of the nearest slice that has one."""
    trusted = np.flatnonzero(areas > 0.35 * areas.max())
    smoothed = centres.copy()
    for index in range(len(centres)):
        if areas[index] <= 0.35 * areas.max():
            smoothed[index] = centres[trusted[np.argmin(np.abs(trusted - index))]]
    return smoothed


def _channels(crops: list[np.ndarray], masks: list[np.ndarray]) -> np.ndarray:
    levels = [
        float(np.median(crop[mask])) if mask.sum() > 200 else np.nan for crop, mask in zip(crops, masks, strict=True)
    ]
    usual = float(np.nanmedian(levels)) if np.isfinite(levels).any() else 117.0
    normal = []
    for crop, mask in zip(crops, masks, strict=True):
        normal.append(np.where(mask, np.clip((crop - usual) / 25.0, -3.0, 4.0), 0.0).astype(np.float32))
    out = np.zeros((len(crops), len(CHANNELS), *crops[0].shape), np.float16)
    for index, (plane, mask) in enumerate(zip(normal, masks, strict=True)):
        weight = ndimage.gaussian_filter(mask.astype(np.float32), 2.0)
        smooth = ndimage.gaussian_filter(plane, 2.0) / np.maximum(weight, 0.2)
        both = mask & mask[:, ::-1]
        out[index, 0] = plane
        out[index, 1] = np.where(both, smooth - smooth[:, ::-1], np.where(mask, smooth, 0.0))
        out[index, 2] = normal[max(0, index - 1)]
        out[index, 3] = normal[min(len(normal) - 1, index + 1)]
        out[index, 4] = mask
    return out


def preprocessing(size: int) -> dict[str, Any]:
    """The record of this preparation that a bundle carries."""
    return {
        "window": {"width": WINDOW_WIDTH, "level": WINDOW_LEVEL},
        "size": size,
        "channels": list(CHANNELS),
        "grey_step": 25.0,
        "order": "lowest slice first",
    }
