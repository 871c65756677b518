"""What the doors of all programmes look at: kind of object, how it came about, part of the body, age."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from re import Pattern

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from screening.dicom.pixels import number_of

CAPTURES = frozenset(
    {
        SecondaryCaptureImageStorage,
        MultiFrameSingleBitSecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)
MODALITIES = {
    "CT": "CT images",
    "MR": "MR images",
    "MG": "mammograms",
    "PT": "PET images",
    "NM": "nuclear medicine images",
    "US": "ultrasound images",
    "CR": "plain radiographs",
    "DX": "plain radiographs",
    "RF": "fluoroscopy images",
    "XA": "angiograms",
    "SR": "reports",
    "SEG": "segmentations",
    "OT": "pictures of another kind",
}
CAPTURE = "The study holds only screen captures or digitised pictures; the model reads images as the scanner made them."
COLOUR = "The pictures are in colour; the model reads grey images only."
BURNED_IN = "Text is burned into the pictures; the model reads images without any."
DOSE_REPORT = "The study holds only a dose report or protocol page, no images to read."
_PART_WORDS = {
    "head": r"HEAD|BRAIN|SKULL|CRANI|CEREB|NEURO(?!NAV)",
    "face": r"FACE|FACIAL|SINUS|ORBIT|JAW|MANDIB|MAXILLA|DENTAL|TEETH|TOOTH|TEMPORAL BONE|\bIAC\b",
    "neck": r"NECK|THYROID|CAROTID|LARYNX",
    "chest": r"CHEST|THORA|LUNG|PULMON|MEDIASTIN|肺|胸",
    "heart": r"HEART|CARDIA|CORONAR",
    "breast": r"BREAST|MAMM",
    "abdomen": r"ABDOM|LIVER|KIDNEY|PANCREA|COLON|RENAL|UROGR",
    "pelvis": r"PELVI|PROSTAT|BLADDER|UTER(US|INE)|HIP\b",
    "spine": r"SPINE|VERTEBR|\b[CTL]-?SPINE|LUMBAR|CERVICAL|SACR",
    "limbs": r"KNEE|LEG\b|ARM\b|HAND|FOOT|ANKLE|WRIST|ELBOW|SHOULDER|EXTREMIT|FEMUR|TIBIA|HUMERUS|FOREARM|FINGER|TOE\b",
}
PARTS: dict[str, Pattern[str]] = {part: re.compile(words) for part, words in _PART_WORDS.items()}
_DOSE_WORDS = re.compile(r"DOSE (REPORT|INFO|RECORD|SUMMARY)|PATIENT PROTOCOL|SCREEN ?SAVE|EXAM PROTOCOL")


def text(dataset: Dataset, keyword: str) -> str:
    """An element as upper-case text on one line, "" when absent."""
    value = dataset.get(keyword)
    return "" if value is None else " ".join(str(value).split()).upper()


def words_of(dataset: Dataset, keyword: str) -> frozenset[str]:
    """The values of a multi-valued element, upper case."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return frozenset()
    values = value.split("\\") if isinstance(value, str) else list(value) if hasattr(value, "__iter__") else [value]
    return frozenset(str(item).upper().strip() for item in values)


def items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    """The items of a sequence, none where there is no sequence."""
    value = dataset.get(keyword)
    if value is not None and not isinstance(value, str | bytes) and hasattr(value, "__iter__"):
        yield from (item for item in value if isinstance(item, Dataset))


def kind_of(dataset: Dataset) -> str:
    """What the object is, for a sentence: by modality, else by the name of its SOP class."""
    modality = text(dataset, "Modality")
    return MODALITIES.get(modality, "images of an unknown kind")


def stored_as(dataset: Dataset) -> str:
    """The name of the SOP class (PS3.6 A.1) as words, "an unknown kind of object" when it is none."""
    uid = dataset.get("SOPClassUID")
    name = UID(str(uid)).name if uid else ""
    return name.removesuffix(" Storage") if name and name != str(uid) else "an unknown kind of object"


def made_otherwise(dataset: Dataset) -> str | None:
    """Why the picture is none that a scanner made: a capture, a dose page, colour, burned-in text; else None."""
    kind = words_of(dataset, "ImageType")
    if "DOSE_INFO" in kind or _DOSE_WORDS.search(text(dataset, "SeriesDescription")):
        return DOSE_REPORT
    if dataset.get("SOPClassUID") in CAPTURES or "SCREEN SAVE" in kind:
        return CAPTURE
    if text(dataset, "BurnedInAnnotation") == "YES":
        return BURNED_IN
    samples = number_of(dataset, "SamplesPerPixel")
    grey = text(dataset, "PhotometricInterpretation")
    if (samples is not None and samples != 1) or grey not in ("", "MONOCHROME1", "MONOCHROME2"):
        return COLOUR
    return None


def other_part(dataset: Dataset, own: frozenset[str]) -> str | None:
    """The part of the body that the header names, when it is none of `own` (keys of `PARTS`); None when unsaid.

    A body part examined is often left at a protocol's default, so descriptions that name an own part outweigh it.
    """
    said = text(dataset, "BodyPartExamined").replace("_", " ")
    regions = [text(item, "CodeMeaning") for item in items(dataset, "AnatomicRegionSequence")]
    descriptions = [text(dataset, key) for key in ("SeriesDescription", "StudyDescription", "ProtocolName")]
    everything = " ".join([said, *regions, *descriptions])
    if any(PARTS[part].search(everything) for part in own):
        return None
    for place in (said, *regions, *descriptions):
        found = [part for part, words in PARTS.items() if part not in own and words.search(place)]
        if found:
            return found[0]
    return None


def age_years(dataset: Dataset) -> float | None:
    """Years of age at the examination: Patient's Age (PS3.5 6.2, AS), else from birth and study date, else None.

    An age of nothing ("000Y") and a birth on the day of the study are what de-identification leaves, not a newborn.
    """
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text(dataset, "PatientAge"))
    if match and int(match[1]):
        return int(match[1]) / {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[match[2]]
    born, seen = _day(text(dataset, "PatientBirthDate")), _day(text(dataset, "StudyDate"))
    return (seen - born).days / 365.25 if born and seen and seen > born else None


def _day(value: str) -> date | None:
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:8])) if re.fullmatch(r"\d{8}", value) else None
    except ValueError:
        return None
