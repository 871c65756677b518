"""Drawn mammograms: what a compressed breast looks like on a processed digital image.

Everything is drawn with the chest wall on the left, 0.4 mm pixels, and enlarged at the end.
The tissue follows the usual recipe for synthetic mammograms: power-law noise (Burgess 2001, exponent
about 3) within an envelope, and strands that run towards the nipple.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

HEIGHT_MM, WIDTH_MM = 240.0, 168.0
DRAWN_MM, PIXEL_MM = 0.4, 0.2
Margin = Literal["circumscribed", "indistinct", "spiculated"]
# reach of the glandular tissue (0–1 of the breast) and its brightness, by BI-RADS density
DENSITY = {"a": (0.30, 0.16), "b": (0.55, 0.30), "c": (0.80, 0.42), "d": (1.05, 0.52)}


@dataclass(frozen=True, slots=True)
class Outline:
    """A breast in one view. All in mm; x from the chest wall, y down from the top of the image.

    inside: bool; depth: distance to the skin; nipple: (x, y).
    """

    inside: np.ndarray
    depth: np.ndarray
    nipple: tuple[float, float]


def axes() -> tuple[np.ndarray, np.ndarray]:
    """x and y in mm of every drawn pixel's centre."""
    rows, columns = round(HEIGHT_MM / DRAWN_MM), round(WIDTH_MM / DRAWN_MM)
    y, x = np.mgrid[:rows, :columns]
    return (x + 0.5) * DRAWN_MM, (y + 0.5) * DRAWN_MM


def outline(view: str, depth_mm: float, rng: np.random.Generator) -> Outline:
    """The breast's shape in a CC or MLO view, `depth_mm` from chest wall to nipple."""
    x, y = axes()
    wobble = rng.uniform(-0.04, 0.04, 2)
    if view == "CC":
        centre, up, down = 120.0 + rng.uniform(-6, 6), 82.0 * (1 + wobble[0]), 78.0 * (1 + wobble[1])
        reach = np.where(y < centre, (centre - y) / up, (y - centre) / down)
        edge = depth_mm * np.clip(1.0 - np.abs(reach) ** 2.1, 0.0, None) ** 0.62
    else:
        centre, down = 142.0 + rng.uniform(-6, 6), 72.0 * (1 + wobble[1])
        below = depth_mm * np.clip(1.0 - np.clip((y - centre) / down, 0, None) ** 2.2, 0.0, None) ** 0.6
        rise = np.clip((centre - y) / centre, 0.0, 1.0)
        above = depth_mm * (1.0 - 0.45 * (0.5 - 0.5 * np.cos(np.pi * np.clip(rise * 1.05, 0, 1))) ** 0.8)
        belly = 13.0 * _smoothstep(y - centre - down, -4.0, 26.0)
        edge = np.where(y < centre, above, np.hypot(below, belly))
    nipple = (depth_mm, centre)
    bump = ((x - depth_mm + 2.2) / 5.0) ** 2 + ((y - centre) / 5.4) ** 2 < 1.0
    inside = (x < edge) | bump
    distance = ndimage.distance_transform_edt(np.pad(inside, ((1, 1), (40, 1)), mode="edge"))[1:-1, 40:-1]
    return Outline(inside, distance * DRAWN_MM, nipple)


