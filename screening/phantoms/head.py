"""A synthetic non-contrast head CT, with or without a bleed whose place and volume are known.

For tests and the demo. It looks like a head CT at first glance and is no one's head.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from screening.phantoms.head_anatomy import BleedKind, BleedSpec, HeadShape, bleed_mask, draw_head
from screening.phantoms.headers import Patient, PhantomStudy, ct_datasets, fictional_patient

__all__ = ["BleedKind", "BleedSpec", "head_ct"]

FIELD_MM = 250.0
SIZE = 512
SPACING_MM = 5.0
LOWEST_MM = -52.0
OEDEMA_HU = 19.0


def head_ct(
    seed: int,
    bleed: BleedSpec | None = None,
    *,
    slices: int = 30,
    patient: Patient | None = None,
    positions_mm: Sequence[float] | None = None,
    slice_mm: float = SPACING_MM,
    study_date: str = "",
    shift_mm: float = 0.0,
) -> PhantomStudy:
    """One head CT, 512×512, 0.49 mm pixels, 5 mm slices from the skull base upwards.

    The same seed gives the same head, whatever bleed is drawn. positions_mm: heights of the slices,
    for uneven stacks; their number then replaces `slices`. study_date: DICOM DA, in place of the patient's.
    shift_mm: of the septum, up to 15, above 0 to the patient's left.
    truth: {"midline_shift_mm", "bleed": None, or {"kind", "side", "volume_ml" (counted), "slices" (from 1), "box" (x0, y0,
    x1, y1 on "slice", the one with most blood), "slice"}}.
    """
    random = np.random.default_rng([seed, 31])
    shape = HeadShape(random, shift_mm)
    turn = np.deg2rad(random.uniform(-4.0, 4.0))
    roll = np.deg2rad(random.uniform(-2.0, 2.0))
    shift = random.uniform(-5.0, 5.0, 2)
    heights = list(positions_mm) if positions_mm is not None else [LOWEST_MM + slice_mm * i for i in range(slices)]
    size = _size_for(shape, bleed) if bleed is not None else 0.0
    axis = (np.arange(SIZE // 2) - SIZE / 4 + 0.5) * (FIELD_MM / (SIZE // 2))
    across, down = np.meshgrid(axis - shift[0], axis - shift[1])
    # the patient's left is on the picture's right (PS3.3 C.7.6.2: rows run towards +x in a supine scan)
    x_flat = across * np.cos(turn) + down * np.sin(turn)
    y = -across * np.sin(turn) + down * np.cos(turn)
    planes, clots = [], []
    for height in heights:
        layers, clot_layers = [], []
        textures = [shape.noise(i, (x_flat, y, np.full_like(y, height))) for i in range(3)]
        for part in (-slice_mm / 4, slice_mm / 4):
            x = x_flat * np.cos(roll) - (height + part) * np.sin(roll)
            z = x_flat * np.sin(roll) + (height + part) * np.cos(roll)
            where = (x, y, z)
            hu, brain, under = draw_head(shape, where, textures)
            clot = np.zeros_like(brain)
            if bleed is not None:
                clot = bleed_mask(shape, bleed, where, under, size) & brain
                _lay_blood(hu, clot, brain, bleed, textures[0])
            layers.append(hu)
            clot_layers.append(clot)
        planes.append(np.mean(layers, axis=0))
        clots.append(np.mean(clot_layers, axis=0))
    volume = np.stack([_scanned(plane, random) for plane in planes])
    patient = patient or fictional_patient(seed)
    if study_date:
        patient = patient.renamed(study_date=study_date)
    half = FIELD_MM / SIZE / 2
    datasets = ct_datasets(
        volume,
        (slice_mm, FIELD_MM / SIZE, FIELD_MM / SIZE),
        patient,
        key=f"head-{seed}-{bleed}-{len(heights)}-{patient.study_date}" + (f"-{shift_mm}" if shift_mm else ""),
        body_part="HEAD",
        study_description="CT HEAD WITHOUT CONTRAST",
        series_description="Axial brain 5 mm",
        kernel="H31s",
        window=(40.0, 80.0),
        milliampere_seconds=280,
        positions=[(-FIELD_MM / 2 + half, -FIELD_MM / 2 + half, height) for height in heights],
    )
    return PhantomStudy("brain", datasets, {"bleed": _truth(bleed, clots, slice_mm), "midline_shift_mm": shift_mm})


def _lay_blood(hu: np.ndarray, clot: np.ndarray, brain: np.ndarray, bleed: BleedSpec, noise: np.ndarray) -> None:
    if not clot.any():
        return
    if bleed.kind == "intraparenchymal":
        rim = ndimage.binary_dilation(clot, iterations=5) & brain & ~clot
        hu[rim] = 0.4 * hu[rim] + 0.6 * OEDEMA_HU
    hu[clot] = (bleed.density_hu + 4.0 * noise)[clot]


def _scanned(plane: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The full matrix with the blur and the grain of a scanner."""
    fine = ndimage.zoom(plane, 2, order=1, grid_mode=True, mode="nearest")
    fine = ndimage.gaussian_filter(fine, 0.6)
    grain = ndimage.gaussian_filter(random.standard_normal(fine.shape), 0.9)
    fine += grain * (3.2 / grain.std())
    scanned: np.ndarray = np.clip(fine, -1000.0, 2500.0)
    return scanned


def _size_for(shape: HeadShape, bleed: BleedSpec) -> float:
    """The size (mm) at which the clot has the wanted volume, by halving on a 4 mm grid."""
    step = 4.0
    z, y, x = np.meshgrid(
        np.arange(-45.0, 95.0, step), np.arange(-96.0, 96.0, step), np.arange(-80.0, 80.0, step), indexing="ij"
    )
    where = (x, y, z)
    _hu, brain, under = draw_head(shape, where)
    low, high = 1.0, 45.0
    for _ in range(9):
        middle = (low + high) / 2
        volume = float((bleed_mask(shape, bleed, where, under, middle) & brain).sum()) * step**3 / 1000.0
        low, high = (middle, high) if volume < bleed.volume_ml else (low, middle)
    return (low + high) / 2


def _truth(bleed: BleedSpec | None, clots: list[np.ndarray], slice_mm: float) -> dict[str, object] | None:
    if bleed is None:
        return None
    areas = np.array([float(clot.sum()) for clot in clots])
    pixel = FIELD_MM / (SIZE // 2)
    largest = int(areas.argmax())
    rows, columns = np.nonzero(clots[largest] > 0.5)
    return {
        "kind": bleed.kind,
        "side": bleed.side,
        "volume_ml": round(float(areas.sum()) * pixel**2 * slice_mm / 1000.0, 1),
        "slices": [index + 1 for index, area in enumerate(areas) if area > 4],
        "slice": largest + 1,
        "box": (
            int(columns.min()) * 2,
            int(rows.min()) * 2,
            int(columns.max()) * 2 + 2,
            int(rows.max()) * 2 + 2,
        ),
    }
