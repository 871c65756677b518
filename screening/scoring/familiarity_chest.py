"""What a chest CT looks like, in measures that can be named (all from the volume in Hounsfield units)."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from screening.scoring.familiarity import Words
from screening.scoring.familiarity_texture import coarse, largest, mirror_likeness, noise_in, order_of

SLICES = 16
GRID_MM = 2.7
ORDER_MM = 5.0
SKIN_HU = -350.0

WORDS = {
    "body": Words("show a body that fills the pictures in no known way", "show no body"),
    "soft_tissue": Words("show soft tissue far too dense", "show soft tissue far too thin"),
    "lung": Words("show lungs far too dense", "show lungs far too thin"),
    "lung_share": Words("hold more air than any chest", "hold less air than any chest"),
    "soft_share": Words("hold more soft tissue than any chest", "hold less soft tissue than any chest"),
    "bone_share": Words("hold more bone than any chest", "hold less bone than any chest"),
    "metal_share": Words("hold more metal than any chest it has seen", "hold no dense parts at all"),
    "between_share": Words("hold densities that no chest has", "lack the densities between lung and tissue"),
    "noise": Words(
        "are much noisier than anything it was trained on", "are much smoother than anything it was trained on"
    ),
    "edges": Words("hold far more sharp edges than a chest", "hold far fewer edges than a chest"),
    "kinship": Words("are more alike from slice to slice than a chest", "do not follow from one slice to the next"),
    "order": Words("change more from slice to slice than a chest", "do not follow from one slice to the next"),
    "sharpness": Words("hold edges sharper than any scanner's", "are blurred more than anything it was trained on"),
    "symmetry": Words("are more symmetric than a chest", "do not show a left and a right half alike"),
    "width": Words("show something wider than any chest", "show something narrower than any chest"),
}


def chest_measures(hu: np.ndarray, spacing: tuple[float, float, float]) -> dict[str, float]:
    """Measures by name. hu: (slices, rows, columns). spacing: mm between slices, rows, columns.

    NaN where one cannot be taken. Shares of the body are roots of fractions, which evens their spread; noise, edges
    and width are logarithms.
    """
    count = len(hu)
    chosen = np.unique(np.linspace(0.1 * (count - 1), 0.9 * (count - 1), min(SLICES, count)).astype(int))
    step = max(1, round(GRID_MM / spacing[1]))
    rows = [_slice_measures(hu, int(index), step, spacing) for index in chosen]
    kept = [row for row in rows if row is not None]
    if len(kept) < 0.5 * len(rows):
        return {"body": float("nan")}
    histogram = np.sum([row["histogram"] for row in kept], axis=0)
    body = float(histogram.sum())
    values: dict[str, float] = {
        "body": float(np.mean([row["body"] for row in kept])),
        "soft_tissue": _peak(histogram, -150, 250),
        "lung": _peak(histogram, -1010, -500),
        "lung_share": _share(histogram, -1024, -500, body),
        "soft_share": _share(histogram, -30, 130, body),
        "bone_share": _share(histogram, 200, 1200, body),
        "metal_share": _share(histogram, 1500, 3072, body),
        "between_share": _share(histogram, -500, -150, body),
    }
    noises = np.array([row["noise"] for row in kept])
    noise = float(np.median(noises[np.isfinite(noises)])) if np.isfinite(noises).any() else float("nan")
    values["noise"] = float(np.log(noise + 1.0))
    values["edges"] = float(np.log(np.mean([row["edges"] for row in kept]) + 1e-3))
    values["sharpness"] = float(np.log(np.median([row["sharpness"] for row in kept])))
    stride = max(1, round(ORDER_MM / spacing[0]))
    planes = [
        np.clip(coarse(hu[index], 3 * step), -1000.0, 400.0) for index in range(chosen[0], chosen[-1] + 1, stride)
    ]
    values["kinship"], values["order"] = order_of(planes)
    values["symmetry"] = float(np.median([row["symmetry"] for row in kept]))
    values["width"] = float(np.log(np.median([row["width"] for row in kept])))
    return values


def _slice_measures(hu: np.ndarray, index: int, step: int, spacing: tuple[float, float, float]) -> dict | None:
    plane = hu[index].astype(np.float32)
    small = coarse(plane, step)
    body = ndimage.binary_fill_holes(largest(ndimage.binary_opening(small > SKIN_HU)))
    assert body is not None
    if body.sum() * (step * spacing[1]) ** 2 < 5000.0:
        return None
    clipped = np.clip(small, -1000.0, 400.0)
    fine = np.repeat(np.repeat(body, step, 0), step, 1)
    part = plane[: fine.shape[0], : fine.shape[1]]
    values = part[fine]
    histogram = np.bincount(np.clip(values + 1024, 0, 4095).astype(np.int64) // 4, minlength=1024)
    smooth = ndimage.uniform_filter(part, 5)
    soft = fine & (smooth > -30) & (smooth < 130)
    blurred = ndimage.gaussian_filter(np.clip(part, -1000.0, 400.0), 0.7 / spacing[1])
    gradient = np.hypot(np.diff(blurred, axis=0)[:, :-1], np.diff(blurred, axis=1)[:-1]) / spacing[1]
    slope = np.abs(np.diff(clipped, axis=0))[:, :-1] + np.abs(np.diff(clipped, axis=1))[:-1]
    columns = np.flatnonzero(body.any(axis=0))
    return {
        "histogram": histogram,
        "body": float(body.mean()),
        "noise": noise_in(part, soft),
        "edges": float((slope[body[:-1, :-1]] > 500.0).mean()),
        "sharpness": float(np.percentile(gradient[fine[:-1, :-1]], 97)),
        "symmetry": mirror_likeness(clipped, body),
        "width": float(np.ptp(columns) + 1) * step * spacing[2],
    }


def _peak(histogram: np.ndarray, low: int, high: int) -> float:
    """The commonest density between two densities, HU; NaN where there is none."""
    start, end = (low + 1024) // 4, (high + 1024) // 4
    part = ndimage.gaussian_filter1d(histogram[start:end].astype(np.float64), 3.0)
    return float(low + 4 * int(part.argmax())) if part.sum() > 0 else float("nan")


def _share(histogram: np.ndarray, low: int, high: int, total: float) -> float:
    return float(np.sqrt(histogram[(low + 1024) // 4 : (high + 1024) // 4].sum() / max(total, 1.0)))