def tissue(shape: Outline, density: str, rng: np.random.Generator) -> np.ndarray:
    """Grey (0–1) of a breast without pectoral muscle or lesion, before grain."""
    x, y = axes()
    reach, gland_grey = DENSITY[density]
    far_x, far_y = shape.nipple[0] - x, y - shape.nipple[1]
    radius, angle = np.hypot(far_x, far_y), np.arctan2(far_y, far_x)
    size = shape.nipple[0]
    cloud = power_noise(x.shape, 3.9, rng)
    cone = 1.15 * reach - np.hypot((far_x - 0.42 * size) / (0.62 * size), far_y / (0.62 * size))
    envelope = _smoothstep(cone + 0.36 * cloud, -0.34, 0.40) * _smoothstep(shape.depth, 3.0, 16.0)
    lobes = 0.75 * power_noise(x.shape, 3.3, rng) + 0.25 * power_noise(x.shape, 2.2, rng)
    gland = envelope * np.clip(0.52 + 0.30 * lobes, 0.05, 1.2)
    swirl = 10.0 * power_noise(x.shape, 3.6, rng)
    ducts = _polar_ridges(radius + swirl, angle * 57.0 + swirl, rng, along=34.0, across=4.0, thin=9.0)
    threads = _polar_ridges(radius + swirl, angle * 57.0 - swirl, rng, along=18.0, across=2.6, thin=14.0)
    net = _ridges(x.shape, rng, scale_mm=11.0, thin=11.0) + 0.7 * _ridges(x.shape, rng, scale_mm=6.0, thin=9.0)
    fat = 0.235 + 0.02 * power_noise(x.shape, 3.0, rng)
    grey = fat + gland_grey * gland
    strands = (0.13 * ducts + 0.09 * threads) * _smoothstep(1.1 - radius / (1.2 * size), 0.0, 0.7)
    grey = grey + strands * (0.35 + 0.65 * envelope + 0.15 * cloud.clip(-1, 1))
    grey = grey + 0.085 * net * (0.5 + 0.6 * _smoothstep(cone, -0.6, 0.4)) + vessels(shape, rng)
    grey = grey + 0.13 * np.exp(-((radius / 6.5) ** 2)) + 0.10 * np.exp(-(((shape.depth - 0.9) / 0.7) ** 2))
    falloff = np.sqrt(np.clip(1.0 - (1.0 - np.clip(shape.depth / 13.0, 0, 1)) ** 2, 0.0, 1.0))
    return np.asarray(grey * (0.30 + 0.70 * falloff) * shape.inside)


def pectoral(grey: np.ndarray, shape: Outline, rng: np.random.Generator) -> np.ndarray:
    """The picture with the pectoral muscle: a bright triangle at the top of an MLO view."""
    x, y = axes()
    width, length = rng.uniform(42.0, 50.0), shape.nipple[1] * rng.uniform(0.88, 1.05)
    line = width * (1.0 - y / length) + 5.0 * np.sin(np.pi * np.clip(y / length, 0, 1))
    line = line + 0.8 * power_noise(x.shape, 3.9, rng)
    muscle = _smoothstep(line - x, -1.6, 3.0) * (y < length * 1.05)
    grain = ndimage.gaussian_filter1d(power_noise(x.shape, 2.2, rng), 10, axis=0)
    thickness = 0.42 + 0.16 * np.clip((line - x) / width, 0, 1) + 0.025 * grain
    return np.asarray(np.where(shape.inside, grey * (1 - 0.62 * muscle) + muscle * thickness, 0.0))


