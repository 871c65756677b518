"""Synthetic low-dose chest CT with nodules of known place, size and kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from screening.phantoms.chest_anatomy import Build, Frame, body_radius, tissue
from screening.phantoms.chest_nodules import LOBES, PLACES, TYPES, NoduleSpec, fissures_mm, lobe_of, plant_all
from screening.phantoms.chest_vessels import bronchi, draw_tubes, vessel_tree, with_walls
from screening.phantoms.headers import Patient, PhantomStudy, ct_datasets, fictional_patient

SIZE = 512
PIXEL_MM = 0.68
SLICE_MM = 2.5
REFERENCE_MAS = 30
__all__ = ["LOBES", "PLACES", "TYPES", "NoduleSpec", "chest_ct", "lobe_of"]


def chest_ct(
    seed: int,
    nodules: Sequence[NoduleSpec] | None = None,
    slices: int = 88,
    patient: Patient | None = None,
    slice_mm: float = SLICE_MM,
    size: int = SIZE,
    key: str = "",
    dose: float = 1.0,
) -> PhantomStudy:
    """A whole chest, feet to head, `size`² pixels over 348 mm, with headers.

    dose: relative to a usual low-dose scan of 30 mAs; noise grows with the root of 1 / dose and of 1 / slice_mm.

    nodules: None plants one to three drawn by seed, an empty list none. The lungs fill whatever the
    slices cover, so few slices make a flat chest: keep slices × slice_mm between 180 and 300 mm for
    believable pictures. truth["nodules"]: position_mm (patient), diameter_mm, core_mm (part-solid), type, lobe,
    place, slice (from 0), box [x0, y0, x1, y1], sop_uid. Deterministic.
    """
    rng = np.random.default_rng([seed, 11])
    wanted = _drawn(rng) if nodules is None else list(nodules)
    pixel = PIXEL_MM * SIZE / size
    frame = Frame.of(size, pixel, slices * slice_mm)
    build = Build.of(rng)
    levels = np.arange(slices) * slice_mm
    planes = [tissue(frame, build, float(z)) for z in levels]
    hu = np.stack([plane for plane, _mask in planes])
    lungs = np.stack([mask for _plane, mask in planes])
    spacing = (slice_mm, pixel, pixel)
    _texture(hu, lungs, rng)
    _fissures(hu, lungs, frame, levels)
    vessels = _vessels(hu, lungs, spacing, rng)
    truth = plant_all(hu, vessels, lungs, wanted, spacing, frame, rng) if wanted else []
    del vessels
    _finish(hu, frame, build, levels, rng, (SLICE_MM / slice_mm / dose) ** 0.5)
    origin = (-(size - 1) / 2 * pixel, -(size - 1) / 2 * pixel - 20.0, -320.0)
    patient = patient or fictional_patient(seed)
    key = key or f"chest {seed}"
    datasets = ct_datasets(
        hu, spacing, patient, key=key, origin=origin, milliampere_seconds=round(REFERENCE_MAS * dose)
    )
    for nodule in truth:
        z, y, x = nodule.pop("voxel")
        nodule["position_mm"] = [origin[0] + x * pixel, origin[1] + y * pixel, origin[2] + z * slice_mm]
        nodule["sop_uid"] = str(datasets[nodule["slice"]].SOPInstanceUID)
    return PhantomStudy("lung", datasets, {"nodules": truth})


def _vessels(
    hu: np.ndarray, lungs: np.ndarray, spacing: tuple[float, float, float], rng: np.random.Generator
) -> np.ndarray:
    """Draw bronchi and vessels into `hu`; the part of each voxel (0–1) that is vessel, float32."""
    tubes = vessel_tree(lungs, spacing, rng)
    airways = bronchi(tubes)
    for pieces, value in ((with_walls(airways), 10.0), (airways, -985.0), (tubes, 40.0)):
        cover = np.zeros(hu.shape, np.float32)
        draw_tubes(cover, pieces, spacing)
        cover *= lungs
        hu += cover * (value - hu)
    return cover


def _drawn(rng: np.random.Generator) -> list[NoduleSpec]:
    count = int(rng.integers(1, 4))
    return [
        NoduleSpec(
            float(rng.uniform(6, 18)), TYPES[int(rng.choice(3, p=[0.7, 0.15, 0.15]))], LOBES[int(rng.integers(5))]
        )
        for _ in range(count)
    ]


def _texture(hu: np.ndarray, lungs: np.ndarray, rng: np.random.Generator) -> None:
    """Uneven aeration and the haze of vessels too small to draw."""
    haze = _tiles(hu.shape[1], rng, 2, lambda white: _unit_variance(ndimage.gaussian_filter(white, 14, mode="wrap")))
    fine = _tiles(hu.shape[1], rng, 6, lambda white: ndimage.gaussian_filter(white, 1.6, mode="wrap"))
    for index in range(len(hu)):
        speckle = np.clip(_shuffled(fine, rng) * 5.6 - 0.55, 0, 3) * 80
        hu[index] += np.where(lungs[index], speckle + haze[0] * 12, 0)


def _tiles(
    size: int, rng: np.random.Generator, count: int, filtered: Callable[[np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    """Periodic noise pictures to draw slices' noise from: filtering every slice anew is slow."""
    return [filtered(rng.standard_normal((size, size)).astype(np.float32)) for _ in range(count)]


