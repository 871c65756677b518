"""Right inputs of each programme, measured: what `training.familiarity` learns the usual from.

Every picture is measured as it is and again a little noisier, smoother, brighter and thinner in slices, for none of
these may be refused.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from scipy import ndimage

from screening.dicom.pixels import grey_array
from screening.dicom.volume import build_volume
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, as_bytes
from screening.scoring.brain_slices import ASSUMED_PIXEL_MM, view_skull, window_grey
from screening.scoring.breast_film import BreastNotFound, prepare_film
from screening.scoring.breast_views import spacing_of
from screening.scoring.familiarity_chest import chest_measures
from screening.scoring.familiarity_film import film_measures
from screening.scoring.familiarity_head import head_measures
from screening.scoring.types import InstanceInput
from training.datasets_breast import CBIS, MIAS, SPACING_MM

Measures = dict[str, float]
BREAST_PHANTOM_SEEDS = range(500, 512)
HEAD_PHANTOM_SEEDS = range(500, 512)
CHEST_PHANTOM_SEEDS = range(500, 510)


@dataclass(frozen=True)
class Seen:
    """One measured picture. source: the collection; patient: who; variant: "plain" or how it was changed."""

    source: str
    patient: str
    variant: str
    measures: Measures


@dataclass(frozen=True)
class FilmPicture:
    """One film of a folder. side: "L" or "R"; view: "CC" or "MLO"; grey: float32 0–1."""

    source: str
    woman: str
    name: str
    side: str
    view: str
    grey: np.ndarray


def ct_variants(hu: np.ndarray, seed: int, noise_hu: float, shift_hu: float) -> Iterator[tuple[str, np.ndarray]]:
    """A volume as it is, and changed as other scanners would."""
    rng = np.random.default_rng(seed)
    yield "plain", hu
    for share in (0.5, 1.0):
        yield f"noise {share}", hu + rng.standard_normal(hu.shape, dtype=np.float32) * (noise_hu * share)
    for sigma in (0.6, 1.0):
        yield f"blur {sigma}", ndimage.gaussian_filter(hu.astype(np.float32), (0.0, sigma, sigma))
    smooth = ndimage.gaussian_filter(hu.astype(np.float32), (0.0, 1.2, 1.2))
    yield "sharp", hu + 0.7 * (hu - smooth)
    for sign in (-1.0, 1.0):
        yield f"shift {sign:+.0f}", hu + np.float32(sign * shift_hu)


def heads(data: Path, told: Callable[[str], None]) -> Iterator[Seen]:
    """CT-ICH patients as DICOM would show them, the real head CT, and drawn heads."""
    for patient, hu in jpeg_heads(data):
        yield from _head("CT-ICH", patient, hu, ASSUMED_PIXEL_MM)
        told(f"head {patient}")
    folder = data / "dicom" / "head_ct_ge"
    if folder.is_dir():
        volume = build_volume([_file(path) for path in sorted(folder.glob("*.dcm"))])
        yield from _head("head_ct_ge", "ge", volume.hu, volume.spacing[1])
    for seed in HEAD_PHANTOM_SEEDS:
        bleed = (None, BleedSpec("subdural", "left", 60.0), BleedSpec("intraparenchymal", "right", 35.0))[seed % 3]
        volume = build_volume(_inputs(head_ct(seed, bleed)))
        yield from _head("phantom", f"{seed}", volume.hu, volume.spacing[1])
        told(f"head phantom {seed}")


def jpeg_heads(data: Path) -> Iterator[tuple[str, np.ndarray]]:
    """(patient, float32 HU slices, lowest first) of the folder `head_ct`; grey 0–255 is −20…100 HU."""
    folder = data / "head_ct"
    by_patient: dict[str, list[tuple[int, str]]] = {}
    with (folder / "slices.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            by_patient.setdefault(row["patient"], []).append((int(row["slice"]), row["file"]))
    for patient, rows in sorted(by_patient.items()):
        planes = []
        for _number, name in sorted(rows):
            with Image.open(folder / "images" / name) as picture:
                planes.append(np.asarray(picture.convert("L"), dtype=np.float32) * (120.0 / 255.0) - 20.0)
        yield patient, np.stack(planes)


def _head(source: str, patient: str, hu: np.ndarray, pixel_mm: float) -> Iterator[Seen]:
    views = [view_skull(window_grey(plane), pixel_mm) for plane in hu]
    for name, changed in ct_variants(hu, sum(map(ord, patient)), 6.0, 4.0):
        yield Seen(source, patient, name, head_measures(changed, pixel_mm, views))
    for start in (0, 1):
        half = slice(start, None, 2)
        yield Seen(source, patient, f"every second from {start}", head_measures(hu[half], pixel_mm, views[half]))


def chests(data: Path, told: Callable[[str], None]) -> Iterator[Seen]:
    """The real screening CT and drawn chests."""
    folder = data / "dicom" / "chest_ct_screening_nlst"
    if folder.is_dir():
        volume = build_volume([_file(path) for path in sorted(folder.glob("*.dcm"))])
        yield from _chest("NLST", "nlst", volume.hu, volume.spacing)
        told("screening CT")
    for seed in CHEST_PHANTOM_SEEDS:
        size, slices, slice_mm = ((256, 48, 5.0), (384, 80, 3.0), (256, 100, 2.5))[seed % 3]
        volume = build_volume(_inputs(chest_ct(seed, slices=slices, slice_mm=slice_mm, size=size)))
        yield from _chest("phantom", f"{seed}", volume.hu, volume.spacing)
        told(f"chest phantom {seed}")


def _chest(source: str, patient: str, hu: np.ndarray, spacing: tuple[float, float, float]) -> Iterator[Seen]:
    for name, changed in ct_variants(hu, sum(map(ord, patient)), 60.0, 15.0):
        yield Seen(source, patient, name, chest_measures(np.clip(changed, -1024, 3071), spacing))
    third = len(hu) // 4
    for name, part in (("lower part", slice(0, 3 * third)), ("upper part", slice(third, None))):
        yield Seen(source, patient, name, chest_measures(hu[part], spacing))
    rough = (spacing[0] * 2, spacing[1], spacing[2])
    yield Seen(source, patient, "every second slice", chest_measures(hu[::2], rough))
    half = hu[:, ::2, ::2]
    yield Seen(source, patient, "half the matrix", chest_measures(half, (spacing[0], spacing[1] * 2, spacing[2] * 2)))


def films(data: Path, told: Callable[[str], None]) -> Iterator[Seen]:
    """Both folders of digitised films, the real digital mammogram, and drawn ones."""
    for count, film in enumerate(jpeg_films(data)):
        yield from _film(film.source, film.woman, film.grey, (SPACING_MM[film.source],) * 2, count)
        if count % 50 == 49:
            told(f"{count} films")
    path = data / "dicom" / "mammogram_ge" / "rmlo.dcm"
    if path.is_file():
        dataset = pydicom.dcmread(path)
        for place in range(4):
            yield from _film("mammogram_ge", "ge", grey_array(dataset), spacing_of(dataset), place)
    for seed in BREAST_PHANTOM_SEEDS:
        study = mammogram(seed, MassSpec() if seed % 2 else None, density="abcd"[seed % 4])
        for place, dataset in enumerate(study.datasets):
            yield from _film("phantom", f"{seed}", grey_array(dataset), spacing_of(dataset), place)
        told(f"breast phantom {seed}")


def jpeg_films(data: Path) -> Iterator[FilmPicture]:
    """Every film of the two folders, in the order of their files' names."""
    for source, file_key, woman_key in ((MIAS, "file", "woman"), (CBIS, "image", "patient")):
        table = data / source / "images.csv"
        if not table.is_file():
            continue
        with table.open(encoding="utf-8", newline="") as stream:
            rows = {row[file_key]: row for row in csv.DictReader(stream)}
        for name, row in sorted(rows.items()):
            with Image.open(data / source / "images" / name) as picture:
                grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255.0
            yield FilmPicture(source, row[woman_key], name, row["side"], row["view"], grey)


