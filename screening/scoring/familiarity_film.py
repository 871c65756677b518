"""What a prepared mammogram looks like, in measures that can be named (see `breast_film`)."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from screening.scoring.breast_film import Film
from screening.scoring.familiarity import Words
from screening.scoring.familiarity_texture import noise_in, solidity

WORDS = {
    "area": Words("show a larger breast than any", "show a smaller breast than any"),
    "outline": Words("show an outline smoother than any breast", "show an outline that no breast has"),
    "height": Words("show something taller and flatter than a breast", "show something wider than a breast"),
    "wall": Words("show something that fills the picture", "show nothing that comes from the chest wall"),
    "taper": Words("show something that does not narrow towards a nipple", "narrow in a way no breast does"),
    "lower_quarter": Words("hold more bright tissue than any mammogram", "hold less bright tissue than any mammogram"),
    "middle": Words("hold more bright tissue than any mammogram", "hold less bright tissue than any mammogram"),
    "upper_quarter": Words("hold more bright tissue than any mammogram", "hold less bright tissue than any mammogram"),
    "noise": Words(
        "are much noisier than anything it was trained on", "are much smoother than anything it was trained on"
    ),
    "detail": Words("hold far more fine detail than a breast", "hold far less detail than a breast"),
    "texture": Words("hold coarser patterns than any breast", "hold no pattern of tissue"),
    "rim": Words("are brightest at the skin, as no mammogram is", "fade towards the skin more than any mammogram"),
    "grain_direction": Words("hold stripes that no breast has", "hold a pattern without any direction"),
}


def film_measures(film: Film) -> dict[str, float]:
    """Measures by name, of the grey within the breast; NaN where one cannot be taken."""
    grey, mask = film.image[0].astype(np.float32), film.mask
    mm = film.pixel_mm
    core = ndimage.binary_erosion(mask, iterations=6)
    if core.sum() < 500:
        return {"area": float("nan")}
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    heights = mask.sum(axis=0)[columns[0] : columns[-1] + 1].astype(float)
    tall = float(np.ptp(rows) + 1)
    tip, wall = heights[-max(2, len(heights) // 8) :].mean(), heights[: max(2, len(heights) // 8)].mean()
    values = grey[core]
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    smooth = ndimage.gaussian_filter(grey, 1.0)
    wide = ndimage.gaussian_filter(grey, 5.0)
    down, across = np.abs(np.diff(smooth, axis=0))[:, :-1], np.abs(np.diff(smooth, axis=1))[:-1]
    inner = core[:-1, :-1]
    depth = ndimage.distance_transform_edt(np.pad(mask, ((1, 1), (0, 1))))[1:-1, :-1]
    edge = mask & (depth * mm > 3.0) & (depth * mm < 8.0)
    deep = mask & (depth * mm > 15.0)
    return {
        "area": float(np.log(mask.sum() * mm * mm)),
        "outline": solidity(mask),
        "height": float(np.log(tall / (np.ptp(columns) + 1))),
        "wall": float(wall / tall),
        "taper": float(tip / max(wall, 1.0)),
        "lower_quarter": float(lower),
        "middle": float(middle),
        "upper_quarter": float(upper),
        "noise": float(np.log(noise_in(grey, core) + 1e-3)),
        "detail": float(np.log((grey - smooth)[core].std() + 1e-3)),
        "texture": float(np.log((smooth - wide)[core].std() + 1e-3)),
        "rim": float(grey[edge].mean() - grey[deep].mean()) if edge.any() and deep.any() else float("nan"),
        "grain_direction": float(np.log((down[inner].mean() + 1e-4) / (across[inner].mean() + 1e-4))),
    }
