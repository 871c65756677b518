"""How much of a breast is dense, as numbers of its grey: what a grader of density sees beside the network.

Percentiles, the share above several levels, texture at four scales, and the fall from the middle to the rim.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from screening.scoring.breast_film import DETAIL, Film

REDUCED = 4
PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
DEPTHS = (0.0, 0.2, 0.4, 0.7, 1.01)
SCALES_PX = (1, 2, 4, 8)
FEWEST_PX = 200
# the corner of an MLO where the pectoral muscle lies, in parts of the breast's height and width
CORNER = (0.35, 0.4)
DENSITY_FEATURES = 53


def density_features(film: Film) -> np.ndarray:
    """(53,) numbers of one film, at 1.6 mm. The first eighteen keep the exposure (grey 0–1 as stored), the
    others are of the grey between its 1st and 99th percentile."""
    rows, columns = DETAIL[0] // REDUCED, DETAIL[1] // REDUCED
    grey = film.detail.astype(np.float32).reshape(rows, REDUCED, columns, REDUCED).mean(axis=(1, 3))
    breast = film.detail.reshape(rows, REDUCED, columns, REDUCED).min(axis=(1, 3)) > 0
    inside = ndimage.binary_erosion(breast, iterations=2)
    if inside.sum() < FEWEST_PX:
        inside = breast if breast.any() else np.ones_like(breast)
    levels = np.percentile(grey[inside], PERCENTILES)
    low, reach = levels[0], levels[-1] - levels[0]
    even = np.where(inside, (grey - low) / (reach + 1e-3), 0.0).astype(np.float32)
    ys, xs = np.nonzero(inside)
    corner = (ys < ys.min() + CORNER[0] * np.ptp(ys)) & (xs < xs.min() + CORNER[1] * np.ptp(xs))
    values, gland = even[inside], even[inside][~corner]
    mean, spread = float(values.mean()), float(values.std()) + 1e-6
    split = _split(gland)
    shares = [float((gland > level).mean()) for level in (split, 0.5, 0.6)]
    numbers = [
        *levels,
        *np.diff(levels),
        float(reach),
        mean,
        spread,
        float(((values - mean) ** 3).mean()) / spread**3,
        float(((values - mean) ** 4).mean()) / spread**4,
        float(gland.mean()),
        float(gland.std()),
        split,
        *shares,
        *(np.histogram(gland, bins=np.linspace(0.0, 1.0, 9))[0] / len(gland)),
        *_texture(even, inside),
        *_by_depth(values, inside),
        float(np.log(inside.sum())),
    ]
    return np.array(numbers, dtype=np.float32)


def _split(values: np.ndarray) -> float:
    """The level that parts the values best in two (Otsu 1979)."""
    best, level = -1.0, 0.5
    for limit in np.linspace(0.1, 0.9, 33):
        above = values > limit
        share = float(above.mean())
        if not 0.0 < share < 1.0:
            continue
        between = share * (1.0 - share) * float(values[above].mean() - values[~above].mean()) ** 2
        if between > best:
            best, level = between, float(limit)
    return level


def _texture(even: np.ndarray, inside: np.ndarray) -> list[float]:
    """Mean, 90th percentile and spread of the local deviation, for each scale."""
    weight, numbers = inside.astype(np.float32), []
    for scale in SCALES_PX:
        share = ndimage.gaussian_filter(weight, scale) + 1e-3
        mean = ndimage.gaussian_filter(even * weight, scale) / share
        local = np.sqrt(ndimage.gaussian_filter((even - mean) ** 2 * weight, scale) / share)[inside]
        numbers += [float(local.mean()), float(np.percentile(local, 90)), float(local.std())]
    return numbers


def _by_depth(values: np.ndarray, inside: np.ndarray) -> list[float]:
    """The mean grey by distance from the breast's edge, in parts of the largest."""
    depth = ndimage.distance_transform_edt(inside)[inside]
    depth = depth / depth.max()
    bands = [(depth >= near) & (depth < far) for near, far in zip(DEPTHS[:-1], DEPTHS[1:], strict=True)]
    return [float(values[band].mean()) if band.any() else 0.0 for band in bands]
