"""From the network's evidence maps to findings: place, box, size and volume of each bleed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from skimage.measure import approximate_polygon, find_contours

from screening.rules.abc2 import ellipsoid_ml, slice_weight
from screening.scoring.brain_slices import GRID_MM, PreparedStudy, SkullView
from screening.scoring.evidence import heat_map
from screening.scoring.types import FindingResult

BLOOD_HU = (45.0, 95.0)
SMOOTHING_MM = 1.1
BONE_HU = 110.0
RIM_MM = 2.0
NEAR_MM = 10.0
MOST_GROWTH = 3.0
LEAST_MM2 = 15.0
MOST_FINDINGS = 3
HOT_DROP = 2.0  # logits below a slice's strongest evidence that still belong to the hot region
MIDLINE_MM = 6.0


@dataclass(frozen=True)
class Stack:
    """Slices as the network reads them, front of the head up, patient's left on the right.

    hu: float32 [n, rows, columns]; positions: mm along the normal; spacing: mm between rows, columns;
    sop_uids and numbers (what a person calls them, from 1) of the images that stand for the slices;
    flip_*: whether `hu` was turned over against the stored pictures.
    """

    hu: np.ndarray
    positions: np.ndarray
    spacing: tuple[float, float]
    sop_uids: tuple[str, ...]
    series_uid: str
    numbers: tuple[int, ...]
    flip_rows: bool = False
    flip_columns: bool = False

    def gaps_mm(self) -> np.ndarray:
        """What each slice stands for: half the way to both neighbours."""
        steps = np.diff(self.positions)
        ends = np.concatenate([steps[:1], steps, steps[-1:]])
        gaps: np.ndarray = (ends[:-1] + ends[1:]) / 2
        return gaps

    def stored_box(self, rows: np.ndarray, columns: np.ndarray) -> tuple[float, float, float, float]:
        """[x0, y0, x1, y1] in the stored picture's pixels, end excluded."""
        height, width = self.hu.shape[1:]
        if self.flip_rows:
            rows = height - 1 - rows
        if self.flip_columns:
            columns = width - 1 - columns
        return float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)


@dataclass(frozen=True)
class _Region:
    """The blood of one slice. `dense` tells whether the densities bore the hot region out."""

    index: int
    mask: np.ndarray
    dense: bool

    @property
    def pixels(self) -> int:
        return int(self.mask.sum())


def find_bleeds(
    stack: Stack,
    views: Sequence[SkullView],
    prepared: PreparedStudy,
    evidence: np.ndarray,
    slice_scores: np.ndarray,
    threshold: float,
) -> tuple[FindingResult, ...]:
    """The findings of a flagged study, strongest first; at least one, at most `MOST_FINDINGS`.

    evidence: [n, h, w] logits on the prepared crops; slice_scores: [n] probabilities.
    """
    positive = slice_scores >= min(threshold, float(slice_scores.max()))
    groups, count = ndimage.label(ndimage.binary_closing(positive) | positive)
    found = []
    for group in range(1, count + 1):
        members = np.flatnonzero(groups == group)
        key = int(members[np.argmax(slice_scores[members])])
        found.append((float(slice_scores[key]), key, members))
    found.sort(key=lambda item: (-item[0], item[1]))
    findings = []
    for number, (score, key, members) in enumerate(found[:MOST_FINDINGS], start=1):
        findings.append(_finding(f"f{number}", score, key, members, stack, views, prepared, evidence))
    return tuple(findings)


def _finding(
    name: str,
    score: float,
    key: int,
    members: np.ndarray,
    stack: Stack,
    views: Sequence[SkullView],
    prepared: PreparedStudy,
    evidence: np.ndarray,
) -> FindingResult:
    regions = {int(i): _region(int(i), stack, views, prepared, evidence[i]) for i in members}
    region = regions[key]
    rows, columns = np.nonzero(region.mask)
    side = _side(rows, columns, key, prepared, stack.spacing)
    level = _level(key, stack, prepared)
    long_axis, short_axis = _axes(rows, columns, stack.spacing)
    attributes: dict[str, Any] = {
        "slice": stack.numbers[key],
        "first_slice": min(stack.numbers[int(members[0])], stack.numbers[int(members[-1])]),
        "last_slice": max(stack.numbers[int(members[0])], stack.numbers[int(members[-1])]),
        "positive_slices": len(members),
        "side": side,
        "level": level,
        "outlined_by_density": region.dense,
    }
    size = None
    if region.dense:
        size = round(long_axis, 1)
        attributes["long_axis_mm"] = round(long_axis, 1)
        attributes["short_axis_mm"] = round(short_axis, 1)
        attributes["mean_hu"] = round(float(stack.hu[key][region.mask].mean()), 0)
        attributes.update(_volumes(regions, key, stack, long_axis, short_axis))
    where = {"midline": "midline", "both": "both hemispheres"}.get(side, f"{side} hemisphere")
    return FindingResult(
        id=name,
        type="haemorrhage",
        location=f"{where}, {level}",
        size_mm=size,
        probability=round(score, 4),
        series_uid=stack.series_uid,
        sop_uid=stack.sop_uids[key],
        frame=1,
        box=stack.stored_box(rows, columns),
        attributes=attributes,
        contour=_contour(region.mask, stack),
        heat_map=_heat_map(evidence[key], key, stack, views[key], prepared),
    )


