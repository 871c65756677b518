"""The drawn head behind `phantoms.head`: HU as a function of the place in the head.

Coordinates are millimetres from the middle of the head: x to the patient's left, y to the back,
z to the crown. Densities are those of textbooks: white matter 26, grey matter 36, fluid 6, fresh
blood 50–80, fat −90, bone 300–1,400 HU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

BleedKind = Literal["intraparenchymal", "subdural", "epidural"]
AIR, FAT, FLUID, WHITE, GREY, BLOOD = -1000.0, -90.0, 6.0, 26.0, 36.0, 65.0
Coordinates = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class BleedSpec:
    """A bleed to draw.

    kind: what sort. side: of the patient. volume_ml: about how large. level_mm: height over the
    middle of the head (−10 to 50 is brain everywhere). density_hu: of the clot.
    """

    kind: BleedKind = "intraparenchymal"
    side: Literal["left", "right"] = "left"
    volume_ml: float = 25.0
    level_mm: float = 22.0
    density_hu: float = BLOOD


class HeadShape:
    """One head: sizes, textures and variants drawn from a seed.

    shift_mm: how far the septum stands off the middle, above 0 to the patient's left; skull and falx stay.
    """

    def __init__(self, random: np.random.Generator, shift_mm: float = 0.0) -> None:
        self.shift_mm = shift_mm
        self.half_width = random.uniform(68.0, 76.0)
        self.half_length = random.uniform(86.0, 95.0)
        self.height = random.uniform(88.0, 97.0)
        self.skull_mm = random.uniform(5.5, 8.0)
        self.atrophy = random.uniform(0.0, 1.0)
        self.pineal = random.random() < 0.6
        self.choroid = random.random() < 0.5
        self.ventricles = random.uniform(0.85, 1.15) + 0.3 * self.atrophy
        self.skew = random.uniform(-0.025, 0.025)
        self._noise = [
            ndimage.gaussian_filter(random.standard_normal((72, 96, 80)), width) for width in (1.3, 2.2, 4.5)
        ]
        self._noise = [noise / noise.std() for noise in self._noise]

    def noise(self, which: int, where: Coordinates) -> np.ndarray:
        """Smooth noise of unit spread; wave lengths rise with `which` (about 7, 12, 25 mm)."""
        x, y, z = where
        at = [(z + 90.0) / 2.8, (y + 130.0) / 2.8, (x + 110.0) / 2.8]
        values: np.ndarray = ndimage.map_coordinates(self._noise[which], at, order=1, mode="grid-wrap")
        return values

    def depth(self, where: Coordinates) -> np.ndarray:
        """Millimetres inside (positive) or outside the outer table of the skull."""
        x, y, z = where
        wide = self.half_width * (1.0 + 0.10 * np.tanh(y / 50.0)) * (1.0 + self.skew * np.sign(x))
        low = np.clip(-z, 0.0, 80.0) / 80.0
        narrow = 1.0 - 0.20 * low**2
        flat = (np.abs(x / (wide * narrow)) ** 2.15 + np.abs(y / (self.half_length * narrow)) ** 2.15) ** (1 / 2.15)
        up = np.clip(z, 0.0, None) / self.height
        radius = (flat**2.3 + up**2.3) ** (1 / 2.3)
        reach = np.sqrt(x**2 + y**2 + np.clip(z, 0.0, None) ** 2) + 1e-3
        depth: np.ndarray = np.minimum(reach, 95.0) * (1.0 / np.maximum(radius, 1e-3) - 1.0)
        return depth


def _ball(where: Coordinates, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
    x, y, z = where
    a, b, c = centre
    ball: np.ndarray = ((x - a) / radii[0]) ** 2 + ((y - b) / radii[1]) ** 2 + ((z - c) / radii[2]) ** 2 < 1.0
    return ball


def _floor(where: Coordinates) -> np.ndarray:
    """The height of the skull base: orbital roofs, middle fossa, posterior fossa."""
    x, y, _z = where
    front = 1.0 / (1.0 + np.exp((y + 32.0) / 3.0))
    back = 1.0 / (1.0 + np.exp(-(y - 14.0 - 0.30 * np.abs(x)) / 4.0))
    middle = 1.0 - np.clip(front + back, 0.0, 1.0)
    temporal = -33.0 + 21.0 * np.exp(-((np.abs(x) / 19.0) ** 4))
    posterior = -58.0 + 26.0 * np.clip((np.hypot(x, y - 34.0) - 26.0) / 26.0, 0.0, 1.0)
    floor: np.ndarray = (
        front * (-8.0 - 12.0 * np.exp(-((x / 13.0) ** 2)) - 6.0 * np.clip(np.abs(x) / 60.0, 0.0, 1.0))
        + middle * temporal
        + back * posterior
    )
    return floor


def draw_head(
    shape: HeadShape, where: Coordinates, textures: Sequence[np.ndarray] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(HU without grain, brain mask, depth under the inner table in mm), each of the coordinates' form.

    textures: `shape.noise` 0–2 at these places, where the caller has them already.
    """
    x, y, z = where
    fine, mid, coarse = textures or [shape.noise(i, where) for i in range(3)]
    depth = shape.depth(where)
    skull = shape.skull_mm * (1.0 + 0.12 * coarse + 0.35 * np.exp(-((x / 9.0) ** 2)) + 0.2 * (y < -60.0))
    under = depth - skull
    over = z - _floor(where)
    hu = np.full(x.shape, AIR)
    _draw_outside(hu, where, depth, mid)
    petrous = _draw_below(hu, where, depth, over, mid)
    brain = (under > 0.0) & (over > 0.0) & ~petrous
    hu[brain] = _brain(shape, where, np.minimum(under, over * 1.2), fine, mid, coarse)[brain]
    table = (depth > 0.0) & (under <= 0.0) & (z > -38.0)
    diploe = np.exp(-(((under + skull / 2.0) / (0.22 * skull)) ** 2))
    hu[table] = (1250.0 - 750.0 * diploe * (0.7 + 0.3 * np.tanh(mid)))[table]
    return hu, brain, np.minimum(under, over * 1.2)