def _film(source: str, woman: str, grey: np.ndarray, spacing: tuple[float, float] | None, place: int) -> Iterator[Seen]:
    """The film as it is and in one changed form, another one for each film in turn."""
    rng = np.random.default_rng(place)
    noisy = np.clip(grey + rng.standard_normal(grey.shape, dtype=np.float32) * 0.02, 0.0, 1.0)
    changes = {
        "noise": noisy,
        "blur": ndimage.gaussian_filter(grey, 1.0),
        "darker": grey**1.25,
        "lighter": grey**0.8,
    }
    name = tuple(changes)[place % len(changes)]
    for variant, picture in (("plain", grey), (name, changes[name])):
        try:
            yield Seen(source, woman, variant, film_measures(prepare_film(picture, spacing)))
        except BreastNotFound:
            continue


SOURCES: dict[str, Callable[[Path, Callable[[str], None]], Iterator[Seen]]] = {
    "lung": chests,
    "breast": films,
    "brain": heads,
}


def _file(path: Path) -> InstanceInput:
    return InstanceInput(pydicom.dcmread(path, stop_before_pixels=True), path.read_bytes)


def _inputs(study: PhantomStudy) -> Sequence[InstanceInput]:
    return [InstanceInput(item, lambda item=item: as_bytes(item)) for item in study.datasets]  # type: ignore[misc]
