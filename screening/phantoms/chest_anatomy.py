"""A synthetic adult chest without vessels or nodules: tissue by analytic surfaces, slice by slice.

Coordinates in mm: x to the patient's left, y to the back, z to the head; the middle of the slice is
x = y = 0 and the lowest slice z = 0. Sizes are textbook averages, varied by seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AIR, LUNG, FAT, MUSCLE, MARROW, CORTEX, CARTILAGE, LIVER, BLOOD = -1000, -865, -105, 50, 190, 720, 110, 62, 42
RIB_STEP = 25.0


@dataclass(frozen=True)
class Frame:
    """Pixel coordinates of a slice in mm and the extent of the scan."""

    x: np.ndarray
    y: np.ndarray
    height: float
    angle: np.ndarray
    bend: np.ndarray
    power: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, size: int, spacing: float, height: float) -> Frame:
        axis = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * spacing
        x, y = np.meshgrid(axis, axis)
        angle = np.arctan2(x, y)
        return cls(x, y, height, angle, (1 - np.cos(angle)) / 2, (np.abs(x) ** 2.4, np.abs(y) ** 2.4))

    def within(self, x: float, y: float, rx: float, ry: float) -> tuple[slice, slice]:
        """Rows and columns of the box around a place: what is drawn small is not computed over the whole slice."""
        columns = np.searchsorted(self.x[0], (x - rx, x + rx)).tolist()
        rows = np.searchsorted(self.y[:, 0], (y - ry, y + ry)).tolist()
        return slice(*rows), slice(*columns)


@dataclass(frozen=True)
class Build:
    """One person's proportions."""

    half_width: float
    half_depth: float
    fat: float
    dome: float
    heart: float
    rib_phase: float

    @classmethod
    def of(cls, rng: np.random.Generator) -> Build:
        return cls(
            half_width=float(rng.uniform(150, 161)),
            half_depth=float(rng.uniform(102, 112)),
            fat=float(rng.uniform(8, 18)),
            dome=float(rng.uniform(34, 46)),
            heart=float(rng.uniform(0.92, 1.06)),
            rib_phase=float(rng.uniform(0, RIB_STEP)),
        )


def _ellipse(frame: Frame, x: float, y: float, rx: float, ry: float) -> np.ndarray:
    """Below 1 inside."""
    return np.asarray(((frame.x - x) / rx) ** 2 + ((frame.y - y) / ry) ** 2)


def _fill(hu: np.ndarray, frame: Frame, x: float, y: float, rx: float, ry: float, value: float) -> None:
    """Paint an ellipse, in place."""
    box = frame.within(x, y, rx, ry)
    hu[box][((frame.x[box] - x) / rx) ** 2 + ((frame.y[box] - y) / ry) ** 2 < 1] = value


def body_radius(frame: Frame, build: Build, z: float) -> np.ndarray:
    """Normalised distance from the middle: 1 on the skin."""
    part = z / frame.height
    width = build.half_width * (1.0 - 0.10 * max(0.0, part - 0.75) / 0.25)
    depth = build.half_depth * (1.0 - 0.16 * max(0.0, part - 0.72) / 0.28)
    return np.asarray((frame.power[0] / width**2.4 + frame.power[1] / depth**2.4) ** (1 / 2.4))


def lung_mask(frame: Frame, build: Build, z: float, radius: np.ndarray) -> np.ndarray:
    """Both lungs at one level, bool, vessels and nodules included. radius: `body_radius` at that level."""
    part = z / frame.height
    shape = np.sqrt(max(0.0, 1.0 - (max(0.0, part - 0.25) / 0.745) ** 2.6))
    if shape < 0.08:
        return np.zeros(frame.x.shape, bool)
    inner = radius * build.half_width
    wall = build.half_width - build.fat - 21
    lungs = np.zeros(frame.x.shape, bool)
    for side in (-1, 1):
        centre = side * (66 - 14 * (1 - shape))
        outline = _ellipse(frame, centre, 4, 54 * shape, 85 * shape)
        height = build.dome * (1.12 if side < 0 else 0.92)
        dome = height * (1.0 - ((frame.x - side * 62) / 78) ** 2 - ((frame.y + 18) / 92) ** 2)
        lungs |= (outline < 1) & (inner < wall) & (z > dome)
    blocked = _ellipse(frame, 0, 68, 25, 30) < 1
    blocked |= _ellipse(frame, 2, -14, 30 - 8 * part, 60) < 1
    blocked |= heart_distance(frame, build, z) < 1.0
    blocked |= _ellipse(frame, 17, 44, 15, 15) < 1
    return lungs & ~blocked


def heart_distance(frame: Frame, build: Build, z: float) -> np.ndarray:
    """Below 1 inside the heart."""
    level = (z - 0.30 * frame.height) / (0.26 * frame.height)
    tilt = frame.x - 22 + 0.35 * (frame.y + 24)
    size = 52 * build.heart
    return np.asarray((tilt / size) ** 2 + ((frame.y + 24) / (44 * build.heart)) ** 2 + level**2)