def _draw_outside(hu: np.ndarray, where: Coordinates, depth: np.ndarray, mid: np.ndarray) -> None:
    x, y, z = where
    scalp = 5.0 + 1.2 * np.clip(mid, -1.5, 1.5)
    muscle = 9.0 * np.exp(-(((y + 20.0) / 26.0) ** 2)) * np.exp(-(((z + 25.0) / 32.0) ** 2)) * (np.abs(x) > 40.0)
    neck = 22.0 * np.clip((y - 45.0) / 25.0, 0.0, 1.0) * np.clip((-z - 22.0) / 20.0, 0.0, 1.0)
    shell = scalp + muscle + neck
    hu[(depth <= 0.0) & (depth > -shell)] = FAT
    flesh = (depth <= -0.5) & (depth > -(muscle + neck))
    hu[flesh] = (52.0 + 5.0 * mid)[flesh]
    hu[(depth <= -shell) & (depth > -shell - 1.8)] = 35.0
    rest = np.abs(np.hypot(x, (y - 8.0) * 0.97) - 112.0)
    hu[(rest < 1.3) & (y > 18.0) & (depth < -8.0)] = 170.0


def _draw_below(hu: np.ndarray, where: Coordinates, depth: np.ndarray, over: np.ndarray, mid: np.ndarray) -> np.ndarray:
    """Skull base, face and orbits: everything inside the head's outline and under the brain.

    Returns the petrous bones (bool), which stand up into the brain's space.
    """
    x, y, z = where
    inside = (depth > 0.0) & (over <= 0.0)
    hu[inside] = (50.0 + 7.0 * mid)[inside]
    side = np.abs(x)
    fat = inside & (mid > 0.9)
    hu[fat] = FAT
    orbit = inside & (((side - 33.0) / 19.0) ** 2 + ((z + 29.0) / 16.0) ** 2 < np.clip((-y - 12.0) / 40.0, 0.0, 1.0))
    wall = (
        inside
        & (((side - 33.0) / 22.0) ** 2 + ((z + 29.0) / 19.0) ** 2 < np.clip((-y - 8.0) / 40.0, 0.0, 1.05))
        & (y > -78.0)
    )
    hu[wall] = 700.0
    hu[orbit] = FAT
    for sign in (-1.0, 1.0):
        hu[inside & _ball(where, (sign * 33.0, -66.0, -29.0), (12.5, 12.5, 12.5))] = 45.0
        hu[inside & _ball(where, (sign * 33.0, -66.0, -29.0), (11.3, 11.3, 11.3))] = 10.0
        hu[inside & _ball(where, (sign * 33.0, -75.5, -29.0), (5.0, 2.2, 4.5))] = 75.0
        hu[orbit & (np.abs(side - 33.0 + (y + 54.0) * 0.45) < 2.2) & (np.abs(z + 29.0) < 3.0) & (y > -54.0)] = 35.0
    nose = inside & (side < 12.5) & (y < -18.0) & (z < -14.0)
    septa = (side < 1.0) | (np.abs(side - 11.8) < 0.9) | (np.abs((y + 100.0) % 12.0 - 6.0 + 2.0 * mid) < 0.8)
    hu[nose] = np.where(septa[nose], 350.0, -900.0)
    frontal_sinus = inside & (side < 18.0) & (y < -74.0) & (z > -22.0) & (z < -2.0)
    hu[frontal_sinus] = -900.0
    base = inside & (over > -(5.0 + 1.5 * mid))
    hu[base] = (900.0 + 200.0 * mid)[base]
    rise = np.clip((-15.0 + 2.0 * mid - z) / 16.0, 0.0, 1.0)
    ridge = np.abs(y - 2.0 - 0.45 * (side - 20.0) - 2.0 * mid)
    petrous = (depth > 2.0) & (ridge < 11.0 * rise + 0.06 * side * rise) & (side > 13.0) & (z < -14.0) & (z > -44.0)
    hu[petrous] = (1100.0 + 150.0 * mid)[petrous]
    cells = petrous & (side > 44.0) & (np.sin(1.2 * x + z) * np.sin(1.1 * y + 0.7 * x) > 0.15)
    hu[cells] = -700.0
    clivus = (depth > 0.0) & (side < 13.0) & (y > -20.0) & (y < 8.0) & (z < -13.0 - 0.9 * (y + 10.0))
    hu[clivus] = (700.0 + 150.0 * mid)[clivus]
    foramen = inside & (np.hypot(x, y - 33.0) < 17.0)
    hu[foramen] = FLUID
    hu[inside & (np.hypot(x, y - 32.0) < 10.0)] = 30.0
    arch = inside & (np.abs(np.hypot(x / 1.25, y - 33.0) - 21.0) < 5.0)
    hu[arch] = 850.0
    return petrous & ~foramen