def mass(
    grey: np.ndarray,
    centre: tuple[float, float],
    diameter_mm: float,
    margin: Margin,
    contrast: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """The picture with a mass of the given mean diameter at `centre` (x, y in mm)."""
    x, y = axes()
    far, angle = np.hypot(x - centre[0], y - centre[1]), np.arctan2(y - centre[1], x - centre[0])
    radius = diameter_mm / 2.0
    rough = {"circumscribed": 0.04, "indistinct": 0.12, "spiculated": 0.20}[margin]
    edge_mm = {"circumscribed": 1.0, "indistinct": 3.0, "spiculated": 2.2}[margin]
    shape = np.zeros_like(far)
    for order in range(2, 8):
        shape += np.cos(order * angle + rng.uniform(0, 2 * np.pi)) * rng.normal() / order
    body = _smoothstep(radius * (1 + rough * shape) - far, -edge_mm, edge_mm)
    body = body * (0.72 + 0.28 * np.sqrt(np.clip(1.0 - (far / (1.25 * radius)) ** 2, 0.0, 1.0)))
    body = body * (1.0 + 0.07 * power_noise(x.shape, 2.6, rng))
    if margin == "spiculated":
        spikes = np.zeros_like(far)
        for direction in np.arange(26) * 2 * np.pi / 26 + rng.uniform(-0.2, 0.2, 26):
            length, bend = radius * rng.uniform(0.25, 1.3), rng.uniform(-0.03, 0.03)
            off = (angle - direction - bend * (far - radius) + np.pi) % (2 * np.pi) - np.pi
            thin = 0.45 + 0.9 * np.clip(1 - (far - 0.8 * radius) / length, 0, 1)
            along = _smoothstep(radius + length - far, 0.0, 0.8 * length) * (far > 0.6 * radius)
            spikes = np.maximum(spikes, along * np.exp(-((off * far / thin) ** 2)) * (np.abs(off) < 1.2))
        body = body + 0.42 * spikes * (1 - body.clip(0, 1))
    return grey + contrast * body * (grey > 0)


def vessels(shape: Outline, rng: np.random.Generator) -> np.ndarray:
    """Two or three winding vessels, as added grey."""
    lines = np.zeros(shape.inside.shape)
    for _ in range(int(rng.integers(2, 4))):
        place = np.array([rng.uniform(0, 15), shape.nipple[1] + rng.uniform(-65, 50)])
        heading = rng.uniform(-0.5, 0.5)
        for step in range(420):
            heading += rng.normal(0, 0.035) - 0.004 * heading
            place = place + 0.25 * np.array([np.cos(heading), np.sin(heading)])
            column, row = int(place[0] / DRAWN_MM), int(place[1] / DRAWN_MM)
            inside = 0 <= row < len(lines) and 0 <= column < len(lines[0])
            if not inside or shape.depth[row, column] < 6:
                break
            lines[row, column] = min(1.0, step / 60) * max(0.0, 1.0 - step / 420)
    return np.asarray(np.clip(0.32 * ndimage.gaussian_filter(lines, 1.5), 0.0, 0.08))


def enlarged(grey: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The drawing at 0.2 mm with quantum noise; float32, 0–1, exactly 0 outside the breast."""
    factor = DRAWN_MM / PIXEL_MM
    large = ndimage.zoom(grey, factor, order=1)
    mask = ndimage.zoom(ndimage.gaussian_filter(inside.astype(np.float32), 1.0), factor, order=1) > 0.5
    grain = ndimage.gaussian_filter(rng.standard_normal(large.shape), 0.8) * 0.022
    return np.asarray(np.clip(large + grain * np.sqrt(np.clip(large, 0, 1)), 0.004, 1.0) * mask, dtype=np.float32)


def power_noise(shape: tuple[int, ...], exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with power spectrum 1 / f^exponent, mean 0, standard deviation 1."""
    rows, columns = shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns)))
    noise = np.fft.irfft2(spectrum * np.maximum(frequency, 2.0 / rows) ** (-exponent / 2.0), s=(rows, columns))
    return np.asarray((noise - noise.mean()) / noise.std())


def _ridges(shape: tuple[int, ...], rng: np.random.Generator, scale_mm: float, thin: float) -> np.ndarray:
    """Thin curved lines where smooth noise crosses zero: the net of connective tissue."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), scale_mm / DRAWN_MM / 2.5)
    noise = noise / noise.std()
    strength = np.clip(0.55 + 0.5 * power_noise(shape, 3.0, rng), 0.0, 1.2)
    return np.asarray(np.exp(-((thin / 2.0 * noise) ** 2)) * strength)


def _polar_ridges(
    radius: np.ndarray, degrees: np.ndarray, rng: np.random.Generator, along: float, across: float, thin: float
) -> np.ndarray:
    """Strands that run to the nipple: ridges drawn in (degrees, radius) and bent into the breast."""
    table = ndimage.gaussian_filter(rng.standard_normal((440, 260)), (across, along / 2.0), mode="wrap")
    table = table / table.std()
    ridge = np.exp(-((thin / 4.0 * table) ** 2))
    return np.asarray(ndimage.map_coordinates(ridge, [degrees + 220.0, radius], order=1, mode="grid-wrap"))


def _smoothstep(value: np.ndarray, low: float, high: float) -> np.ndarray:
    part = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(part * part * (3.0 - 2.0 * part))
