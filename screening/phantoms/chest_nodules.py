"""Nodules for the chest phantom: where a wanted one can lie, and its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from screening.phantoms.chest_anatomy import Frame

ROOM_STEP = 4
LOBES = ("RUL", "RML", "RLL", "LUL", "LLL")
TYPES = ("solid", "part_solid", "ground_glass")
PLACES = ("free", "pleural", "vascular", "fissural")
TYPE_HU = {"solid": 35.0, "part_solid": -560.0, "ground_glass": -600.0}
CORE_HU = 20.0
APART_MM = 12.0


@dataclass(frozen=True)
class NoduleSpec:
    """A nodule to plant.

    diameter_mm: mean diameter. type: one of `TYPES`. lobe: one of `LOBES`, or "" for any. hu: mean value instead
    of the type's own. place: free in the lung, on the pleura of the chest wall, mediastinum or diaphragm, on a
    vessel, or on a fissure. core: the solid part's diameter over the whole's, for a part-solid one.
    """

    diameter_mm: float
    type: str = "solid"
    lobe: str = ""
    hu: float | None = None
    place: str = "free"
    core: float = 0.5


@dataclass(frozen=True)
class _Room:
    """What decides where a nodule can lie, every fourth pixel: mm to the lung's edge and to the next vessel of
    1 mm and more, Hounsfield units, and mm to the next nodule planted before."""

    edge: np.ndarray
    vessel: np.ndarray
    hu: np.ndarray
    planted: np.ndarray


def lobe_of(x: float, y: float, part: float) -> str:
    """The lobe of a place in the phantom: x, y in mm from the middle, part 0 (base) – 1 (top)."""
    oblique = 0.42 + 0.0042 * y
    if x > 0:
        return "LUL" if part > oblique else "LLL"
    if part <= oblique:
        return "RLL"
    return "RUL" if part > 0.46 else "RML"


def fissures_mm(frame: Frame, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Height above the oblique and the horizontal fissure, mm; the latter infinite where there is none."""
    part = z / frame.height
    bulge = 0.05 * np.cos(frame.x / 24)
    border = 0.42 + 0.0042 * frame.y + bulge
    minor = np.where((frame.x < 0) & (border < 0.46), (part - 0.46 - 0.4 * bulge) * frame.height, np.inf)
    return (part - border) * frame.height, minor