def _heat_map(
    evidence: np.ndarray, index: int, stack: Stack, view: SkullView, prepared: PreparedStudy
) -> dict[str, Any] | None:
    """Each place's odds as a share of the strongest place's, of the places inside the skull alone; None without any.

    What a reader is shown therefore never lies outside the head, wherever the network looked: a property of the
    picture, no merit of the network, whose own maps the card counts.
    """
    rows, columns = stack.hu[index].shape
    inside = _inside(view, (rows, columns), stack.spacing)
    if not inside.any():
        return None
    heat = np.where(inside, _on_picture(evidence, prepared, index, (rows, columns)), -np.inf)
    share = np.exp(heat - heat.max())
    return heat_map(share, (0.0, 0.0, float(columns), float(rows)), stack.flip_columns, stack.flip_rows)


def _region(
    index: int, stack: Stack, views: Sequence[SkullView], prepared: PreparedStudy, evidence: np.ndarray
) -> _Region:
    """The hot region of one slice, narrowed to what has the density of fresh blood where any has."""
    plane = stack.hu[index]
    heat = _on_picture(evidence, prepared, index, plane.shape)
    inside = _inside(views[index], plane.shape, stack.spacing)
    candidates = np.where(inside, heat, -np.inf)
    peak = float(candidates.max()) if inside.any() else float(heat.max())
    hot = (candidates if inside.any() else heat) > peak - HOT_DROP
    labels, _count = ndimage.label(hot)
    place = np.unravel_index(int(np.argmax(candidates if inside.any() else heat)), heat.shape)
    hot = labels == labels[place]
    sigma = (SMOOTHING_MM / stack.spacing[0], SMOOTHING_MM / stack.spacing[1])
    smooth = ndimage.gaussian_filter(np.clip(plane, -50.0, 130.0), sigma)
    pixel_mm = (stack.spacing[0] + stack.spacing[1]) / 2
    near = ndimage.binary_dilation(hot, iterations=max(1, round(NEAR_MM / pixel_mm))) & inside
    brain = plane[inside]
    usual = float(np.median(brain)) if brain.size else 32.0
    floor = max(BLOOD_HU[0], usual + 12.0)
    # beside bone every density is an average with it: blood there is taken only as the rim of blood
    beside = ndimage.binary_dilation(plane > BONE_HU, iterations=max(1, round(RIM_MM / pixel_mm)))
    bloody = (smooth >= floor) & (smooth <= BLOOD_HU[1]) & inside
    dense = ndimage.binary_opening(bloody & ~beside, iterations=max(1, round(0.6 / pixel_mm)))
    blobs, count = ndimage.label(dense & near)
    pixel_mm2 = stack.spacing[0] * stack.spacing[1]
    best, best_weight = 0, 0.0
    for blob in range(1, count + 1):
        part = blobs == blob
        if part.sum() * pixel_mm2 < LEAST_MM2:
            continue
        weight = float(part.sum()) * float(np.exp(heat[part].max() - peak))
        if weight > best_weight:
            best, best_weight = blob, weight
    if best:
        found = blobs == best
        # the clot may reach beyond the hot region, but not run around the whole skull
        whole = ndimage.binary_propagation(found, mask=dense)
        if whole.sum() < MOST_GROWTH * found.sum():
            found = whole
        rim = ndimage.binary_dilation(found, iterations=max(1, round(RIM_MM / pixel_mm)), mask=bloody)
        return _Region(index, ndimage.binary_fill_holes(rim | found), True)
    return _Region(index, hot, False)


def _on_picture(evidence: np.ndarray, prepared: PreparedStudy, index: int, shape: tuple[int, ...]) -> np.ndarray:
    """The evidence map laid over the picture (linear between cells, low outside)."""
    size = prepared.inputs.shape[-1]
    cell = size / evidence.shape[0]
    frame = prepared.frames[index]
    inverse = np.linalg.inv(frame.matrix)
    offset = (inverse @ -frame.offset + 0.5) / cell - 0.5
    laid: np.ndarray = ndimage.affine_transform(
        evidence.astype(np.float32),
        inverse / cell,
        offset,
        output_shape=shape[-2:],
        order=1,
        mode="constant",
        cval=-8.0,
    )
    return laid


