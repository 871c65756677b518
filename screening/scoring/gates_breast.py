"""The doors of the breast programme (DICOM PS3.3 C.8.11, PS3.16 CID 4014 views and CID 4015 modifiers)."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset
from pydicom.uid import (
    BreastProjectionXRayImageStorageForPresentation,
    BreastProjectionXRayImageStorageForProcessing,
    BreastTomosynthesisImageStorage,
    ComputedRadiographyImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)

from screening.dicom.pixels import number_of
from screening.scoring.gates_common import items, kind_of, made_otherwise, other_part, stored_as, text, words_of

FLAT = frozenset(
    {
        DigitalMammographyXRayImageStorageForPresentation,
        DigitalXRayImageStorageForPresentation,
        ComputedRadiographyImageStorage,
    }
)
FOR_PROCESSING = frozenset({DigitalMammographyXRayImageStorageForProcessing, DigitalXRayImageStorageForProcessing})
TOMOSYNTHESIS = frozenset(
    {
        BreastTomosynthesisImageStorage,
        BreastProjectionXRayImageStorageForPresentation,
        BreastProjectionXRayImageStorageForProcessing,
    }
)
# SNOMED CT, and the retired SNOMED-RT codes that older machines still send
SPECIMEN_VIEWS = frozenset({"127457009", "G-8310"})
IMPLANT_DISPLACED = frozenset({"399209000", "R-102D5"})
CLOSER = frozenset({"399163009", "R-102D6", "399055006", "R-102D7"})
LARGEST_FACTOR = 1.2
FEWEST_PIXELS = (200, 400)
_SPECIMEN = re.compile(r"SPECIMEN|LUMPECTOMY|EXCISED")
_BIOPSY = re.compile(r"BIOPS|STEREOTA|WIRE LOC|NEEDLE LOC|GALACTO|DUCTOGRA")
_TEST_OBJECT = re.compile(r"\bQC\b|QUALITY CONTROL|\bACR\b|TEST OBJECT|FLAT ?FIELD|CALIBRATION IMAGE|PHANTOM")
_CLOSER_WORDS = re.compile(r"\bSPOT\b|\bMAG\b|MAGNIF|VERGR")
_ENERGY = frozenset({"SUBTRACTION", "RECOMBINED", "LOW_ENERGY", "HIGH_ENERGY"})


def film_fault(dataset: Dataset) -> str | None:
    """Why the breast model cannot use an image, one sentence; None when it can or when only the view is unfit.

    A view that is neither CC nor MLO, or of an unsaid side, is for `select_views` to say.
    """
    if text(dataset, "Modality") != "MG":
        return f"There is no mammogram in this study but {kind_of(dataset)}."
    return made_otherwise(dataset) or _other_object(dataset) or _other_purpose(dataset) or _other_view(dataset)


def _other_object(dataset: Dataset) -> str | None:
    sop_class, kind = dataset.get("SOPClassUID"), words_of(dataset, "ImageType")
    if sop_class in TOMOSYNTHESIS or (number_of(dataset, "NumberOfFrames") or 1) > 1 or _has(kind, "TOMO"):
        return "The study holds only tomosynthesis; the model reads flat mammograms."
    if _has(kind, "GENERATED_2D", "SYNTH"):
        return "The images are computed from tomosynthesis; the model reads mammograms as they were taken."
    intent = text(dataset, "PresentationIntentType")
    if intent == "FOR PROCESSING" or (sop_class in FOR_PROCESSING and intent != "FOR PRESENTATION"):
        return "The mammograms are for processing, not for presentation."
    if sop_class not in FLAT | FOR_PROCESSING:
        return f"The images are stored as {stored_as(dataset)}; the model reads digital mammograms only."
    rows, columns = number_of(dataset, "Rows") or 0, number_of(dataset, "Columns") or 0
    if min(rows, columns) < FEWEST_PIXELS[0] or max(rows, columns) < FEWEST_PIXELS[1]:
        return f"The pictures have only {columns:.0f} × {rows:.0f} pixels, too few to be read."
    return None


def _other_purpose(dataset: Dataset) -> str | None:
    kind = words_of(dataset, "ImageType")
    described = " ".join(text(dataset, key) for key in ("SeriesDescription", "ProtocolName", "ViewPosition"))
    if text(dataset, "QualityControlImage") == "YES" or _TEST_OBJECT.search(described):
        return "The images show a test object, not a breast."
    if _SPECIMEN.search(described + " " + text(dataset, "BodyPartExamined")) or SPECIMEN_VIEWS & _codes(dataset):
        return "The images show a specimen taken from a breast, not a breast."
    positioner = text(dataset, "PositionerType")
    if _BIOPSY.search(described) or "STEREO" in positioner or _has(kind, "STEREO") or any(_targets(dataset)):
        return "The images were made during a biopsy or another procedure; the model reads screening views only."
    if text(dataset, "ContrastBolusAgent") not in ("", "NONE", "NO") or kind & _ENERGY:
        return "The mammograms were made with contrast agent; the model reads mammograms without."
    part = other_part(dataset, frozenset({"breast"}))
    return f"By their header the images show the {part}, not a breast." if part is not None else None


def _other_view(dataset: Dataset) -> str | None:
    modifiers, paddle = _modifiers(dataset), text(dataset, "PaddleDescription")
    if modifiers & IMPLANT_DISPLACED:
        return "The study holds only implant-displaced views; the model reads standard CC and MLO views."
    factor = number_of(dataset, "EstimatedRadiographicMagnificationFactor")
    said = "SPOT" in paddle or "MAG" in paddle or _CLOSER_WORDS.search(text(dataset, "SeriesDescription"))
    if (factor is not None and factor > LARGEST_FACTOR) or modifiers & CLOSER or said:
        return "The study holds only magnification or spot views; the model reads standard CC and MLO views."
    return None


def _has(kind: frozenset[str], *parts: str) -> bool:
    return any(part in word for word in kind for part in parts)


def _codes(dataset: Dataset) -> frozenset[str]:
    return frozenset(text(item, "CodeValue") for item in items(dataset, "ViewCodeSequence"))


def _modifiers(dataset: Dataset) -> frozenset[str]:
    inner = [one for item in items(dataset, "ViewCodeSequence") for one in items(item, "ViewModifierCodeSequence")]
    return frozenset(text(item, "CodeValue") for item in [*inner, *items(dataset, "ViewModifierCodeSequence")])


def _targets(dataset: Dataset) -> list[Dataset]:
    return list(items(dataset, "BiopsyTargetSequence"))