def _shuffled(tiles: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One of the tiles, rolled and mirrored at random."""
    tile = tiles[int(rng.integers(len(tiles)))]
    tile = np.roll(tile, tuple(int(shift) for shift in rng.integers(0, tile.shape[0], 2)), axis=(0, 1))
    return tile[:: 1 if rng.random() < 0.5 else -1, :: 1 if rng.random() < 0.5 else -1]


def _unit_variance(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / values.std())


def _grain(white: np.ndarray) -> np.ndarray:
    return np.asarray(
        ndimage.gaussian_filter(white, 0.7, mode="wrap") - 0.6 * ndimage.gaussian_filter(white, 2.4, mode="wrap")
    )


def _fissures(hu: np.ndarray, lungs: np.ndarray, frame: Frame, levels: np.ndarray) -> None:
    for index, z in enumerate(levels):
        oblique, minor = fissures_mm(frame, float(z))
        hu[index] += np.where(lungs[index], 60 * np.clip(1.6 - np.abs(oblique), 0, 1), 0)
        hu[index] += np.where(lungs[index], 40 * np.clip(1.8 - np.abs(minor), 0, 1), 0)


def _finish(
    hu: np.ndarray, frame: Frame, build: Build, levels: np.ndarray, rng: np.random.Generator, grain: float
) -> None:
    """Table, blur and noise, in place. grain: noise relative to a usual low dose."""
    bow = frame.y - (build.half_depth + 9) + (frame.x / 38) ** 2
    shell = (np.abs(frame.x) < 168) & ((np.abs(bow) < 1.2) | (np.abs(bow - 14) < 1.2))
    board = (np.abs(frame.x) < 168) & (bow >= 1.2) & (bow <= 12.8)
    grains = _tiles(hu.shape[1], rng, 6, _grain)
    streaks = _tiles(hu.shape[1], rng, 3, lambda white: ndimage.gaussian_filter(white, (0.7, 14), mode="wrap"))
    for index, z in enumerate(levels):
        plane = hu[index]
        radius = body_radius(frame, build, float(z))
        outside = radius > 1
        plane[board & outside] = -930
        plane[shell & outside] = -180
        plane[:] = ndimage.gaussian_filter(plane, 0.75)
        middle = np.clip(1.25 - radius, 0.25, 1.25)
        plane += _shuffled(grains, rng) * (50 * grain * middle)
        shoulders = max(0.0, z / frame.height - 0.8) / 0.2
        if shoulders > 0:
            plane += _shuffled(streaks, rng) * (110 * grain * shoulders * middle)
    np.clip(hu, -1024, 3071, out=hu)
