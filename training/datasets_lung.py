"""The nodule crops of `lung_nodules/`: one record a nodule, normalised as the scorer normalises a scan."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from screening.scoring.lung_patches import CONTEXT, PATCH, normalise

MARGIN = CONTEXT // 2 - PATCH // 2


@dataclass(frozen=True)
class Nodule:
    """One nodule.

    image: float32 (3, 128, 128) normalised, the middle slice central; missing neighbours repeat it.
    counts: uint8 (128, 128), readers who marked each pixel of the middle slice. readers: the most who
    marked any. rating: median malignancy 1–5 or None. digest: sha256 of the image file.
    """

    patient: str
    name: str
    image: np.ndarray
    counts: np.ndarray
    readers: int
    rating: int | None
    digest: str

    @property
    def majority(self) -> np.ndarray:
        """Pixels that at least half of the nodule's readers marked, bool (128, 128)."""
        return np.asarray((self.counts > 0) & (2 * self.counts.astype(int) >= self.readers))


def find_folder(data: Path) -> Path:
    """The folder that holds nodules.csv: `data` itself or its `lung_nodules`. Raises FileNotFoundError."""
    for folder in (data, data / "lung_nodules"):
        if (folder / "nodules.csv").is_file():
            return folder
    raise FileNotFoundError(f"There is no nodules.csv in {data} or its lung_nodules folder.")


def load_nodules(data: Path) -> list[Nodule]:
    """Every nodule of the folder, in the order of nodules.csv."""
    folder = find_folder(data)
    with (folder / "nodules.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [_nodule(folder, row) for row in rows]


def _nodule(folder: Path, row: dict[str, str]) -> Nodule:
    path = folder / "images" / row["image"]
    with Image.open(path) as picture:
        stack = np.asarray(picture.convert("L")).reshape(-1, CONTEXT, CONTEXT)
    with Image.open(folder / "masks" / row["mask"]) as picture:
        masks = np.asarray(picture).reshape(-1, CONTEXT, CONTEXT)
    middle = len(stack) // 2
    planes = [normalise(stack[min(max(index, 0), len(stack) - 1)]) for index in (middle - 1, middle, middle + 1)]
    rating = row.get("median_malignancy") or ""
    return Nodule(
        patient=row["patient"],
        name=f"{row['patient']}_{row['nodule']}",
        image=np.stack(planes),
        counts=masks[middle].astype(np.uint8),
        readers=max(1, int(row.get("max_readers") or masks.max())),
        rating=int(float(rating)) if rating else None,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def lookalikes(nodule: Nodule, most: int = 3) -> list[tuple[int, int]]:
    """Blob-like places (row, column) in the crop that no reader marked: vessels, mostly.

    They are the negatives of the nodule head: the data has no nodule-free scans. Brightest response of
    a Laplacian of Gaussian first; all lie so that a 64-pixel patch fits inside the crop.
    """
    grey = np.clip(nodule.image[1], 0.0, 1.2)
    response = np.max([-(s**2) * ndimage.gaussian_laplace(grey, s) for s in (1.5, 2.5, 4.0)], axis=0)
    peaks = (response == ndimage.maximum_filter(response, 7)) & (response > 0.12)
    peaks &= ndimage.distance_transform_edt(nodule.counts == 0) > 10
    edge = np.zeros_like(peaks)
    edge[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
    rows, columns = np.nonzero(peaks & edge)
    order = np.argsort(-response[rows, columns], kind="stable")[:most]
    return [(int(rows[index]), int(columns[index])) for index in order]


def patch_at(image: np.ndarray, row: int, column: int) -> np.ndarray:
    """The 64-pixel patch (…, 64, 64) centred on a place, moved inside the crop where it would stick out."""
    top = int(np.clip(row - PATCH // 2, 0, CONTEXT - PATCH))
    left = int(np.clip(column - PATCH // 2, 0, CONTEXT - PATCH))
    return image[..., top : top + PATCH, left : left + PATCH]
