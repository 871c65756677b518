"""What all DICOM objects made from a report share: whose they are, when and by what they were made, how they are written."""

from __future__ import annotations

import re
from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import PersonName

from reports.export.codes import OWN_SCHEME, OWN_SCHEME_UID, Concept
from reports.export.exported import PRODUCT, ExportedModel, ExportedReport, ExportedSigner
from screening.dicom import elements
from screening.dicom.parse import reading_quietly

CHARACTER_SET = "ISO_IR 192"
LONGEST_NAME = 1 << 16  # before its groups are cut to their length
IMPLEMENTATION_UID = "2.25.153823176180934530160264384826134829721"
_DIRECTION = re.compile("[LRAPHF]{1,3}")
_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_DATES, _TIMES = ("StudyDate", "PatientBirthDate"), ("StudyTime",)
_LONG, _SHORT = ("IssuerOfPatientID", "StudyDescription", "PositionReferenceIndicator"), ("AccessionNumber", "StudyID")
_NUMBERS = {
    "PixelSpacing": 2,
    "ImageOrientationPatient": 6,
    "ImagePositionPatient": 3,
    "SliceThickness": 1,
    "ImagerPixelSpacing": 2,
}


def clean_header(source: Dataset) -> Dataset:
    """What an export may say of an image, every value clean and of legal length, text in UTF-8; no pixels.

    Elements that are damaged are left empty where DICOM allows it (type 2) and out where it does not.
    """
    with reading_quietly():
        return _cleaned(source)


def _cleaned(source: Dataset) -> Dataset:
    found = Dataset()
    found.SpecificCharacterSet = CHARACTER_SET
    for keyword in _UIDS:
        if value := elements.uid(source, keyword):
            setattr(found, keyword, value)
    found.PatientID = elements.identity(source, "PatientID").replace("\\", " ")
    found.PatientName = person_name(elements.text(source, "PatientName", LONGEST_NAME))
    found.ReferringPhysicianName = person_name(elements.text(source, "ReferringPhysicianName", LONGEST_NAME))
    sex = elements.text(source, "PatientSex", 16)
    found.PatientSex = sex if sex in ("M", "F", "O") else ""
    for keyword in _DATES:
        day = elements.day(source, keyword)
        setattr(found, keyword, f"{day:%Y%m%d}" if day else "")
    for keyword in _TIMES:
        clock = elements.clock(source, keyword)
        setattr(found, keyword, f"{clock:%H%M%S}" if clock else "")
    for keyword, limit in {**dict.fromkeys(_LONG, 64), **dict.fromkeys(_SHORT, 16)}.items():
        value = plain(elements.text(source, keyword, limit), limit)
        if value or keyword in _SHORT:
            setattr(found, keyword, value)
    for keyword, count in _NUMBERS.items():
        if values := elements.numbers(source, keyword, count):
            setattr(found, keyword, [f"{value:.10g}" for value in values] if count > 1 else f"{values[0]:.10g}")
    directions = elements.texts(source, "PatientOrientation", 16)
    if len(directions) == 2 and all(_DIRECTION.fullmatch(each) for each in directions):
        found.PatientOrientation = directions
    found.Modality = elements.text(source, "Modality", 16) or "OT"
    for keyword in ("Rows", "Columns"):
        setattr(found, keyword, elements.whole(source, keyword) or 0)
    if frames := elements.whole(source, "NumberOfFrames"):
        found.NumberOfFrames = frames
    if elements.text(source, "LossyImageCompression", 16) == "01":
        found.LossyImageCompression = "01"
        ratios = elements.numbers(source, "LossyImageCompressionRatio")
        methods = elements.texts(source, "LossyImageCompressionMethod", 16)
        if ratios and all(methods):
            found.LossyImageCompressionRatio = [f"{value:.6g}" for value in ratios]
            found.LossyImageCompressionMethod = methods
    return found


def plain(text: str, limit: int) -> str:
    """Text for an element in which a backslash parts values, at most `limit` bytes: some readers count those."""
    return _within(elements.clean(text.replace("\\", "/"), limit), limit)


def _within(text: str, limit: int) -> str:
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore").rstrip()


def person_name(raw: str) -> str:
    """A PN that is legal: three groups of five components at most, 64 characters each group, never a backslash."""
    groups = [_within(elements.clean(group.replace("\\", " "), 64), 64) for group in raw.split("=")[:3]]
    return "=".join("^".join(part.strip() for part in group.split("^")[:5]) for group in groups).rstrip("=^ ")


def signer_name(signer: ExportedSigner) -> str:
    """The signer as PN. A caret at the end says that a name in one piece is meant so."""
    family, given = (_within(elements.clean(re.sub(r"[\^=\\]", " ", part), 31), 31) for part in signer.components)
    return f"{family}^{given}"


def code(concept: Concept) -> Code:
    return Code(concept.value, concept.scheme, concept.meaning)


def weights_line(model: ExportedModel) -> str:
    return f"weights sha256={model.sha256}"


def finish(dataset: Dataset, report: ExportedReport, header: Dataset) -> bytes:
    """The object as a Part 10 file, dated by the signature, so that one UID always names the same bytes."""
    day, clock = f"{report.issued_at:%Y%m%d}", f"{report.issued_at:%H%M%S}"
    dataset.SpecificCharacterSet = CHARACTER_SET
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = day, clock
    dataset.ContentDate, dataset.ContentTime = day, clock
    dataset.SeriesDate, dataset.SeriesTime = day, clock
    # No TimezoneOffsetFromUTC: it would speak for the study's times too, and the scanner's zone is not known.
    dataset.PatientName = PersonName(header.PatientName)
    dataset.PatientID = header.PatientID
    if "IssuerOfPatientID" in header:
        dataset.IssuerOfPatientID = header.IssuerOfPatientID
    dataset.Manufacturer, dataset.ManufacturerModelName = PRODUCT, PRODUCT
    dataset.InstitutionName = plain(report.site_name, 64)
    if "StudyDescription" in header:
        dataset.StudyDescription = header.StudyDescription
    if "ContributingEquipmentSequence" in dataset:
        del dataset.ContributingEquipmentSequence
    dataset.CodingSchemeIdentificationSequence = [_own_scheme()]
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    dataset.file_meta.ImplementationVersionName = PRODUCT.upper()
    dataset.preamble = b"\x00" * 128
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def _own_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = OWN_SCHEME
    item.CodingSchemeUID = OWN_SCHEME_UID
    item.CodingSchemeName = "Concepts of Firstread without a standard code"
    item.CodingSchemeResponsibleOrganization = PRODUCT
    return item


def evidence_dataset(header: Dataset) -> Dataset:
    """The header as the SR and SEG libraries take it: a name without a caret is written into the log by them."""
    source = Dataset()
    source.update(header)
    if source.PatientName and "^" not in str(source.PatientName):
        source.PatientName = f"{source.PatientName}^"
    if not source.StudyDate:
        source.StudyDate = None
    if not source.StudyTime:
        source.StudyTime = None
    return source
