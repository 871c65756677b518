"""One image, segmentation, report or presentation state without its person: what is refused, masked, and said of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from screening.deidentify.cleaning import KINDS_OF_CHANGE, OLDEST, Cleaner, Refused, Report
from screening.deidentify.codes import code
from screening.deidentify.masks import Device, Rectangle, device_of, masked
from screening.deidentify.names import SHIFT_DAYS, Pseudonyms
from screening.dicom.pixels import PixelError

METHOD = "Firstread: PS3.15 Basic Profile by a list of what stays"
# CID 7050.
OPTIONS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
CLEAN_GRAPHICS = ("113103", "Clean Graphics Option")
CLEAN_CONTENT = ("113104", "Clean Structured Content Option")
_AGE = re.compile(r"(\d{3})([DWMY])")
# Pictures of screens and paper, and kinds whose pixels carry text as a rule: these classes and those below them.
TEXT_IN_PIXELS = (
    "1.2.840.10008.5.1.4.1.1.7.",
    "1.2.840.10008.5.1.4.1.1.6.",
    "1.2.840.10008.5.1.4.1.1.3.",
    "1.2.840.10008.5.1.4.1.1.77.",
)
# What ImageType says of a picture of a screen or a sheet of figures.
SCREENS = ("SCREEN", "CAPTURE", "DOSE", "REPORT", "PROTOCOL")
REPORTS, PRESENTATIONS = "1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.11."
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
# Type 2 of every object: there, if empty.
ALWAYS = ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName")
Mask = Callable[[Dataset, tuple[Rectangle, ...]], Dataset]

__all__ = ["KINDS_OF_CHANGE", "METHOD", "OPTIONS", "SHIFT_DAYS", "Pseudonyms", "Refused", "Report", "deidentify"]


def deidentify(
    dataset: Dataset,
    names: Pseudonyms,
    *,
    site: str,
    whose: tuple[str, str] | None = None,
    mask: Mask = masked,
) -> tuple[Dataset, Report]:
    """A new dataset with what may stay, and the report of what went. The given one is not changed but by a mask.

    whose: issuer and patient ID where the file's own no longer hold (patients merged since). mask: as `masks.masked`.
    Raises Refused where the pixels may carry text and the device is not known, and for what is neither image,
    segmentation, structured report, key object selection nor presentation state.
    """
    uid = str(dataset.get("SOPClassUID", ""))
    options = list(OPTIONS)
    _refuse_the_nameless(dataset)
    if uid.startswith(REPORTS):
        options.append(CLEAN_CONTENT)
    elif uid.startswith(PRESENTATIONS):
        options.append(CLEAN_GRAPHICS)
    elif "PixelData" not in dataset:
        raise Refused("It is no image, report or presentation state, and nothing else is freed of its person.")
    device = _device(dataset) if "PixelData" in dataset else None
    if device is not None:
        try:
            dataset = mask(dataset, device.rectangles)
        except PixelError as error:
            raise Refused(f"Its burned-in text cannot be masked: {str(error)[:1].lower()}{str(error)[1:]}") from error
        options.append(CLEAN_PIXELS)
    issuer, patient_id = whose or (
        str(dataset.get("IssuerOfPatientID", "") or ""),
        str(dataset.get("PatientID", "") or ""),
    )
    patient = names.patient(site, issuer, patient_id)
    is_document = "PixelData" not in dataset or uid in SEGMENTATIONS
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    cleaner = Cleaner(names, names.days(patient), syntax, _native_bytes(dataset), is_document=is_document)
    clean = cleaner.dataset(dataset)
    if device is not None:
        clean.BurnedInAnnotation = "NO"
        cleaner.report.masked[device.name] += 1
    clean.PatientName = patient
    clean.PatientID = patient
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.DeidentificationMethodCodeSequence = Sequence(code(value, "DCM", words) for value, words in options)
    clean.LongitudinalTemporalInformationModified = "MODIFIED"
    for name in ALWAYS:
        if name not in clean:
            setattr(clean, name, "")
    if age := _age(dataset):
        clean.PatientAge = age
    clean.file_meta = FileMetaDataset()
    clean.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    clean.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    clean.preamble = bytes(128)
    return clean, cleaner.report


def _refuse_the_nameless(dataset: Dataset) -> None:
    for name in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not str(dataset.get(name, "")):
            raise Refused(f"It has no {name}.")


def _device(dataset: Dataset) -> Device | None:
    """The known device whose text is to be masked; None where no text is to be expected. Raises Refused."""
    if any(element.tag.group & 0xFF01 == 0x6000 for element in dataset) and _overlay_in_pixels(dataset):
        raise Refused("An overlay lies inside its pixels.")
    reason = _carries_text(dataset)
    device = device_of(dataset)
    if reason and device is None:
        raise Refused(reason)
    return device


def _carries_text(dataset: Dataset) -> str:
    """Why the pixels are taken to carry text; empty where they are not."""
    kinds = dataset.get("ImageType") or ()
    words = [kinds] if isinstance(kinds, str) else [str(each) for each in kinds]
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        return "Its pixels carry text, as the file itself says."
    if f"{dataset.get('SOPClassUID', '')}.".startswith(TEXT_IN_PIXELS) or str(dataset.get("Modality", "")) == "US":
        return "It is a capture, a scan of paper or an ultrasound picture, whose pixels carry text as a rule."
    if any(screen in word.upper() for word in words for screen in SCREENS):
        return "It is a picture of a screen or a sheet, as its image type says."
    return ""


def _native_bytes(dataset: Dataset) -> int:
    if "PixelData" not in dataset or dataset.file_meta.TransferSyntaxUID.is_compressed:
        return 0
    pixels = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel)
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    size = (pixels * frames * int(dataset.BitsAllocated) + 7) // 8
    if str(dataset.PhotometricInterpretation) == "YBR_FULL_422":
        size = size * 2 // 3
    return size + size % 2


def _overlay_in_pixels(dataset: Dataset) -> bool:
    """Has a plane of group 60xx no data of its own? Then it is in bits of PixelData that no picture uses."""
    groups = {element.tag.group for element in dataset if element.tag.group & 0xFF01 == 0x6000}
    return any((group, 0x3000) not in dataset for group in groups)


def _age(dataset: Dataset) -> str:
    """PatientAge as it was; above 89 years 090Y. Empty when it is none."""
    found = _AGE.fullmatch(str(dataset.get("PatientAge", "") or "").strip())
    if not found:
        return ""
    return "090Y" if found[2] == "Y" and int(found[1]) > OLDEST else found[0]
