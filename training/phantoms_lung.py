"""Synthetic chests with known nodules for tuning and for measuring the lung programme, drawn once and kept on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from screening.dicom.volume import Volume, VolumeFlags
from screening.phantoms.chest import PLACES, TYPES, NoduleSpec, chest_ct

TUNED_ON = range(3000, 3046)
MEASURED_ON = range(5000, 5040)
HEIGHT_MM = 220.0
THICKNESS_MM = (1.0, 1.25, 2.0, 2.5)
THICKNESS_SHARE = (0.1, 0.2, 0.3, 0.4)
TYPE_SHARE = (0.6, 0.2, 0.2)
PLACE_SHARE = (0.46, 0.22, 0.22, 0.10)
HU_RANGE = {"solid": (-20.0, 60.0), "part_solid": (-680.0, -520.0), "ground_glass": (-680.0, -540.0)}


@dataclass(frozen=True)
class PlantedChest:
    """A chest as the scorer's volume, and its nodules as `chest_ct` says them."""

    seed: int
    volume: Volume
    nodules: list[dict[str, Any]]
    dose: float


def planted(seed: int) -> tuple[list[NoduleSpec], float, float]:
    """Nodules, slice thickness in mm and relative dose of a seed.

    Every fourth chest has no nodule, the others three or four of 4 to 20 mm (even on a logarithmic scale) of any type
    and place.
    """
    rng = np.random.default_rng([seed, 5])
    slice_mm = float(rng.choice(THICKNESS_MM, p=THICKNESS_SHARE))
    dose = float(rng.uniform(0.5, 1.5))
    if seed % 4 == 3:
        return [], slice_mm, dose
    specs = []
    for _ in range(int(rng.integers(3, 5))):
        kind = TYPES[int(rng.choice(3, p=TYPE_SHARE))]
        specs.append(
            NoduleSpec(
                diameter_mm=float(np.exp(rng.uniform(np.log(4.0), np.log(20.0)))),
                type=kind,
                hu=float(rng.uniform(*HU_RANGE[kind])),
                place=PLACES[int(rng.choice(len(PLACES), p=PLACE_SHARE))],
                core=float(rng.uniform(0.35, 0.7)),
            )
        )
    return specs, slice_mm, dose


def planted_chest(seed: int, work: Path) -> PlantedChest:
    """The chest of a seed, read from `work` where it was drawn before."""
    path = work / f"chest_{seed}.npy"
    specs, slice_mm, dose = planted(seed)
    if not path.is_file():
        work.mkdir(parents=True, exist_ok=True)
        drawn = chest_ct(seed, specs, slices=round(HEIGHT_MM / slice_mm), slice_mm=slice_mm, dose=dose)
        hu = np.stack([dataset.pixel_array.astype(np.int16) - 1024 for dataset in drawn.datasets])
        header = drawn.datasets[0]
        described = {"pixel_mm": float(header.PixelSpacing[0]), "nodules": drawn.truth["nodules"]}
        path.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
        part = work / f"chest_{seed}.part.npy"
        np.save(part, hu)
        part.replace(path)
    hu = np.load(path)
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return PlantedChest(seed, volume_of(hu, slice_mm, described["pixel_mm"]), described["nodules"], dose)


def volume_of(hu: np.ndarray, slice_mm: float, pixel_mm: float) -> Volume:
    """A head-first supine volume from int16 Hounsfield units, lowest slice first."""
    count = len(hu)
    heights = np.arange(count) * slice_mm
    return Volume(
        hu=hu,
        spacing=(slice_mm, pixel_mm, pixel_mm),
        origin=(0.0, 0.0, 0.0),
        direction=np.eye(3),
        positions=heights,
        slice_origins=np.stack([np.zeros(count), np.zeros(count), heights], axis=1),
        sop_uids=tuple(str(index) for index in range(count)),
        numbers=tuple(range(1, count + 1)),
        series_uid="phantom",
        flags=VolumeFlags(),
    )
