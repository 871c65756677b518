"""Synthetic screening mammograms with known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from screening.phantoms.breast_drawing import (
    PIXEL_MM,
    WIDTH_MM,
    Margin,
    enlarged,
    outline,
    pectoral,
    tissue,
)
from screening.phantoms.breast_drawing import (
    mass as draw_mass,
)
from screening.phantoms.headers import Patient, PhantomStudy, fictional_patient, mammogram_dataset

VIEWS = ("RCC", "LCC", "RMLO", "LMLO")


@dataclass(frozen=True, slots=True)
class MassSpec:
    """A mass in one breast.

    side: "R" or "L". diameter_mm: mean diameter of its body, without spicules. depth_mm: from the
    nipple towards the chest wall. outer_mm, upper_mm: from the nipple's level outwards and
    upwards, negative for inner and lower. contrast: added grey, 0–1.
    """

    side: str = "L"
    diameter_mm: float = 18.0
    margin: Margin = "spiculated"
    depth_mm: float = 45.0
    outer_mm: float = 22.0
    upper_mm: float = 25.0
    contrast: float = 0.30


def mammogram(
    seed: int,
    mass: MassSpec | None = None,
    *,
    views: Sequence[str] = VIEWS,
    density: str = "b",
    patient: Patient | None = None,
    key: str = "",
) -> PhantomStudy:
    """A digital screening mammogram for presentation: 1200 rows, 0.2 mm pixels, 12 bits.

    views: of "RCC", "LCC", "RMLO", "LMLO", in the order wanted. density: "a"–"d". key: names the
    study (its UIDs follow from it); from the seed when empty. truth: {"density", "masses": [{"side",
    "diameter_mm", "margin", "half_cc", "half_mlo", "boxes": {view: [x0, y0, x1, y1]}}]}, boxes in
    pixels of the image as stored. Raises ValueError for an unknown view.
    """
    unknown = [view for view in views if view not in VIEWS]
    if unknown:
        raise ValueError(f"{unknown[0]} is not a screening view.")
    patient = patient or fictional_patient(seed, sex="F")
    depth_mm = float(np.random.default_rng([seed, 1]).uniform(88.0, 108.0))
    boxes: dict[str, list[float]] = {}
    datasets = []
    for number, view in enumerate(views, start=1):
        grey, box = _draw(seed, view, depth_mm, density, mass)
        if box is not None:
            boxes[view] = box
        datasets.append(
            mammogram_dataset(
                grey,
                PIXEL_MM,
                patient,
                key=key or f"mammogram {seed}",
                side=view[0],
                view=view[1:],
                instance_number=number,
            )
        )
    return PhantomStudy("breast", datasets, {"density": density, "masses": _truth(mass, boxes)})


def _draw(
    seed: int, view: str, depth_mm: float, density: str, spec: MassSpec | None
) -> tuple[np.ndarray, list[float] | None]:
    """One view's grey image (chest wall on the side where it hangs) and the mass's box on it."""
    rng = np.random.default_rng([seed, VIEWS.index(view), 2])
    shape = outline(view[1:], depth_mm, rng)
    grey = tissue(shape, density, rng)
    if view[1:] == "MLO":
        grey = pectoral(grey, shape, rng)
    centre: tuple[float, float] | None = None
    if spec is not None and spec.side == view[0]:
        rise = spec.outer_mm if view[1:] == "CC" else spec.upper_mm
        centre = (shape.nipple[0] - spec.depth_mm, shape.nipple[1] - rise)
        grey = draw_mass(grey, centre, spec.diameter_mm, spec.margin, spec.contrast, np.random.default_rng([seed, 3]))
    picture = enlarged(grey, shape.inside, rng)
    if view[0] == "R":
        picture = np.ascontiguousarray(picture[:, ::-1])
    return picture, None if spec is None or centre is None else _box(centre, spec.diameter_mm, view[0])


def _box(centre: tuple[float, float], diameter_mm: float, side: str) -> list[float]:
    x = centre[0] if side == "L" else WIDTH_MM - centre[0]
    half = diameter_mm / 2.0
    edges = (x - half, centre[1] - half, x + half, centre[1] + half)
    return [round(value / PIXEL_MM, 1) for value in edges]


def _truth(spec: MassSpec | None, boxes: dict[str, list[float]]) -> list[dict[str, Any]]:
    if spec is None:
        return []
    return [
        {
            "side": spec.side,
            "diameter_mm": spec.diameter_mm,
            "margin": spec.margin,
            "half_cc": "outer" if spec.outer_mm > 0 else "inner",
            "half_mlo": "upper" if spec.upper_mm > 0 else "lower",
            "boxes": boxes,
        }
    ]
