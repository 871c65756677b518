"""Small studies, drawn once, and ways to spoil them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset

from config.data import data_folder
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient, mammogram_dataset
from screening.scoring.types import InstanceInput, StudyInput

DATA = data_folder()
CHEST_CT = DATA / "dicom" / "chest_ct_screening_nlst"
HEAD_CT = DATA / "dicom" / "head_ct_ge"
MAMMOGRAM = DATA / "dicom" / "mammogram_ge" / "rmlo.dcm"
Pixels = Callable[[np.ndarray], np.ndarray]


def study_of(datasets: Sequence[Dataset]) -> StudyInput:
    instances = [InstanceInput(dataset, lambda dataset=dataset: as_bytes(dataset)) for dataset in datasets]
    return StudyInput(str(datasets[0].StudyInstanceUID), instances)


@lru_cache
def chest() -> tuple[Dataset, ...]:
    """52 slices of 5 mm, 128² pixels."""
    return tuple(chest_ct(3, [NoduleSpec(14.0, "solid", "RLL")], slices=52, slice_mm=5.0, size=128).datasets)


@lru_cache
def head() -> tuple[Dataset, ...]:
    """26 slices of 5 mm, 256² pixels."""
    return tuple(halved(head_ct(7, BleedSpec("intraparenchymal", "right", 30.0), slices=26).datasets))


@lru_cache
def films() -> tuple[Dataset, ...]:
    """Right MLO and left CC."""
    return tuple(mammogram(3, MassSpec(side="L"), views=("RMLO", "LCC")).datasets)


def hounsfield(datasets: Sequence[Dataset]) -> np.ndarray:
    """float32 (slices, rows, columns), in the order given."""
    return np.stack([item.pixel_array.astype(np.float32) + float(item.RescaleIntercept) for item in datasets])


def halved(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The same CT at half the matrix."""
    out = []
    for item in datasets:
        copy = deepcopy(item)
        small = item.pixel_array.astype(np.float32)
        small = (small[::2, ::2] + small[1::2, ::2] + small[::2, 1::2] + small[1::2, 1::2]) / 4
        put_pixels(copy, np.rint(small))
        copy.PixelSpacing = [float(value) * 2 for value in item.PixelSpacing]
        out.append(copy)
    return out


def put_pixels(dataset: Dataset, stored: np.ndarray) -> None:
    dataset.Rows, dataset.Columns = stored.shape
    dataset.PixelData = np.ascontiguousarray(np.clip(stored, 0, 4095), dtype="<u2").tobytes()


def tagged(datasets: Sequence[Dataset], **tags: Any) -> StudyInput:
    """The images with elements replaced; None removes one."""
    copies = [deepcopy(item) for item in datasets]
    for item in copies:
        for keyword, value in tags.items():
            if value is None:
                item.pop(keyword, None)
            else:
                setattr(item, keyword, value)
    return study_of(copies)


def redrawn(datasets: Sequence[Dataset], change: Pixels) -> StudyInput:
    """The same headers around other Hounsfield units: change(volume) → volume."""
    copies = [deepcopy(item) for item in datasets]
    for item, plane in zip(copies, change(hounsfield(datasets)), strict=True):
        put_pixels(item, np.rint(plane) - float(item.RescaleIntercept))
    return study_of(copies)


def repainted(datasets: Sequence[Dataset], change: Pixels) -> StudyInput:
    """The same mammogram headers around other pictures: change(stored values 0–4095) → stored values."""
    copies = [deepcopy(item) for item in datasets]
    for item in copies:
        put_pixels(item, np.rint(change(item.pixel_array.astype(np.float32))))
    return study_of(copies)


def one_slice(index: int, change: Pixels) -> Pixels:
    """Change one slice of a volume only."""

    def changed(volume: np.ndarray) -> np.ndarray:
        out = volume.copy()
        out[index] = change(volume[index])
        return out

    return changed


def noise(seed: int, low: float, high: float) -> Pixels:
    return lambda shape_of: np.random.default_rng(seed).uniform(low, high, shape_of.shape)


def checkerboard(low: float, high: float, step: int = 8) -> Pixels:
    def draw(shape_of: np.ndarray) -> np.ndarray:
        rows, columns = np.mgrid[: shape_of.shape[-2], : shape_of.shape[-1]]
        board = np.where((rows // step + columns // step) % 2 == 0, low, high)
        return np.broadcast_to(board, shape_of.shape)

    return draw


def photograph(low: float, high: float) -> Pixels:
    """A texture with the spectrum of natural photographs, amplitude falling as 1/f (Field 1987)."""

    def draw(shape_of: np.ndarray) -> np.ndarray:
        rows, columns = shape_of.shape[-2:]
        rng = np.random.default_rng(5)
        count = int(np.prod(shape_of.shape[:-2], dtype=int)) or 1
        frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None])
        frequency[0, 0] = 1.0
        out = []
        for _ in range(count):
            picture = np.fft.ifft2(np.fft.fft2(rng.standard_normal((rows, columns))) / frequency).real
            picture = (picture - picture.min()) / np.ptp(picture)
            out.append(low + picture * (high - low))
        return np.array(out).reshape(shape_of.shape)

    return draw


def ellipses(parts: Sequence[tuple[float, float, float, float, float]], background: float = -1000.0) -> Pixels:
    """A body drawn of ellipses, the same in every slice: (row, column, half height, half width as parts, HU)."""

    def draw(shape_of: np.ndarray) -> np.ndarray:
        rows, columns = np.mgrid[-1 : 1 : shape_of.shape[-2] * 1j, -1 : 1 : shape_of.shape[-1] * 1j]
        plane = np.full(rows.shape, background)
        for row, column, high, wide, value in parts:
            plane[((rows - row) / high) ** 2 + ((columns - column) / wide) ** 2 < 1] = value
        grain = np.random.default_rng(1).standard_normal(shape_of.shape) * 6.0
        return plane + grain

    return draw


def read_ct(folder: Any, step: int = 1) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))[::step]]


def jpeg_head(patient: str, **more: Any) -> list[Dataset]:
    """One CT-ICH patient's pictures as a CT series: grey 0–255 is −20…100 HU."""
    folder = DATA / "head_ct"
    with (folder / "slices.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["patient"] == patient]
    rows.sort(key=lambda row: int(row["slice"]))
    planes = []
    for row in rows:
        with Image.open(folder / "images" / row["file"]) as picture:
            planes.append(np.asarray(picture.convert("L"), dtype=np.float32) * (120 / 255) - 20)
    first = int(rows[0]["slice"])
    return ct_datasets(
        np.stack(planes),
        (5.0, 0.58, 0.58),
        fictional_patient(int(patient)),
        key=f"CT-ICH {patient}",
        body_part="HEAD",
        study_description="CT HEAD WITHOUT CONTRAST",
        series_description="Axial brain",
        kernel="H31s",
        window=(40.0, 120.0),
        positions=[(-115.0, -115.0, 5.0 * (int(row["slice"]) - first)) for row in rows],
        **more,
    )


def jpeg_film(source: str, name: str, side: str, view: str) -> Dataset:
    """One digitised film as a mammogram for presentation."""
    with Image.open(DATA / source / "images" / name) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255.0
    return mammogram_dataset(grey, 0.2, fictional_patient(4, sex="F"), key=name, side=side, view=view)