def tissue(frame: Frame, build: Build, z: float) -> tuple[np.ndarray, np.ndarray]:
    """One slice without vessels, nodules, table and noise: Hounsfield units (float32) and the lung mask."""
    part = z / frame.height
    radius = body_radius(frame, build, z)
    depth = (1 - radius) * build.half_width
    hu = np.full(frame.x.shape, AIR, np.float32)
    hu[depth > 0] = 20
    hu[depth > 2.2] = FAT
    hu[depth > build.fat] = MUSCLE
    _abdomen(hu, frame, build, z)
    lungs = lung_mask(frame, build, z, radius)
    middle = (_ellipse(frame, 2, -14, 33, 62) < 1) & (depth > build.fat + 14)
    if part > 0.14:
        hu[middle & ~lungs] = -70
    _great_vessels(hu, frame, build, part)
    heart = heart_distance(frame, build, z)
    hu[(heart < 1.0) & (depth > build.fat + 12)] = -60
    hu[(heart < 0.93) & (depth > build.fat + 12)] = BLOOD
    hu[lungs] = LUNG + 0.35 * frame.y[lungs]
    _bones(hu, frame, build, z, depth)
    if part > 0.55:
        _airway(hu, frame, (0.0, -2 + 14 * (0.95 - part)), 8.5)
    elif part > 0.36:
        for side in (-1, 1):
            _airway(hu, frame, (side * (2 + 190 * (0.55 - part)), 4.0), 6.2)
    return hu, lungs


def _abdomen(hu: np.ndarray, frame: Frame, build: Build, z: float) -> None:
    for side, value in ((-1, LIVER), (1, 48)):
        height = build.dome * (1.12 if side < 0 else 0.92)
        dome = height * (1.0 - ((frame.x - side * 62) / 78) ** 2 - ((frame.y + 18) / 92) ** 2)
        hu[(z <= dome - 3) & (frame.x * side > 4) & (_ellipse(frame, side * 64, -2, 58, 82) < 1)] = value
    if z < 14:
        _fill(hu, frame, 62, -36, 24, 20 - z * 0.5, -920)


def _great_vessels(hu: np.ndarray, frame: Frame, build: Build, part: float) -> None:
    if part < 0.74:
        _fill(hu, frame, 17, 44, 12, 12, BLOOD)
    if 0.42 < part < 0.70:
        _fill(hu, frame, -10, -26, 16, 16, BLOOD)
        _fill(hu, frame, -27, -16, 8.5, 9.5, BLOOD)
    if 0.40 < part < 0.56:
        _fill(hu, frame, 16, -32, 14, 15, BLOOD)
        _fill(hu, frame, 0, -6, 30, 9, BLOOD)
    if 0.68 <= part < 0.78:
        along = (frame.x - 4) * 0.35 + (frame.y - 8) * 0.94
        across = (frame.x - 4) * 0.94 - (frame.y - 8) * 0.35
        hu[(along / 42) ** 2 + ((across - 6) / 12) ** 2 < 1] = BLOOD
    if part >= 0.78:
        for x, y, r in ((-15, -14, 6.0), (-4, -20, 5.0), (13, -8, 5.5), (-24, -22, 7.0), (20, -24, 6.5)):
            _fill(hu, frame, x, y, r, r, BLOOD)
        _fill(hu, frame, 0, 12, 7, 5, 35)


def _airway(hu: np.ndarray, frame: Frame, centre: tuple[float, float], radius: float) -> None:
    for reach, grey in ((radius + 1.6, 30), (radius, AIR + 10)):
        _fill(hu, frame, centre[0], centre[1], reach, reach * 1.05, grey)


def _bones(hu: np.ndarray, frame: Frame, build: Build, z: float, depth: np.ndarray) -> None:
    ring = np.nonzero(np.abs(depth - build.fat - 13.5) < 4.6)
    angle, bend = np.abs(frame.angle[ring]), frame.bend[ring]
    along = (z + build.rib_phase + 62 * bend + RIB_STEP / 2) % RIB_STEP - RIB_STEP / 2
    rib = (along / 6.2) ** 2 + ((depth[ring] - build.fat - 13.5) / (4.6 - 0.8 * bend)) ** 2
    flank = (rib < 1) & (angle > 0.22) & (angle < 2.92)
    value = np.where(angle > 2.45, CARTILAGE, np.where(rib < 0.68**2, MARROW, CORTEX))
    hu[ring[0][flank], ring[1][flank]] = value[flank]
    _spine(hu, frame, z)
    if 0.25 < z / frame.height < 0.86:
        level = build.fat + 13 - build.half_depth
        for share, grey in ((1.0, CORTEX), (0.72, MARROW - 60)):
            hu[frame.within(0, level, 19.0 * share, 6.0 * share)] = grey
    if z / frame.height > 0.5:
        for side in (-1, 1):
            box = frame.within(side * 100, 62, 46, 50)
            x, y = frame.x[box] * side - 100, frame.y[box] - 62
            across, lengthwise = x * 0.62 + y * 0.78, x * 0.78 - y * 0.62
            blade = ((lengthwise / 36) ** 2) ** 2 + ((across + lengthwise**2 / 260) / 3.4) ** 2
            inside = (blade < 1) & (depth[box] > 4)
            hu[box][inside] = np.where(blade < 0.5**2, MARROW, CORTEX)[inside]


def _spine(hu: np.ndarray, frame: Frame, z: float) -> None:
    disc = (z + 4) % RIB_STEP < 5
    _fill(hu, frame, 0, 60, 17, 14, 85 if disc else CORTEX * 0.75)
    if not disc:
        _fill(hu, frame, 0, 60, 17 * 0.80**0.5, 14 * 0.80**0.5, MARROW - 20)
    _fill(hu, frame, 0, 79, 13.5, 11, CORTEX * 0.8)
    _fill(hu, frame, 0, 78, 8.5, 7.5, 28)
    tip = 104 - 0.4 * ((z + 4) % RIB_STEP)
    hu[frame.within(0, (88 + tip) / 2, 3.2, (tip - 88) / 2)] = CORTEX * 0.7
    if (z + 4) % RIB_STEP > 12:
        for side in (-1, 1):
            _fill(hu, frame, side * 24, 82 - 3, 15, 4.6, MARROW + 130)
