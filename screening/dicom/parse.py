"""One DICOM Part 10 file to what the product keeps of its header. Nothing in the file is trusted."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from screening.dicom import elements
from screening.dicom.encoding import check_pixel_data, transfer_syntax
from screening.dicom.errors import IngestError
from screening.dicom.header import header_of
from screening.dicom.structure import Counted, check_structure

SUPPORTED_SYNTAXES = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        RLELossless,
        JPEGBaseline8Bit,
        JPEGExtended12Bit,
        JPEGLossless,
        JPEGLosslessSV1,
        JPEGLSLossless,
        JPEGLSNearLossless,
        JPEG2000Lossless,
        JPEG2000,
        HTJ2KLossless,
        HTJ2KLosslessRPCL,
        HTJ2K,
    }
)
NOT_PICTURES = {"SEG": "a segmentation", "RTDOSE": "a dose distribution", "PR": "a display state", "SR": "a report"}
_UIDS = {
    "study_uid": ("StudyInstanceUID", "study"),
    "series_uid": ("SeriesInstanceUID", "series"),
    "sop_uid": ("SOPInstanceUID", "image"),
    "sop_class_uid": ("SOPClassUID", "kind of object"),
}
_NAMING = ("study_uid", "sop_uid")
_STAT = ("STAT", "HIGH", "URGENT", "ASAP", "EMERGENCY")

# The warnings filter is one for the whole process.
_QUIET = threading.Lock()


@contextmanager
def reading_quietly() -> Iterator[None]:
    """Keep pydicom's warnings, which quote what they warn of, out of logs."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def drop_unreadable(dataset: Dataset) -> None:
    """Take out what cannot be converted, at every level: one spoilt element must not hide the others."""
    for tag in list(dataset.keys()):
        try:
            if elements.is_too_long(dataset.get_item(tag)):
                del dataset[tag]
                continue
            element = dataset[tag]
            for item in element.value if element.VR == "SQ" else ():
                drop_unreadable(item)
        except elements.READING_ERRORS:
            del dataset[tag]


