"""The two folders of digitised mammograms as prepared films with their labels.

`mammograms` is laid out like mini-MIAS, `mammogram_masses` like CBIS-DDSM with masses only.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from screening.scoring.breast_film import BreastNotFound, Film, prepare_film

MIAS, CBIS = "mammograms", "mammogram_masses"
# mini-MIAS is distributed at 0.2 mm; the CBIS-DDSM copies were narrowed to about 0.3 mm
SPACING_MM = {MIAS: 0.2, CBIS: 0.3}
TISSUE = {"F": 0, "G": 1, "D": 2}
UNKNOWN = -1
BACKGROUND_APART_PX = 12


@dataclass(frozen=True, slots=True)
class Lesion:
    """A reference box on the canvas (x0, y0, x1, y1). malignant: 1, 0, or UNKNOWN.

    ignored: a cluster of calcifications, which a mass detector is neither rewarded nor
    punished for.
    """

    box: tuple[float, float, float, float]
    malignant: int
    ignored: bool = False


@dataclass(frozen=True)
class Case:
    """One labelled film. density: 0–3 for BI-RADS a–d; tissue: 0–2 for F, G, D; UNKNOWN where
    the source does not say. abnormal is known on mini-MIAS only: CBIS has no normal films.
    background: `background_of` the image."""

    source: str
    woman: str
    name: str
    digest: str
    film: Film
    density: int
    tissue: int
    abnormal: int
    malignant: int
    lesions: tuple[Lesion, ...]
    background: tuple[float, ...] = ()

    @property
    def breast(self) -> str:
        """Whose breast the film shows; films of one breast share it."""
        return f"{self.woman} {breast_of(self.source, self.name)}"

    @property
    def view(self) -> str:
        """CC or MLO: CBIS-DDSM's file names say it, mini-MIAS has MLO only."""
        return "CC" if self.source == CBIS and "_CC" in self.name else "MLO"


def breast_of(source: str, name: str) -> str:
    """Which breast a file's name says the film shows: CBIS-DDSM names the side, mini-MIAS has one film of each."""
    return name.split("_")[1] if source == CBIS and name.count("_") >= 2 else name


def background_of(grey: np.ndarray, film: Film) -> tuple[float, ...]:
    """Nine numbers of an image (0–1) that no tissue enters: levels of its outermost rows and columns where the
    breast is not, and of all that lies outside it. Good for telling how it was digitised, and no more."""
    rows, columns = grey.shape
    ys = np.clip((np.arange(rows) * film.scale[1] - film.origin[1]).astype(int), 0, film.mask.shape[0] - 1)
    xs = np.arange(columns) * film.scale[0]
    xs = np.clip(
        ((film.width - 1 - xs if film.mirrored else xs) - film.origin[0]).astype(int), 0, film.mask.shape[1] - 1
    )
    outside = ~ndimage.binary_dilation(film.mask, iterations=BACKGROUND_APART_PX)[ys[:, None], xs]
    edge = outside.copy()
    edge[4:-4, 4:-4] = False
    numbers: list[float] = []
    for part in (outside, edge):
        values = grey[part] if part.any() else np.zeros(1, np.float32)
        numbers += [float(value) for value in np.percentile(values, (5, 50, 95))] + [float(values.std())]
    return (*numbers, float(outside.mean()))


def folder_kind(folder: Path) -> str | None:
    """Which of the two layouts a folder has, by the columns of its images.csv; else None."""
    table = folder / "images.csv"
    if not table.is_file():
        return None
    with table.open(newline="", encoding="utf-8") as stream:
        columns = set(next(csv.reader(stream), []))
    if {"pathology", "boxes", "patient"} <= columns:
        return CBIS
    return MIAS if {"woman", "abnormality", "tissue"} <= columns else None


def load_folder(folder: Path) -> list[Case]:
    """Every film of a folder. Raises ValueError for an unknown layout; a film in which no
    breast is found is left out."""
    kind = folder_kind(folder)
    if kind is None:
        raise ValueError(f"{folder.name} is not laid out like {MIAS} or {CBIS}.")
    with (folder / "images.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    by_file: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_file.setdefault(row["image" if kind == CBIS else "file"], []).append(row)
    cases = []
    for name in sorted(by_file):
        case = _load_case(folder / "images" / name, kind, by_file[name])
        if case is not None:
            cases.append(case)
    return cases


def _load_case(path: Path, kind: str, rows: list[dict[str, str]]) -> Case | None:
    data = path.read_bytes()
    with Image.open(path) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255.0
    try:
        film = prepare_film(grey, (SPACING_MM[kind],) * 2)
    except BreastNotFound:
        return None
    digest, background = hashlib.sha256(data).hexdigest(), background_of(grey, film)
    if kind == CBIS:
        row = rows[0]
        malignant = int(row["pathology"] == "malignant")
        boxes = [tuple(map(float, box)) for box in json.loads(row["boxes"] or "[]")]
        lesions = tuple(Lesion(film.to_canvas((b[0], b[1], b[2], b[3])), malignant) for b in boxes)
        density = int(row["density"]) - 1 if row["density"] in "1234" and row["density"] else UNKNOWN
        return Case(
            kind, row["patient"], path.name, digest, film, density, UNKNOWN, UNKNOWN, malignant, lesions, background
        )
    abnormal = int(any(row["abnormality"] != "NORM" for row in rows))
    malignant = int(any(row["severity"] == "M" for row in rows)) if abnormal else UNKNOWN
    circles = [row for row in rows if row["x"] and row["y"] and row["radius"]]
    lesions = tuple(_circle(film, row) for row in circles)
    tissue = TISSUE.get(rows[0]["tissue"], UNKNOWN)
    return Case(
        kind, rows[0]["woman"], path.name, digest, film, UNKNOWN, tissue, abnormal, malignant, lesions, background
    )


def _circle(film: Film, row: dict[str, str]) -> Lesion:
    x, y, radius = float(row["x"]), float(row["y"]), float(row["radius"])
    box = film.to_canvas((x - radius, y - radius, x + radius, y + radius))
    return Lesion(box, int(row["severity"] == "M"), row["abnormality"] == "CALC")


def folds_by_woman(cases: list[Case], count: int, seed: int) -> np.ndarray:
    """The fold (0 to count − 1) of each film; all films of one woman share one."""
    women = sorted({(case.source, case.woman) for case in cases})
    order = np.random.default_rng(seed).permutation(len(women))
    fold_of = {women[place]: rank % count for rank, place in enumerate(order)}
    return np.array([fold_of[(case.source, case.woman)] for case in cases])
