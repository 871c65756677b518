"""What the surroundings of one suspected mass look like, as numbers.

Brightness by distance from the centre, how sharp the rim is, and how far lines run towards the centre
(spicules) or around it: gradients and second derivatives of the grey at three scales, turned to the
direction of the centre (after Karssemeijer & te Brake 1996; te Brake 2000). Nothing in it changes
when the picture is mirrored or turned.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from screening.scoring.breast_film import DETAIL, DETAIL_MM, PIXEL_MM, Box, Film

HALF = 64
SCALES_PX = (1.0, 2.0, 4.0)
RINGS_OF_RADIUS = (0.0, 0.5, 0.85, 1.2, 1.7, 2.4)
RINGS_PX = (0.0, 8.0, 16.0, 24.0, 34.0, 48.0)
SMALLEST_RADIUS_PX = 6.0
SMALLEST_RING = 30
FEWEST_INSIDE = 400
_ROWS, _COLUMNS = np.mgrid[-HALF:HALF, -HALF:HALF].astype(np.float32) + 0.5
_DISTANCE = np.hypot(_COLUMNS, _ROWS)
_RIGHT, _DOWN = _COLUMNS / _DISTANCE, _ROWS / _DISTANCE
LESION_FEATURES = 5 + 2 * (4 + 5 + len(SCALES_PX) * 4 * 6)


def lesion_features(film: Film, box: Box) -> np.ndarray:
    """(167,) numbers of the 51 mm around a box of the canvas: size, shape, share of breast, level and
    spread of the grey; then for rings relative to the box's radius and for fixed rings (0 to 19 mm): the
    fall of the grey from the middle, its spread, and per scale and ring slope, lines and edges."""
    grey, inside = _window(film, (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0)
    level, spread = float(grey[inside].mean()), float(grey[inside].std()) + 0.01
    grey = (grey - level) / spread
    finer = PIXEL_MM / DETAIL_MM
    width, height = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
    radius = max(SMALLEST_RADIUS_PX, (width + height) / 4.0 * finer)
    numbers = [np.log(radius), abs(np.log(width / height)), float(inside.mean()), level, spread]
    maps = [_derivatives(grey, scale) for scale in SCALES_PX]
    for edges in (tuple(value * radius for value in RINGS_OF_RADIUS), RINGS_PX):
        rings = [
            (near <= _DISTANCE) & (far > _DISTANCE) & inside for near, far in zip(edges[:-1], edges[1:], strict=True)
        ]
        profile = [float(grey[ring].mean()) if _enough(ring) else 0.0 for ring in rings]
        numbers += [profile[0] - value for value in profile[1:]]
        numbers += [float(grey[ring].std()) if _enough(ring) else 0.0 for ring in rings]
        for derivatives in maps:
            for ring in rings[1:]:
                numbers += _ring_numbers(derivatives, ring) if _enough(ring) else [0.0] * 6
    return np.array(numbers, dtype=np.float32)


def _window(film: Film, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """The 128 × 128 grey of the detail around a point of the canvas, smoothly filled where there is no breast,
    and where there is breast away from its edge."""
    finer = PIXEL_MM / DETAIL_MM
    column, row = round(x * finer) - HALF, round(y * finer) - HALF
    grey = np.zeros((2 * HALF, 2 * HALF), np.float32)
    y0, y1, x0, x1 = max(0, row), min(DETAIL[0], row + 2 * HALF), max(0, column), min(DETAIL[1], column + 2 * HALF)
    if y0 < y1 and x0 < x1:
        grey[y0 - row : y1 - row, x0 - column : x1 - column] = film.detail[y0:y1, x0:x1]
    breast = grey > 0
    inside = ndimage.binary_erosion(breast, iterations=3, border_value=1)
    if inside.sum() < FEWEST_INSIDE:
        inside = breast if breast.any() else np.ones_like(breast)
    weight = inside.astype(np.float32)
    around = ndimage.gaussian_filter(grey * weight, 6.0) / (ndimage.gaussian_filter(weight, 6.0) + 1e-3)
    return np.where(inside, grey, around), inside


def _derivatives(grey: np.ndarray, scale: float) -> tuple[np.ndarray, ...]:
    """Slope, slope outwards, slope across, lines along the ray and lines across it, each (128, 128), per pixel of the scale."""
    right, down = (ndimage.gaussian_filter(grey, scale, order=order) * scale for order in ((0, 1), (1, 0)))
    xx, yy, xy = (
        ndimage.gaussian_filter(grey, scale, order=order) * scale * scale for order in ((0, 2), (2, 0), (1, 1))
    )
    outwards, across = right * _RIGHT + down * _DOWN, down * _RIGHT - right * _DOWN
    along_ray = xx * _RIGHT**2 + 2 * xy * _RIGHT * _DOWN + yy * _DOWN**2
    across_ray = xx * _DOWN**2 - 2 * xy * _RIGHT * _DOWN + yy * _RIGHT**2
    # a bright line curves downwards across itself: one that runs along the ray shows in the curvature across it
    return (
        np.hypot(right, down) + 1e-6,
        outwards,
        across,
        np.maximum(-across_ray, 0.0),
        np.maximum(-along_ray, 0.0),
    )


def _ring_numbers(derivatives: tuple[np.ndarray, ...], ring: np.ndarray) -> list[float]:
    slope, outwards, across, radial_lines, ring_lines = (values[ring] for values in derivatives)
    typical, radial, round_about = float(slope.mean()), float(radial_lines.mean()), float(ring_lines.mean())
    return [
        float(np.log(typical + 0.01)),
        -float(outwards.mean()) / typical,
        float(np.abs(outwards).mean() - np.abs(across).mean()) / typical,
        float(np.log((radial + 0.005) / (round_about + 0.005))),
        float(np.log(radial + 0.005)),
        float(outwards.std()) / typical,
    ]


def _enough(ring: np.ndarray) -> bool:
    return int(ring.sum()) > SMALLEST_RING