def _brain(
    shape: HeadShape, where: Coordinates, under: np.ndarray, fine: np.ndarray, mid: np.ndarray, coarse: np.ndarray
) -> np.ndarray:
    flat = where
    where = (where[0] - _shift(shape, where), where[1], where[2])
    # no structure of a brain has a drawn ellipse's edge
    x, y, z = where
    where = (x + 1.1 * mid * np.sign(x), y + 1.6 * coarse + 0.7 * fine, z + 1.2 * mid)
    x, y, z = where
    side = np.abs(x)
    wide = shape.ventricles
    folds = np.abs(mid + 0.35 * coarse)
    rind = np.minimum(under, 1.1 * side + 3.0)
    cortex = np.clip((6.5 + 15.0 * np.exp(-((folds / 0.42) ** 2)) - rind) / 2.5, 0.0, 1.0)
    hu: np.ndarray = WHITE + (GREY + 1.0 - WHITE) * cortex + 0.6 * coarse
    for ball in (
        ((12.0, -20.0, 13.0), (7.0, 11.0, 13.0)),
        ((25.0, -3.0, 5.0), (7.0, 16.0, 11.0)),
        ((10.0, 13.0, 8.0), (8.5, 13.0, 9.5)),
    ):
        hu[_ball((side, y, z), *ball)] = GREY - 2.5
    insula = (np.abs(side - 39.0 - 0.12 * (y + 5.0) - 2.0 * mid) < 2.5) & (np.abs(y) < 24.0) & (np.abs(z - 3.0) < 16.0)
    hu[insula] = GREY - 3.0
    deep = np.clip(1.2 - under / (10.0 + 9.0 * shape.atrophy), 0.0, 1.0) * (z > -8.0)
    sulcus = np.exp(-((folds / (0.15 + 0.08 * shape.atrophy)) ** 2)) * deep * (0.55 + 0.35 * shape.atrophy)
    fissure = np.exp(-(((side - 1.6) / 1.1) ** 2)) * ((y < -22.0) | (y > 42.0) | (z > 32.0)) * (z > -12.0) * 0.5
    sylvian = (
        np.exp(-(((y + 14.0 + 0.5 * (side - 46.0) + 2.5 * mid) / 2.2) ** 2))
        * (side > 38.0)
        * (np.abs(z - 4.0) < 17.0)
        * 0.75
    )
    rim = np.clip((1.6 + shape.atrophy - under) / 1.5, 0.0, 1.0) * (z > -8.0) * 0.5
    wet = np.clip(np.maximum.reduce([sulcus, fissure, sylvian, rim]), 0.0, 0.95)
    below = (y > 16.0 + 0.2 * side) & (z < -6.0 + 0.25 * (y - 20.0))
    hu[below] = (GREY - 1.0 + 2.0 * np.tanh(2.0 * np.sin(under / 1.3) * (under < 18.0)))[below]
    stem = (np.hypot(x / 1.15, y - 19.0 + 0.15 * (z + 20.0)) < 14.0) & (z < 0.0)
    hu[stem] = 31.0
    hu = hu * (1.0 - wet) + FLUID * wet
    hu[_fluid(where, wide)] = FLUID
    x, side = flat[0], np.abs(flat[0])
    falx = (side < 0.9 + 0.2 * fine) & ((y < -34.0) | (y > 48.0) | (z > 42.0)) & (z > -5.0)
    hu[falx] = 50.0
    sinus = (np.hypot(x, under - 2.0) < 4.2) & ((y > 55.0) | (z > 55.0)) & (z > -10.0)
    hu[sinus] = 52.0
    if shape.pineal:
        hu[_ball(where, (0.0, 26.0, 6.0), (2.6, 2.6, 3.0))] = 190.0
    if shape.choroid:
        hu[_ball((side, y, z), (17.5, 33.0, 14.0), (2.2, 4.0, 3.2))] = 170.0
    return hu


