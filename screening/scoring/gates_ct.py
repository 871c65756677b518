"""The doors of the CT programmes: chest and head."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from re import Pattern

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import CTImageStorage

from screening.dicom.pixels import number_of
from screening.dicom.volume import Source, VolumeError, choose_axial_series
from screening.scoring.gates_common import (
    CAPTURE,
    items,
    kind_of,
    made_otherwise,
    other_part,
    stored_as,
    text,
    words_of,
)
from screening.scoring.types import Refusal, StudyInput

LOCALISERS = frozenset({"LOCALIZER", "SCOUT", "TOPOGRAM"})
PROJECTIONS = frozenset({"MIP", "MINIP", "PROJECTION IMAGE", "MAX_IP", "MIN_IP"})
REFORMATS = frozenset({"MPR", "CPR", "CURVED", "REFORMATTED", "VOLREN", "VOLUME RENDERED", "VRT", "SSD"})
_PROJECTION_WORDS = re.compile(r"\bM(AX)?IP\b|\bMINIP\b|MAXIMUM INTENSITY|\bVRT\b|VOLUME RENDER")
_ANGIO = re.compile(r"ANGIO|\bCTA\b|\bCTPA\b|EMBOL|PERFUS|CORONAR|CARDIAC|\bCTP\b|VENOGRA")
_NO_CONTRAST = re.compile(r"WITHOUT|W/O|\bNON.?CON|\bNO (IV )?CONTRAST|UNENHANCED|NATIVE|PLAIN|\bNC\b|\bNECT\b|平扫")
_CONTRAST = re.compile(
    r"\+ ?C\b|\bC ?\+|\bWITH (IV )?CONTRAST|POST.?CONTRAST|CONTRAST.?ENHANCED|\bCECT\b|POST.?GAD|增强"
)
_NO_AGENT = ("", "NONE", "NO", "N", "NO CONTRAST", "WITHOUT")
_HOUNSFIELD = ("", "HU", "US", "HOUNSFIELD")
# Bone and lung kernels: GE by name, Siemens by a number of 60 and more, Toshiba FC30–39, 50–59 and 80–89, Philips by letters.
_BONE_KERNEL = re.compile(r"(BONE|EDGE|LUNG|ULTRA).*|(?!FC)[A-Z]{1,2}[6-9]\d[A-Z]*|FC[358]\d.*|Y[CDE]|[DE]")
SAME_PLACE_MM = 0.01
MOST_SHARED_PLACES = 0.2
MOST_OUTSIDERS = 0.2
PAIRS_LOOKED_AT = 4


@dataclass(frozen=True)
class Region:
    """What a CT model was made for.

    word, model: for the sentences. parts: of the body (keys of `PARTS`). fewest: slices. thickest: mm. field: mm from
    side to side of the picture. coarsest: pixels a side. contrast, bone: can it read contrast, bone kernels?
    """

    word: str
    model: str
    parts: frozenset[str]
    fewest: int
    thickest: float
    field: tuple[float, float]
    coarsest: int
    contrast: bool
    bone: bool
    sharp: bool
    not_for: Pattern[str] = _ANGIO


CHEST = Region("chest", "lung", frozenset({"chest"}), 30, 5.0, (180.0, 720.0), 96, contrast=True, bone=True, sharp=True)
HEAD = Region(
    "head", "brain", frozenset({"head"}), 10, 10.5, (130.0, 520.0), 96, contrast=False, bone=False, sharp=False
)


def ct_fault(dataset: Dataset, region: Region) -> str | None:
    """Why the model for `region` cannot use an image, one sentence; None when it can."""
    model = f"the {region.model} model"
    if text(dataset, "Modality") != "CT":
        return f"The study has no CT images but {kind_of(dataset)}; {model} reads CT only."
    found = made_otherwise(dataset) or _not_a_slice(dataset)
    if found is not None:
        return found
    if dataset.get("SOPClassUID") != CTImageStorage:
        return f"The images are stored as {stored_as(dataset)}; {model} reads single CT slices only."
    part = other_part(dataset, region.parts)
    if part is not None:
        return f"By their header the images show the {part}; {model} reads the {region.word} only."
    return _not_trained(dataset, region)


def _not_a_slice(dataset: Dataset) -> str | None:
    kind = words_of(dataset, "ImageType")
    # Mammography units and archives also fill it in on images as they were taken; a CT has no use for it.
    if text(dataset, "ConversionType"):
        return CAPTURE
    if kind & LOCALISERS:
        return "The study holds only localisers (scout views), no slices to read."
    if kind & PROJECTIONS or _PROJECTION_WORDS.search(text(dataset, "SeriesDescription")):
        return "The images are projections through many slices (such as MIP); the model reads single slices only."
    if kind & REFORMATS:
        return "The images are reformatted by a program; the model reads slices as they were reconstructed."
    if "SECONDARY" in kind:
        return "The images are secondary, computed or captured from others; the model reads original slices only."
    if (number_of(dataset, "NumberOfFrames") or 1) > 1:
        return "The images are stored as one object of many frames; the model reads single CT slices only."
    return None


def _not_trained(dataset: Dataset, region: Region) -> str | None:
    model = f"the {region.model} model"
    described = " ".join(text(dataset, key) for key in ("SeriesDescription", "StudyDescription", "ProtocolName"))
    if region.not_for.search(described) and not _NO_CONTRAST.search(text(dataset, "SeriesDescription")):
        return f"The study is an angiography or perfusion; {model} was not made for contrast in the vessels."
    if not region.contrast and has_contrast(dataset):
        return f"The images were made with contrast agent; {model} reads non-contrast {region.word} CT only."
    if not region.bone and is_bone_kernel(dataset):
        return f"Only a bone reconstruction was sent; {model} was made for soft-tissue kernels."
    if text(dataset, "RescaleType") not in _HOUNSFIELD:
        return "The images are not in Hounsfield units."
    slope = number_of(dataset, "RescaleSlope")
    if slope is not None and not 0.1 <= slope <= 10.0:
        return "The images are not in Hounsfield units: their scale is none that a CT uses."
    return None


def has_contrast(dataset: Dataset) -> bool:
    """Was contrast agent given, by its own element or by the description of the series?"""
    if text(dataset, "ContrastBolusAgent") not in _NO_AGENT or any(items(dataset, "ContrastBolusAgentSequence")):
        return True
    said = text(dataset, "SeriesDescription")
    return bool(_CONTRAST.search(said)) and not _NO_CONTRAST.search(said)


def is_bone_kernel(dataset: Dataset) -> bool:
    """Is the image's kernel a vendor's kernel for bone or lung?"""
    value = dataset.get("ConvolutionKernel") or ""
    first = str(value if isinstance(value, str) else value[0]).strip().upper()
    return _BONE_KERNEL.fullmatch(first) is not None


def plane_of(dataset: Dataset) -> str:
    """ "axial", "coronal", "sagittal" or "oblique", "" when the image does not say (PS3.3 C.7.6.2.1.1)."""
    try:
        cosines = np.array([float(value) for value in dataset.get("ImageOrientationPatient") or ()])
        placed = len(dataset.get("ImagePositionPatient") or ()) == 3
    except (TypeError, ValueError):
        return ""
    if cosines.shape != (6,) or not np.isfinite(cosines).all() or not placed:
        return ""
    normal = np.abs(np.cross(cosines[:3], cosines[3:]))
    place = int(normal.argmax())
    return ("sagittal", "coronal", "axial")[place] if normal[place] >= 0.8 else "oblique"


def refuse_unfit_series(study: StudyInput, region: Region) -> None:
    """Raise `Refusal` unless the best axial series is one stack that the model can read, as far as headers say."""
    model = f"the {region.model} model"
    planes = {plane_of(item.dataset) for item in study.instances}
    if planes == {""}:
        raise Refusal("The images do not say where in the body they lie and how they are turned.")
    if "axial" not in planes:
        named = " and ".join(sorted(planes - {""}))
        raise Refusal(f"The study has no axial CT images but {named} ones; {model} reads axial slices only.")
    try:
        series = choose_axial_series(study, prefer_sharp=region.sharp)
    except VolumeError as error:
        raise Refusal("The images do not say how large their pixels are.") from error
    header = series[0].dataset
    _refuse_mixture(study, series)
    places = _by_place(series)
    if len(series) >= region.fewest and len(places) <= max(1, 0.1 * len(series)):
        raise Refusal("All images of the series say that they lie in the same place.")
    if len(places) < region.fewest:
        counted = "1 slice" if len(places) == 1 else f"{len(places)} slices"
        raise Refusal(f"The axial series has only {counted}; {model} needs at least {region.fewest}.")
    _refuse_doubles(places)
    thickness = number_of(header, "SliceThickness") or 0.0
    if thickness > 1.05 * region.thickest:
        raise Refusal(f"The slices are {thickness:.1f} mm thick; {model} reads {region.thickest:g} mm at most.")
    rows, columns = number_of(header, "Rows") or 0, number_of(header, "Columns") or 0
    if min(rows, columns) < region.coarsest:
        raise Refusal(f"The pictures have only {columns:.0f} × {rows:.0f} pixels, too few to be read.")
    spacing = [float(value) for value in header.PixelSpacing]
    side = max(rows * spacing[0], columns * spacing[1])
    if max(spacing) > 1.2 * min(spacing):
        raise Refusal("The pixels are not square by their header, as those of a CT slice are.")
    if not region.field[0] <= side <= region.field[1]:
        raise Refusal(f"The pictures are {side:.0f} mm wide by their header, which does not fit a {region.word}.")


def _refuse_mixture(study: StudyInput, series: Sequence[Source]) -> None:
    uid = str(series[0].dataset.get("SeriesInstanceUID", ""))
    inside = {id(item.dataset) for item in series}
    others = [
        item
        for item in study.instances
        if str(item.dataset.get("SeriesInstanceUID", "")) == uid and id(item.dataset) not in inside
    ]
    if len(others) > MOST_OUTSIDERS * len(series):
        raise Refusal("The images of the series do not share one size, spacing and direction.")


def _by_place(series: Sequence[Source]) -> list[list[Source]]:
    """The images grouped by where they lie along the axis; one that comes twice under one UID counts once."""
    cosines = [float(value) for value in series[0].dataset.ImageOrientationPatient]
    normal = np.cross(cosines[:3], cosines[3:])
    once: dict[str, Source] = {str(item.dataset.get("SOPInstanceUID", "")): item for item in series}
    groups: dict[int, list[Source]] = defaultdict(list)
    for item in once.values():
        along = float(np.array([float(value) for value in item.dataset.ImagePositionPatient]) @ normal)
        groups[round(along / SAME_PLACE_MM)].append(item)
    return [groups[place] for place in sorted(groups)]


def _refuse_doubles(places: list[list[Source]]) -> None:
    """Two pictures of one place that differ are two phases or reconstructions in one series: which one counts?"""
    doubles = [group for group in places if len(group) > 1]
    if len(doubles) <= MOST_SHARED_PLACES * len(places):
        return
    step = max(1, len(doubles) // PAIRS_LOOKED_AT)
    for group in doubles[::step][:PAIRS_LOOKED_AT]:
        if len({_pixels(item) for item in group}) > 1:
            raise Refusal(f"The series shows {len(doubles)} places twice, each time with another picture.")


def _pixels(source: Source) -> bytes:
    try:
        return bytes(dcmread(BytesIO(source.read())).get("PixelData") or b"")
    except InvalidDicomError:
        return b""
