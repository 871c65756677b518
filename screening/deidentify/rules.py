"""One image without its person: elements, identifiers, dates, and the text that hides in compressed pixels."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr._snomed_dict import mapping as snomed_codes
from pydicom.sr.codedict import Collection
from pydicom.uid import UID, UID_dictionary

from screening.deidentify.kept import (
    CODED,
    CODES,
    DATES,
    EMPTY,
    FRAME_CODED,
    KERNEL,
    LABEL,
    NUMBERS,
    OWN_TEXT,
    SEQUENCES,
    TIMES,
    VALUES,
)
from screening.deidentify.streams import without_comments

METHOD = "Firstread: PS3.15 Basic Profile by a list of what stays"
# CID 7050.
OPTIONS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
SHIFT_DAYS = 3650
OLDEST = 89
_AGE = re.compile(r"(\d{3})([DWMY])")
_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
# Pictures of screens and paper, and kinds whose pixels carry text as a rule.
TEXT_IN_PIXELS = (
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.6",
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.77",
)
OLD_SNOMED = ("SRT", "SNM3", "99SDM")
# Type 2 of every image: there, if empty.
ALWAYS = ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName")
# Of these the values after the second say more of the maker's, and may end early.
KINDS = frozenset({"ImageType", "FrameType"})
PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})


class Refused(Exception):
    """This image cannot be freed of its person; the text is one sentence."""


@dataclass(slots=True)
class Report:
    """What went and what was changed: keyword or tag → how often. Never a value."""

    removed: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        for name in ("removed", "emptied", "changed"):
            getattr(self, name).update(getattr(other, name))


class Pseudonyms:
    """Who and what is called how in one project: the same key and project give the same names, another project others.

    Nothing is stored: a name is an HMAC-SHA-256 of the old one, so the key is the way back, by trying. Keep it apart.
    """

    def __init__(self, key: bytes, project: str) -> None:
        if len(key) < 32:
            raise ValueError("A key of de-identification has at least 32 bytes.")
        self._key, self._project = key, project

    def _number(self, kind: str, text: str) -> int:
        message = "\n".join((self._project, kind, text)).encode()
        return int.from_bytes(hmac.new(self._key, message, hashlib.sha256).digest()[:16])

    def uid(self, uid: str) -> str:
        """2.25.<128 bits>; a UID of the standard stays (SOP classes, transfer syntaxes, well-known frames)."""
        return uid if str(uid) in UID_dictionary else f"2.25.{self._number('uid', str(uid))}"

    def patient(self, site: str, issuer: str, patient_id: str) -> str:
        """12 digits of base 16, the same for all studies of one patient of a site and issuer."""
        return f"{self._number('patient', chr(0).join((site, issuer, patient_id))) & (1 << 48) - 1:012X}"

    def days(self, patient: str) -> int:
        """By how many whole days this patient's dates move back, 1 to 3650."""
        return 1 + self._number("days", patient) % SHIFT_DAYS


def deidentify(dataset: Dataset, names: Pseudonyms, *, site: str) -> tuple[Dataset, Report]:
    """A new dataset with what may stay, and the report of what went. The given one is not changed.

    Raises Refused where the pixels may carry text, or the object is no image.
    """
    _refuse(dataset)
    patient = names.patient(
        site, str(dataset.get("IssuerOfPatientID", "") or ""), str(dataset.get("PatientID", "") or "")
    )
    cleaner = _Cleaner(names, names.days(patient), str(dataset.file_meta.TransferSyntaxUID), _native_bytes(dataset))
    clean = cleaner.dataset(dataset)
    clean.PatientName = patient
    clean.PatientID = patient
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.DeidentificationMethodCodeSequence = Sequence(_code(value, "DCM", words) for value, words in OPTIONS)
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