def _shift(shape: HeadShape, where: Coordinates) -> np.ndarray:
    """How far the brain is pushed at a place, mm: most at the septum, nothing at the skull and at both ends of the falx."""
    x, y, z = where
    across = np.clip(1.0 - (x / 62.0) ** 2, 0.0, 1.0)
    pushed: np.ndarray = (
        shape.shift_mm * across * np.exp(-(((y + 16.0) / 42.0) ** 4)) * np.exp(-(((z - 15.0) / 34.0) ** 4))
    )
    return pushed


def _fluid(where: Coordinates, wide: float) -> np.ndarray:
    """Ventricles and cisterns."""
    x, y, z = where
    side = np.abs(x)
    horn = _ball((side, y, z), (4.5 + 2.5 * wide, -22.0, 13.0), (3.6 * wide, 14.0, 7.5))
    body = _ball((side, y, z), (9.0 * wide, 6.0, 24.0), (4.2 * wide, 30.0, 6.0))
    atrium = _ball((side, y, z), (19.0, 35.0, 14.0), (5.0 * wide, 12.0, 9.0))
    third = (side < 1.7 * wide) & (y > -10.0) & (y < 17.0) & (z > -4.0) & (z < 12.0)
    fourth = _ball(where, (0.0, 36.0, -24.0), (7.0, 4.5, 9.0))
    star = (np.abs(z + 10.0) < 5.0) & (
        (_ball(where, (0.0, -7.0, -10.0), (11.0, 8.0, 9.0)))
        | (np.abs(side - 14.0 + 0.35 * (y + 14.0)) < 2.0) & (y > -24.0) & (y < 0.0)
    )
    ambient = (np.abs(np.hypot(x / 1.1, y - 15.0) - 16.5) < 1.8) & (y > 6.0) & (np.abs(z) < 6.0)
    quadrigeminal = _ball(where, (0.0, 31.0, 2.0), (9.0, 4.0, 6.0))
    magna = _ball(where, (0.0, 60.0, -46.0), (11.0, 7.0, 9.0))
    fluid: np.ndarray = horn | body | atrium | third | fourth | star | ambient | quadrigeminal | magna
    return fluid


def bleed_mask(shape: HeadShape, spec: BleedSpec, where: Coordinates, under: np.ndarray, size: float) -> np.ndarray:
    """Where the clot is, for a size in mm (radius of a lump, thickness of a crescent or lens)."""
    x, y, z = where
    sign = 1.0 if spec.side == "left" else -1.0
    if spec.kind == "intraparenchymal":
        centre = (sign * 29.0, 2.0, spec.level_mm)
        reach = np.sqrt(((x - centre[0]) / 0.85) ** 2 + ((y - centre[1]) / 1.15) ** 2 + (z - centre[2]) ** 2)
        lump: np.ndarray = (reach < size * (1.0 + 0.10 * shape.noise(1, where) + 0.12 * shape.noise(2, where))) & (
            under > 3.0
        )
        return lump
    turn = np.degrees(np.arctan2(sign * x, -y))
    if spec.kind == "subdural":
        along = np.abs(turn - 85.0) / 55.0
        height = np.abs(z - spec.level_mm) / 36.0
        thick = size * np.sqrt(np.clip(1.0 - along**2, 0.0, 1.0) * np.clip(1.0 - height**2, 0.0, 1.0))
    else:
        across = (turn - 80.0) * np.pi / 180.0 * 68.0
        thick = size * np.clip(1.0 - (across / 34.0) ** 2 - ((z - spec.level_mm) / 30.0) ** 2, 0.0, 1.0)
    layer: np.ndarray = (sign * x > 2.0) & (under > 0.0) & (under < thick * (1.0 + 0.05 * shape.noise(1, where)))
    return layer