def plant_all(
    hu: np.ndarray,
    vessels: np.ndarray,
    lungs: np.ndarray,
    wanted: Sequence[NoduleSpec],
    spacing: tuple[float, float, float],
    frame: Frame,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Draw the nodules into `hu` and say where they lie; one for which its lobe has no room is left out."""
    step = (slice(None), slice(None, None, ROOM_STEP), slice(None, None, ROOM_STEP))
    coarse = (spacing[0], spacing[1] * ROOM_STEP, spacing[2] * ROOM_STEP)
    thick = ndimage.maximum_filter(vessels, (1, ROOM_STEP, ROOM_STEP))[step] > 0.9
    inside = lungs[step]
    edge = ndimage.distance_transform_edt(inside, sampling=coarse)
    beside = ndimage.distance_transform_edt(~thick, sampling=coarse)
    planted = np.full(inside.shape, np.inf, np.float32)
    found = []
    for spec in wanted:
        place = _plant(hu, lungs, _Room(edge, beside, hu[step], planted), spec, spacing, frame, rng)
        if place is None:
            continue
        found.append(place)
        grid = np.ogrid[tuple(slice(0, length) for length in inside.shape)]
        centre = (place["voxel"][0], place["voxel"][1] / ROOM_STEP, place["voxel"][2] / ROOM_STEP)
        away = sum(((axis - at) * mm) ** 2 for axis, at, mm in zip(grid, centre, coarse, strict=True))
        planted = np.minimum(planted, np.sqrt(away) - spec.diameter_mm / 2)
    return found


def _fits(room: _Room, spec: NoduleSpec, spacing: tuple[float, float, float], frame: Frame) -> np.ndarray:
    """Where the middle of a nodule may lie, bool, every fourth pixel."""
    radius = spec.diameter_mm / 2
    apart = room.planted > radius + APART_MM
    if spec.place == "pleural":
        grid = spacing[1] * ROOM_STEP
        return np.asarray(apart & (room.edge > 0.75 * radius) & (room.edge < max(radius, 0.75 * radius + grid)))
    free = apart & (room.edge > radius + 4)
    if spec.place == "vascular":
        return np.asarray(free & (room.vessel > 0.5 * radius) & (room.vessel < radius + 0.5))
    free &= (room.hu < -600) & (room.vessel > 2.0)
    if spec.place == "fissural":
        on = np.zeros(free.shape, bool)
        for index in np.flatnonzero(free.any((1, 2))):
            nearest = np.minimum.reduce([np.abs(part) for part in fissures_mm(frame, index * spacing[0])])
            on[index] = nearest[::ROOM_STEP, ::ROOM_STEP] < 1.0
        free &= on
    return np.asarray(free)


def _plant(
    hu: np.ndarray,
    lungs: np.ndarray,
    room: _Room,
    spec: NoduleSpec,
    spacing: tuple[float, float, float],
    frame: Frame,
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """Draw one nodule into `hu`; None where the lobe has no room for it."""
    radius = spec.diameter_mm / 2
    places = np.argwhere(_fits(room, spec, spacing, frame))
    rng.shuffle(places)
    for z, y, x in places:
        voxel = (int(z), int(y) * ROOM_STEP, int(x) * ROOM_STEP)
        lobe = lobe_of(float(frame.x[voxel[1:]]), float(frame.y[voxel[1:]]), voxel[0] * spacing[0] / frame.height)
        if not spec.lobe or lobe == spec.lobe:
            break
    else:
        return None
    axes = radius * np.array([1.0, rng.uniform(0.93, 1.0), 1.0])
    axes[2] = 2 * radius - axes[1]
    turn = rng.uniform(0, np.pi)
    bumps = rng.uniform(0, 2 * np.pi, 2)
    reach = [int(np.ceil((radius + 3) / step_mm)) for step_mm in spacing]
    box = tuple(slice(max(0, c - r), c + r + 1) for c, r in zip(voxel, reach, strict=True))
    dz, dy, dx = (
        (np.arange(part.start, min(part.stop, length)) - centre) * step_mm
        for part, length, centre, step_mm in zip(box, hu.shape, voxel, spacing, strict=True)
    )
    grid_z, grid_y, grid_x = np.meshgrid(dz, dy, dx, indexing="ij")
    along, across = grid_x * np.cos(turn) + grid_y * np.sin(turn), grid_y * np.cos(turn) - grid_x * np.sin(turn)
    distance = np.sqrt((grid_z / axes[0]) ** 2 + (across / axes[1]) ** 2 + (along / axes[2]) ** 2)
    angle = np.arctan2(across, along)
    ripple = 1 + 0.04 * np.sin(3 * angle + bumps[0]) + 0.03 * np.sin(5 * angle + bumps[1] + grid_z)
    soft = 1.1 / radius
    filled = np.clip((ripple - distance) / soft + 0.5, 0, 1) * lungs[box]
    region = hu[box]
    value = TYPE_HU[spec.type] if spec.hu is None else spec.hu
    region += filled * np.maximum(value - region, 0)
    if spec.type == "part_solid":
        core = np.clip((spec.core - distance) / soft + 0.5, 0, 1) * lungs[box]
        region += core * np.maximum(CORE_HU - region, 0)
    half = int(np.ceil(radius / spacing[1]))
    return {
        "voxel": voxel,
        "diameter_mm": float(spec.diameter_mm),
        "core_mm": float(spec.core * spec.diameter_mm) if spec.type == "part_solid" else None,
        "type": spec.type,
        "lobe": lobe,
        "place": spec.place,
        "slice": voxel[0],
        "box": [voxel[2] - half, voxel[1] - half, voxel[2] + half + 1, voxel[1] + half + 1],
    }
