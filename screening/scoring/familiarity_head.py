"""What a head CT looks like, in measures that can be named.

All are taken from the grey of the brain window (0–255 over −20…100 HU), the only scale that the training pictures have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from screening.scoring.brain_slices import BONE_GREY, GRID_MM, SkullView, window_grey
from screening.scoring.familiarity import Words
from screening.scoring.familiarity_texture import coarse, mirror_likeness, noise_in, order_of, solidity

SLICES = 9
ORDER_MM = 4.0

WORDS = {
    "brain": Words("show a brain far too bright", "show a brain far too dark"),
    "contrast": Words("show far more contrast than a brain", "show no structure inside the skull"),
    "dark_share": Words("hold more air or fluid than any head", "hold no fluid inside the skull"),
    "bright_share": Words("hold more bright parts than any head without contrast", "hold no bright parts at all"),
    "bone_share": Words("hold more bone than any head", "hold less bone than any head"),
    "noise": Words(
        "are much noisier than anything it was trained on", "are much smoother than anything it was trained on"
    ),
    "kinship": Words("are more alike from slice to slice than a head", "do not follow from one slice to the next"),
    "order": Words("change more from slice to slice than a head", "do not follow from one slice to the next"),
    "sharpness": Words("hold edges sharper than any scanner's", "are blurred more than anything it was trained on"),
    "symmetry": Words("are more symmetric than a head", "do not show a left and a right half alike"),
    "area": Words("show a larger brain than any it was trained on", "show a smaller brain than any it was trained on"),
    "outline": Words("show a skull rounder than any", "show a skull with an outline no head has"),
    "length": Words("show a head longer than any", "show a head rounder than any"),
}


def head_measures(hu: np.ndarray, pixel_mm: float, views: Sequence[SkullView]) -> dict[str, float]:
    """Measures by name. hu: (slices, rows, columns); views: what `view_skull` saw of each slice.

    NaN where one cannot be taken. Shares are roots of fractions; noise, contrast, area and length logarithms.
    """
    areas = np.array([view.area_mm2 for view in views])
    large = np.flatnonzero(areas > 0.5 * areas.max()) if areas.size and areas.max() > 0 else np.array([], int)
    if len(large) < 3:
        return {"brain": float("nan")}
    chosen = large[np.unique(np.linspace(0, len(large) - 1, min(SLICES, len(large))).astype(int))]
    rows = [_slice_measures(hu, int(index), pixel_mm, views) for index in chosen]
    values = {name: float(np.nanmedian([row[name] for row in rows])) for name in rows[0]}
    step = max(1, round(ORDER_MM / pixel_mm))
    values["kinship"], values["order"] = order_of(
        [coarse(window_grey(hu[index]), step) for index in range(large[0], large[-1] + 1)]
    )
    values["area"] = float(np.log(areas.max()))
    for name in ("noise", "contrast", "length", "sharpness"):
        values[name] = float(np.log(values[name] + (0.2 if name == "noise" else 0.0)))
    return values


def _slice_measures(hu: np.ndarray, index: int, pixel_mm: float, views: Sequence[SkullView]) -> dict[str, float]:
    view = views[index]
    plane = window_grey(hu[index])
    inside, filled = (_enlarged(mask, plane.shape, pixel_mm) for mask in (view.inside, view.filled))
    grey = plane[inside]
    step = max(1, round(2.5 / pixel_mm))
    small, small_inside = coarse(plane, step), coarse(inside, step) > 0.9
    smooth = ndimage.gaussian_filter(plane, 0.5 / pixel_mm)
    slope = np.hypot(np.diff(smooth, axis=0)[:, :-1], np.diff(smooth, axis=1)[:-1]) / pixel_mm
    soft = np.clip(small, 40.0, 200.0)
    wide = coarse(filled, step) > 0.5
    rows, columns = np.nonzero(view.filled)
    axes = np.sqrt(np.linalg.eigvalsh(np.cov(np.stack([rows, columns]))))
    return {
        "brain": float(np.median(grey)),
        "contrast": float(soft[small_inside].std() + 0.5) if small_inside.any() else float("nan"),
        "dark_share": float(np.sqrt((grey < 50.0).mean())),
        "bright_share": float(np.sqrt(((grey > 160.0) & (grey < BONE_GREY)).mean())),
        "bone_share": float(np.sqrt((plane[filled] >= BONE_GREY).mean())),
        "noise": noise_in(plane, inside & (plane > 40.0) & (plane < 220.0)),
        "sharpness": float(np.percentile(slope[filled[:-1, :-1]], 95)),
        "symmetry": mirror_likeness(np.clip(small, 0.0, 255.0), wide),
        "outline": solidity(view.filled),
        "length": float(axes[1] / max(axes[0], 1e-3)),
    }


def _enlarged(mask: np.ndarray, shape: tuple[int, ...], pixel_mm: float) -> np.ndarray:
    """A mask of the coarse grid on the grid of the picture."""
    places = [
        np.minimum(((np.arange(length) + 0.5) * pixel_mm / GRID_MM).astype(int), size - 1)
        for length, size in zip(shape, mask.shape, strict=True)
    ]
    return np.asarray(mask[np.ix_(places[0], places[1])])
