"""Branching vessels and bronchi for the chest phantom: tapering tubes from the hila into the lungs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HILUM_MM = 30.0
THINNEST_MM = 0.4
BRONCHUS_MM = 1.5
WALL_MM = 0.7


@dataclass(frozen=True)
class Tube:
    """A straight piece: ends in mm (z, y, x from voxel 0) and its radius at each end."""

    start: np.ndarray
    end: np.ndarray
    radius_start: float
    radius_end: float


def vessel_tree(lungs: np.ndarray, spacing: tuple[float, float, float], rng: np.random.Generator) -> list[Tube]:
    """Trees for both lungs, growing away from the hila. Radii fall by Murray's law (cubes add up at a fork)."""
    scale = np.array(spacing)
    size = np.array(lungs.shape) * scale
    tubes: list[Tube] = []
    for side in (-1, 1):
        hilum = np.array([0.47 * size[0], 0.5 * size[1] + 4.0, 0.5 * size[2] + side * HILUM_MM])
        for _ in range(22):
            direction = rng.standard_normal(3) * np.array([1.1, 1.0, 0.35])
            direction[2] += side * 0.75
            radius = float(rng.uniform(2.3, 4.4))
            start = hilum + rng.normal(0, 6, 3)
            _grow(tubes, lungs, scale, start, _unit(direction), radius, rng, 0, hilum)
    return tubes


def bronchi(tubes: Sequence[Tube]) -> list[Tube]:
    """The airway beside each thick vessel: its lumen, about three quarters as wide (Weibel 1963)."""
    airways = []
    for tube in tubes:
        if tube.radius_end < BRONCHUS_MM:
            continue
        radius = 0.75 * tube.radius_end
        beside = _unit(np.cross(tube.end - tube.start, [0.3, 0.9, 0.3])) * (tube.radius_start + radius + WALL_MM)
        airways.append(Tube(tube.start + beside, tube.end + beside, radius, radius))
    return airways


def with_walls(airways: Sequence[Tube]) -> list[Tube]:
    return [Tube(a.start, a.end, a.radius_start + WALL_MM, a.radius_end + WALL_MM) for a in airways]


def _grow(
    tubes: list[Tube],
    lungs: np.ndarray,
    scale: np.ndarray,
    start: np.ndarray,
    direction: np.ndarray,
    radius: float,
    rng: np.random.Generator,
    depth: int,
    hilum: np.ndarray,
) -> None:
    length = float(rng.uniform(4.2, 7.5)) * (2.4 + radius)
    pieces = max(2, int(length / 5))
    for _ in range(pieces):
        direction = _unit(direction + rng.normal(0, 0.16, 3))
        end = start + direction * (length / pieces)
        thinner = radius * 0.975
        if depth > 0 and not _inside(lungs, end / scale):
            return
        tubes.append(Tube(start, end, radius, thinner))
        start, radius = end, thinner
    if radius < THINNEST_MM or depth > 9:
        return
    outward = 0.15 * _unit(start - hilum)
    share = float(rng.uniform(0.35, 0.72))
    for part in (share, 1 - share):
        turn = _unit(direction + outward + rng.normal(0, 0.48, 3))
        _grow(tubes, lungs, scale, start, turn, radius * part ** (1 / 3) * 0.95, rng, depth + 1, hilum)


def draw_tubes(canvas: np.ndarray, tubes: Sequence[Tube], spacing: tuple[float, float, float]) -> None:
    """Coverage (0–1) of voxels by the tubes, the larger value where they overlap, in place."""
    scale = np.array(spacing)
    for tube in tubes:
        reach = max(tube.radius_start, tube.radius_end) + scale
        low = np.maximum(np.floor((np.minimum(tube.start, tube.end) - reach) / scale), 0).astype(int)
        high = np.minimum(np.ceil((np.maximum(tube.start, tube.end) + reach) / scale) + 1, canvas.shape).astype(int)
        if (low >= high).any():
            continue
        z, y, x = (
            (np.arange(first, last) * step - at).astype(np.float32)
            for first, last, step, at in zip(low, high, scale, tube.start, strict=True)
        )
        axis = tube.end - tube.start
        length = float(np.linalg.norm(axis))
        axis = axis / length
        grid_z, grid_y, grid_x = z[:, None, None], y[None, :, None], x[None, None, :]
        along = np.clip(grid_z * axis[0] + grid_y * axis[1] + grid_x * axis[2], 0, length)
        gap = np.sqrt(
            (grid_z - along * axis[0]) ** 2 + (grid_y - along * axis[1]) ** 2 + (grid_x - along * axis[2]) ** 2
        )
        radius = tube.radius_start + (tube.radius_end - tube.radius_start) * along / length
        cover = np.clip((radius - gap) / 0.9 + 0.5, 0, 1) * np.clip(radius / 0.8, 0.35, 1)
        region = canvas[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        np.maximum(region, cover, out=region)


def _inside(lungs: np.ndarray, place: np.ndarray) -> bool:
    index = np.rint(place).astype(int)
    if (index < 0).any() or (index >= lungs.shape).any():
        return False
    return bool(lungs[tuple(index)])


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))