def usable_header(data: bytes) -> Dataset:
    """The header of a stored file, without its pixels, for whoever reads it by pydicom: every element there is can be
    read, what cannot is absent. Raises one of `READING_ERRORS` for bytes that are no such file."""
    with reading_quietly():
        dataset = dcmread(BytesIO(data), stop_before_pixels=True)
        drop_unreadable(dataset)
    return dataset


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """The header of one image, every text cleaned and capped, every number finite.

    order_priority: "stat", "urgent" or "" (unsaid). utc_offset: minutes, None when unsaid.
    header: JSON-safe elements for hanging, sorting and routing (`screening.dicom.header`).
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient_id: str
    issuer: str
    patient_name: str
    birth_date: date | None
    sex: str
    accession_number: str
    study_date: date | None
    study_time: time | None
    utc_offset: int | None
    study_description: str
    series_description: str
    series_number: int | None
    instance_number: int | None
    modality: str
    body_part: str
    rows: int
    columns: int
    frames: int
    order_priority: str
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def is_encapsulated(self) -> bool:
        return UID(self.transfer_syntax_uid).is_encapsulated


def parse_instance(data: bytes, *, max_bytes: int) -> ParsedInstance:
    """Read the bytes of one file. Raises `IngestError` for whatever is not a whole, readable image.

    The pixels' length and, when compressed, their framing are checked here; that compressed pixels
    can be decoded is for `screening.dicom.decoding` to say.
    """
    _check_envelope(data, max_bytes)
    syntax = transfer_syntax(data)
    if syntax not in SUPPORTED_SYNTAXES:
        raise IngestError("unsupported_syntax", "The pixels are stored in a way that is not supported.")
    with reading_quietly():
        try:
            dataset = dcmread(Counted(data))
            return _parsed(dataset, syntax)
        except elements.READING_ERRORS as error:
            raise IngestError("unreadable", "The file is damaged: its header cannot be read.") from error


def _check_envelope(data: bytes, max_bytes: int) -> None:
    if not data:
        raise IngestError("empty", "The file is empty.")
    if len(data) > max_bytes:
        raise IngestError("too_large", f"The file is larger than {max(1, max_bytes >> 20)} MB, the most that is taken.")
    if data[128:132] != b"DICM":
        raise IngestError("not_dicom", "This is not a DICOM file.")


def _parsed(dataset: Dataset, syntax: str) -> ParsedInstance:
    meta = dataset.file_meta
    if elements.uid(meta, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise IngestError("dicomdir", "This is the disc's table of contents (DICOMDIR), not an image.")
    if elements.uid(meta, "TransferSyntaxUID") != syntax:
        raise IngestError("unreadable", "The file is damaged: its header contradicts itself.")
    check_structure(dataset)
    # Looked at first: reading an element once forgets how long it said it is.
    cut = _is_cut(dataset)
    uids = {name: elements.uid(dataset, keyword) for name, (keyword, _) in _UIDS.items()}
    try:
        if cut:
            raise IngestError("truncated", "The file ends early: part of it is missing. Send it again.")
        _check_uids(uids)
        modality = elements.text(dataset, "Modality", 16).upper()
        if modality in NOT_PICTURES:
            raise IngestError("no_image", f"This is {NOT_PICTURES[modality]}, not an image.")
        rows, columns, frames = check_pixel_data(dataset, syntax)
    except IngestError as error:
        raise error.about(*(uids[name] if elements.is_uid(uids[name]) else "" for name in _NAMING)) from error
    return ParsedInstance(
        **uids,
        transfer_syntax_uid=syntax,
        patient_id=elements.identity(dataset, "PatientID"),
        issuer=elements.identity(dataset, "IssuerOfPatientID"),
        patient_name=elements.text(dataset, "PatientName", 330),
        birth_date=elements.day(dataset, "PatientBirthDate"),
        sex=_sex(elements.text(dataset, "PatientSex", 1)),
        accession_number=elements.text(dataset, "AccessionNumber"),
        study_date=elements.day(dataset, "StudyDate"),
        study_time=elements.clock(dataset, "StudyTime"),
        utc_offset=elements.utc_offset(dataset),
        study_description=elements.text(dataset, "StudyDescription", 256),
        series_description=elements.text(dataset, "SeriesDescription", 256),
        series_number=elements.whole(dataset, "SeriesNumber"),
        instance_number=elements.whole(dataset, "InstanceNumber"),
        modality=modality,
        body_part=_body_part(dataset),
        rows=rows,
        columns=columns,
        frames=frames,
        order_priority=_order_priority(dataset),
        header=header_of(dataset),
    )


def _check_uids(uids: dict[str, str]) -> None:
    for name, value in uids.items():
        named = _UIDS[name][1]
        if not value:
            raise IngestError("missing_uid", f"The file does not name its {named} (a UID is missing).")
        if not elements.is_uid(value):
            raise IngestError("bad_uid", f"The UID that names the {named} is not valid.")


def _is_cut(dataset: Dataset) -> bool:
    """An element shorter than its own length says that the file ends early.

    So does an end before group 0028, beyond which every kind of stored object goes.
    """
    tags = list(dataset.keys())
    for tag in tags:
        element = dataset.get_item(tag)
        if not isinstance(element, RawDataElement) or element.value is None or element.length == 0xFFFFFFFF:
            continue
        if len(element.value) < element.length:
            return True
    return max(tags, default=0) < 0x00280000


def _sex(value: str) -> str:
    return value.upper() if value.upper() in {"F", "M", "O"} else ""


def _body_part(dataset: Dataset) -> str:
    part = elements.text(dataset, "BodyPartExamined") or elements.code(dataset, "AnatomicRegionSequence").get("meaning")
    return (part or "").upper()[:64]


def _order_priority(dataset: Dataset) -> str:
    """RequestedProcedurePriority (0040,1003), also inside RequestAttributesSequence."""
    for item in (dataset, *elements.items(dataset, "RequestAttributesSequence")):
        word = elements.text(item, "RequestedProcedurePriority", 16).upper()
        if word in {"STAT", "EMERGENCY"}:
            return "stat"
        if word in _STAT:
            return "urgent"
    return ""