def _refuse(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise Refused("It is no image; only images are freed of their person.")
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        raise Refused("Its pixels carry text, as the file itself says.")
    if str(dataset.get("SOPClassUID", "")).startswith(TEXT_IN_PIXELS):
        raise Refused("It is a capture, a scan of paper or an ultrasound picture, whose pixels carry text as a rule.")
    if any(element.tag.group & 0xFF01 == 0x6000 for element in dataset) and _overlay_in_pixels(dataset):
        raise Refused("An overlay lies inside its pixels.")
    for name in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not str(dataset.get(name, "")):
            raise Refused(f"It has no {name}.")


def _native_bytes(dataset: Dataset) -> int:
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
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


class _Cleaner:
    """native_bytes: what the picture needs uncompressed, even; 0 for a compressed one, whose length says nothing."""

    def __init__(self, names: Pseudonyms, days: int, transfer_syntax: str, native_bytes: int) -> None:
        self.names, self.days, self.transfer_syntax, self.native_bytes = names, days, transfer_syntax, native_bytes
        self.report = Report()

    def dataset(self, source: Dataset) -> Dataset:
        clean = Dataset()
        for element in source:
            keyword = keyword_for_tag(element.tag) if not element.tag.is_private else ""
            kept = self._element(keyword, element)
            if kept is None:
                self.report.removed[keyword or f"({element.tag.group:04X},{element.tag.element:04X})"] += 1
            else:
                clean.add(kept)
        return clean

    def _element(self, keyword: str, element: DataElement) -> DataElement | None:
        """The element as it may stay; None when it goes."""
        if keyword in EMPTY:
            self.report.emptied[keyword] += 1
            return DataElement(element.tag, element.VR, Sequence() if element.VR == "SQ" else "")
        if keyword in PIXELS:
            return DataElement(element.tag, element.VR, self._pixels(element.value))
        if element.VR == "SQ":
            return self._sequence(keyword, element)
        if element.VR == "UI":
            return self._changed(keyword, element, [self.names.uid(str(uid)) for uid in _values(element)])
        if keyword in DATES:
            return self._changed(keyword, element, [self._date(str(value)) for value in _values(element)])
        value = _plain(keyword, element)
        return None if value is None else DataElement(element.tag, element.VR, value)

    def _changed(self, keyword: str, element: DataElement, values: list[str]) -> DataElement | None:
        if not keyword or (element.VR == "UI" and not all(UID(value).is_valid for value in values if value)):
            return None
        self.report.changed[keyword] += 1
        return DataElement(element.tag, element.VR, values if len(values) > 1 else (values or [""])[0])

    def _sequence(self, keyword: str, element: DataElement) -> DataElement | None:
        if keyword in CODES:
            return DataElement(element.tag, "SQ", Sequence(code for item in element.value if (code := _known(item))))
        if keyword not in SEQUENCES:
            return None
        return DataElement(element.tag, "SQ", Sequence(self.dataset(item) for item in element.value))

    def _date(self, text: str) -> str:
        """A day moved back; of a DT the time stays. Empty when it is no date."""
        found = _DATE.match(text)
        if not found or not _is_clock(text[8:]):
            return ""
        try:
            moved = date(*(int(part) for part in found.groups())) - timedelta(days=self.days)
        except (ValueError, OverflowError):
            return ""
        return f"{moved:%Y%m%d}".zfill(8) + text[8:]

    def _pixels(self, value: bytes) -> bytes:
        if len(value) > self.native_bytes > 0:
            value = value[: self.native_bytes]  # nothing of the picture follows
        try:
            return without_comments(value, self.transfer_syntax)
        except ValueError as error:
            raise Refused("Its compressed pixels cannot be searched for text.") from error


def _is_clock(text: str) -> bool:
    return not text or bool(_TIME.fullmatch(text.split("+")[0].split("-")[0]) and len(text) <= 18)


def _values(element: DataElement) -> list[Any]:
    if element.value is None or element.value == "":
        return []
    return list(element.value) if element.VM > 1 else [element.value]


def _plain(keyword: str, element: DataElement) -> Any:
    """The value of an element that is neither a UID, a date nor a sequence; None when it goes."""
    values = _values(element)
    texts = [str(value).strip() for value in values]
    if keyword in NUMBERS:
        if element.VR in ("OW", "OB"):
            return element.value  # a colour table
        return element.value if all(_is_number(text) or element.VR == "AT" for text in texts) else None
    if keyword in TIMES:
        return element.value if all(_TIME.fullmatch(text) for text in texts) else None
    if keyword in CODED or keyword in FRAME_CODED:
        kept = list(takewhile(VALUES.__contains__, texts))
        if len(kept) < len(texts) and (keyword not in KINDS or len(kept) < 2):
            return None
        return kept if len(kept) > 1 else "".join(kept)
    if keyword == "ConvolutionKernel":
        return element.value if all(KERNEL.fullmatch(text) for text in texts) else None
    if keyword in OWN_TEXT:
        return element.value if all(LABEL.fullmatch(text) for text in texts) else "OTHER"
    if keyword == "SpecificCharacterSet":
        return "ISO_IR 100"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and not re.search(r"[a-df-zA-DF-Z_]", text)
    except ValueError:
        return False


def _known(item: Dataset) -> Dataset | None:
    """The code with the dictionary's words; None where the dictionaries of PS3.16 do not have it."""
    scheme, value = str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeValue", ""))
    words = _dictionary(scheme).get(value)
    if words is None:
        return None
    clean = _code(value, scheme, words)
    for nested in CODES:
        if nested in item:
            setattr(clean, nested, Sequence(code for one in item[nested].value if (code := _known(one))))
    return clean


_DICTIONARIES: dict[str, dict[str, str]] = {}


def _dictionary(scheme: str) -> dict[str, str]:
    """Value → meaning of the codes of one scheme that DICOM uses."""
    if scheme not in ("DCM", "SCT", *OLD_SNOMED):
        return {}
    if scheme not in _DICTIONARIES:
        codes = Collection("SCT" if scheme in OLD_SNOMED else scheme)
        words = {code.value: code.meaning for code in (getattr(codes, name) for name in codes.dir())}
        if scheme in OLD_SNOMED:  # the older codes of the same words (PS3.16 Annex O)
            words = {old: words[new] for old, new in snomed_codes["SRT"].items() if new in words}
        _DICTIONARIES[scheme] = words
    return _DICTIONARIES[scheme]


def _code(value: str, scheme: str, words: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, words[:64]
    return code


def _age(dataset: Dataset) -> str:
    """PatientAge as it was; above 89 years 090Y. Empty when it is none."""
    found = _AGE.fullmatch(str(dataset.get("PatientAge", "") or "").strip())
    if not found:
        return ""
    return "090Y" if found[2] == "Y" and int(found[1]) > OLDEST else found[0]
