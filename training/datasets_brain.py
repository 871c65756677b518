"""The head CT slices of CT-ICH as studies that the brain network can be trained and tested on."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from screening.scoring.brain_slices import prepare_study
from screening.scoring.brain_stack import below_top_mm

SIZE = 192
SLICE_MM = 5.0
TYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")

SLICE_WISE = ("inputs", "labels", "numbers", "areas", "types")


@dataclass(frozen=True)
class BrainStudy:
    """One patient's prepared slices, lowest first.

    inputs: float16 [n, channels, size, size]; labels: int [n], any haemorrhage; numbers: slice numbers;
    areas: mm² of brain per slice; digests: sha256 of the picture files; types: int [n, 5], in the order of `TYPES`.
    """

    patient: str
    inputs: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray
    areas: np.ndarray
    digests: tuple[str, ...]
    types: np.ndarray = field(default_factory=lambda: np.zeros((0, len(TYPES)), int))

    @property
    def depths_mm(self) -> np.ndarray:
        """Depth of every slice below the vertex, mm: the slices of this collection lie 5 mm apart, some are missing."""
        return below_top_mm(self.numbers * SLICE_MM, self.areas)

    @property
    def positive(self) -> bool:
        return bool(self.labels.any())


def folder_of(data: Path) -> Path:
    """The folder with slices.csv: `data` itself or its `head_ct`. Raises FileNotFoundError."""
    for folder in (data, data / "head_ct"):
        if (folder / "slices.csv").is_file():
            return folder
    raise FileNotFoundError(f"There is no slices.csv in {data} or in its folder head_ct.")


def load_studies(data: Path, size: int = SIZE) -> list[BrainStudy]:
    """Every study of a folder laid out like `head_ct` (slices.csv, images/), by patient.

    Raises FileNotFoundError without slices.csv, ValueError for a study that shows no brain.
    """
    folder = folder_of(data)
    by_patient: dict[str, list[dict[str, str]]] = {}
    with (folder / "slices.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            by_patient.setdefault(row["patient"], []).append(row)
    return [_study(folder / "images", patient, by_patient[patient], size) for patient in sorted(by_patient)]


def _study(images: Path, patient: str, rows: list[dict[str, str]], size: int) -> BrainStudy:
    rows = sorted(rows, key=lambda row: int(row["slice"]))
    pictures, digests = [], []
    for row in rows:
        path = images / row["file"]
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
        with Image.open(path) as picture:
            pictures.append(np.asarray(picture.convert("L"), dtype=np.float32))
    prepared = prepare_study(pictures, size=size)
    return BrainStudy(
        patient=patient,
        inputs=prepared.inputs,
        labels=np.array([int(row["any_hemorrhage"]) for row in rows]),
        numbers=np.array([int(row["slice"]) for row in rows]),
        areas=prepared.brain_mm2,
        digests=tuple(digests),
        types=np.array([[int(row.get(name) or 0) for name in TYPES] for row in rows]),
    )


def kept_studies(data: Path, kept: Path) -> list[BrainStudy]:
    """`load_studies`, taken from the file `kept` where it is there, else written to it."""
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        studies = load_studies(data)
        partial = kept.with_name("partial-" + kept.name)
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(study, name) for study in studies]) for name in SLICE_WISE
        }
        columns["patient"] = [study.patient for study in studies for _label in study.labels]
        columns["digests"] = [digest for study in studies for digest in study.digests]
        np.savez(partial, **columns)
        partial.replace(kept)
    with np.load(kept) as stored:
        columns = {name: stored[name] for name in ("patient", "digests", *SLICE_WISE)}
    studies = []
    for patient in sorted(set(columns["patient"].tolist())):
        own = columns["patient"] == patient
        arrays = {name: columns[name][own] for name in SLICE_WISE}
        studies.append(BrainStudy(patient=patient, digests=tuple(columns["digests"][own].tolist()), **arrays))
    return studies