def _inside(view: SkullView, shape: tuple[int, ...], spacing: tuple[float, float]) -> np.ndarray:
    ratio = (spacing[0] + spacing[1]) / 2 / GRID_MM
    grown = ndimage.binary_dilation(view.inside)
    inside: np.ndarray = (
        ndimage.affine_transform(
            grown.astype(np.float32),
            np.array([ratio, ratio]),
            (0.5 * ratio - 0.5, 0.5 * ratio - 0.5),
            output_shape=shape[-2:],
            order=1,
        )
        > 0.5
    )
    return inside


def _side(
    rows: np.ndarray, columns: np.ndarray, index: int, prepared: PreparedStudy, spacing: tuple[float, float]
) -> str:
    """ "left", "right", "midline" or "both", of the patient, by the study's own midline."""
    frame = prepared.frames[index]
    size = prepared.inputs.shape[-1]
    crop = np.linalg.inv(frame.matrix) @ (np.stack([rows, columns]) - frame.offset[:, None])
    off_mm = (crop[1] - (size - 1) / 2) * prepared.millimetres
    middle = float(np.median(off_mm))
    if min(float((off_mm > MIDLINE_MM).mean()), float((off_mm < -MIDLINE_MM).mean())) > 0.25:
        return "both"
    if abs(middle) < MIDLINE_MM:
        return "midline"
    return "left" if middle > 0 else "right"


def _level(index: int, stack: Stack, prepared: PreparedStudy) -> str:
    """Roughly how high in the head, from the distance to the highest slice with brain."""
    top = int(np.flatnonzero(prepared.brain_mm2 > 1500.0)[-1])
    size = prepared.inputs.shape[-1]
    # an adult brain is about 170 mm long and 130 mm high; smaller heads keep the proportion
    scale = 0.92 * size * prepared.millimetres / 170.0
    below = float(stack.positions[top] - stack.positions[index]) / max(scale, 0.5)
    if below < 40.0:
        return "above the ventricles"
    if below < 82.0:
        return "level of the ventricles and basal ganglia"
    return "level of the skull base"


def _axes(rows: np.ndarray, columns: np.ndarray, spacing: tuple[float, float]) -> tuple[float, float]:
    """Longest diameter and the widest extent at right angles to it, in mm, pixel edges included."""
    points = np.stack([rows * spacing[0], columns * spacing[1]], axis=1)
    try:
        corners = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        corners = points[np.linspace(0, len(points) - 1, min(len(points), 50)).astype(int)]
    between = corners[:, None] - corners[None]
    distances = np.hypot(between[..., 0], between[..., 1])
    first, second = np.unravel_index(int(distances.argmax()), distances.shape)
    pixel = float(np.mean(spacing))
    longest = float(distances[first, second])
    if longest == 0.0:
        return pixel, pixel
    along = (corners[second] - corners[first]) / longest
    across = corners @ np.array([-along[1], along[0]])
    return longest + pixel, float(np.ptp(across)) + pixel


def _volumes(
    regions: dict[int, _Region], key: int, stack: Stack, long_axis: float, short_axis: float
) -> dict[str, Any]:
    """Volume by counted pixels × slice distance, and ABC/2 (Kothari 1996), both in ml and exploratory."""
    pixel_mm2 = stack.spacing[0] * stack.spacing[1]
    gaps = stack.gaps_mm()
    areas = {index: region.pixels * pixel_mm2 for index, region in regions.items() if region.dense}
    largest = max(areas, key=lambda index: areas[index])
    if largest != key:
        rows, columns = np.nonzero(regions[largest].mask)
        long_axis, short_axis = _axes(rows, columns, stack.spacing)
    # the slices may lie unevenly, so each weighs for what it stands for
    height = sum(slice_weight(area, areas[largest]) * float(gaps[index]) for index, area in areas.items())
    volume = sum(area * float(gaps[index]) for index, area in areas.items()) / 1000.0
    return {
        "volume_ml": round(volume, 1),
        "abc2_ml": round(ellipsoid_ml(long_axis, short_axis, height), 1),
        "largest_slice": stack.numbers[largest],
        "volume_is_exploratory": True,
    }


def _contour(mask: np.ndarray, stack: Stack) -> list[list[float]] | None:
    """The outline of the largest part as [x, y] in the stored picture's pixels, whole numbers at pixel edges."""
    outlines = find_contours(np.pad(mask, 1).astype(float), 0.5)
    if not outlines:
        return None
    outline = approximate_polygon(max(outlines, key=len), 0.7) - 1.0
    height, width = mask.shape
    rows = height - 1 - outline[:, 0] if stack.flip_rows else outline[:, 0]
    columns = width - 1 - outline[:, 1] if stack.flip_columns else outline[:, 1]
    return [[round(float(x) + 0.5, 1), round(float(y) + 0.5, 1)] for x, y in zip(columns, rows, strict=True)]
