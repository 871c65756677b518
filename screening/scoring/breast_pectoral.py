"""The pectoral muscle of an MLO: the bright corner at the top of the chest wall, cut off by a straight line.

After Karssemeijer 1998 (Phys Med Biol 43:365): of all lines from the top to the chest wall, the one across
which the grey falls most steeply and most evenly.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from screening.scoring.breast_film import PIXEL_MM, Film

REDUCED = 4
TOPS_MM = (14.0, 80.0)
FEET_MM = (40.0, 190.0)
STEP_MM = 4.0
SMOOTH_PX = 1.0
BAND_PX = 2.5
LEAST_FALL = 0.10
LEAST_EVEN = 0.75


def pectoral_mask(film: Film) -> np.ndarray:
    """The muscle on the canvas of an upright MLO (chest wall left, head up), bool (480, 288); empty where no
    line shows it, as in a CC."""
    grey = film.image[0].reshape(film.mask.shape[0] // REDUCED, REDUCED, -1, REDUCED).mean(axis=(1, 3))
    breast = film.mask[REDUCED // 2 :: REDUCED, REDUCED // 2 :: REDUCED]
    smooth = ndimage.gaussian_filter(grey, SMOOTH_PX)
    cell_mm = PIXEL_MM * REDUCED
    top = int(np.flatnonzero(breast.any(axis=1))[0]) if breast.any() else 0
    best, line = 0.0, None
    for width in np.arange(TOPS_MM[0], TOPS_MM[1], STEP_MM) / cell_mm:
        for height in np.arange(FEET_MM[0], FEET_MM[1], STEP_MM) / cell_mm:
            if not 0.9 * width <= height <= 5.0 * width:
                continue
            fall, even = _fall(smooth, breast, top, width, height)
            if even >= LEAST_EVEN and fall * even > best and fall >= LEAST_FALL:
                best, line = fall * even, (width, height)
    if line is None:
        return np.zeros(film.mask.shape, bool)
    rows, columns = np.mgrid[: film.mask.shape[0], : film.mask.shape[1]]
    width, height = (value * REDUCED for value in line)
    return np.asarray((columns / width + (rows - top * REDUCED) / height < 1.0) & (rows >= top * REDUCED) & film.mask)


def _fall(grey: np.ndarray, breast: np.ndarray, top: int, width: float, height: float) -> tuple[float, float]:
    """(mean fall of the grey across the line, share of the line where it falls at all). (0, 0) for a line that
    hardly lies in the breast."""
    along = np.linspace(0.05, 0.95, 24)
    length = float(np.hypot(width, height))
    right, down = height / length, width / length
    xs, ys = (1.0 - along) * width, top + along * height
    inner = _at(grey, xs - BAND_PX * right, ys - BAND_PX * down)
    outer = _at(grey, xs + BAND_PX * right, ys + BAND_PX * down)
    counted = _at(breast.astype(np.float32), xs + BAND_PX * right, ys + BAND_PX * down) > 0.5
    counted &= (xs - BAND_PX * right >= 0) & (ys - BAND_PX * down >= top)
    if counted.mean() < 0.5:
        return 0.0, 0.0
    fall = (inner - outer)[counted]
    return float(fall.mean()), float((fall > 0.0).mean())


def _at(grey: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.map_coordinates(grey, [ys, xs], order=1, mode="nearest"))
