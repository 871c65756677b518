"""Clean values out of a dataset: every element is hostile text until it has been through here."""

from __future__ import annotations

import hashlib
import math
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

# What reading damaged DICOM may raise, in pydicom and in the decoders below it.
READING_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
MAX_UID = 64
# More than any text or list of numbers that is looked at here; a longer one is not taken apart.
MAX_VALUE_BYTES = 1 << 16
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
# Zero-width joiners are letters' neighbours in Persian and Indic names; other format characters hide or turn text.
_KEPT_FORMAT = frozenset("\u200c\u200d")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_DATE = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")


def values(dataset: Dataset, keyword: str) -> list[Any]:
    """The values of an element as a list; empty when it is absent, empty, unreadable or longer than any real one."""
    try:
        if is_too_long(dataset.get_item(keyword)):
            return []
        found = dataset.get(keyword)
    except READING_ERRORS:
        return []
    if found is None or found == "":
        return []
    if isinstance(found, str | bytes) or not isinstance(found, Iterable) or hasattr(found, "components"):
        return [found]
    return list(found)


def is_too_long(element: object) -> bool:
    """Would converting it make far more objects than anybody looks at? Sequences are counted by `structure`."""
    return (
        isinstance(element, RawDataElement)
        and element.value is not None
        and len(element.value) > MAX_VALUE_BYTES
        and element.VR != "SQ"
        and not (element.is_implicit_VR and _is_sequence(int(element.tag)))
    )


def _is_sequence(tag: int) -> bool:
    known = DicomDictionary.get(tag)
    return known is not None and known[0] == "SQ"


def clean(raw: object, limit: int) -> str:
    """Text without control, direction-turning and private characters, one line, at most `limit` characters."""
    try:
        given = str(raw)
    except READING_ERRORS:
        return ""
    kept = (
        character if character in _KEPT_FORMAT or unicodedata.category(character) not in _DROPPED else " "
        for character in given
    )
    return " ".join("".join(kept).split())[:limit].rstrip()


def text(dataset: Dataset, keyword: str, limit: int = 64) -> str:
    """The first value that is not empty, cleaned; "" without one."""
    return next((found for found in (clean(value, limit) for value in values(dataset, keyword)) if found), "")


def texts(dataset: Dataset, keyword: str, limit: int = 32, count: int = 8) -> list[str]:
    """The first values, cleaned; an empty one keeps its place."""
    return [clean(value, limit) for value in values(dataset, keyword)[:count]]


def identity(dataset: Dataset, keyword: str) -> str:
    """A text that tells patients apart, at most 64 characters.

    Where cleaning or the limit would change it, a digest of the whole is added, so that two different
    values never become one.
    """
    raw = "\\".join(str(value) for value in values(dataset, keyword))
    found = clean(raw, 1 << 16)
    if found == " ".join(raw.strip("\0").split()) and len(found) <= 64:
        return found
    return f"{found[:47].rstrip()}~{hashlib.sha256(raw.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def uid(dataset: Dataset, keyword: str) -> str:
    """The element as written, padding removed; "" when absent. Whether it is valid, `is_uid` says."""
    found = values(dataset, keyword)
    return str(found[0]).strip("\0 ") if len(found) == 1 else ""


def is_uid(candidate: str) -> bool:
    """A UID by PS3.5 section 9.1: digits and points, no leading zeros, at most 64 characters."""
    return len(candidate) <= MAX_UID and _UID.fullmatch(candidate) is not None


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value as a finite number, else None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> list[float]:
    """All values as finite numbers; empty unless every one is, and there are `count` of them if given."""
    try:
        found = [float(str(value).replace(",", ".")) for value in values(dataset, keyword)[:64]]
    except READING_ERRORS:
        return []
    if not all(math.isfinite(value) and abs(value) < 1e12 for value in found):
        return []
    return found if count is None or len(found) == count else []


def whole(dataset: Dataset, keyword: str) -> int | None:
    """The first value as a whole number a database column can hold, else None."""
    found = number(dataset, keyword)
    return int(found) if found is not None and found == int(found) and abs(found) < 2**31 else None


def day(dataset: Dataset, keyword: str) -> date | None:
    """A DA value, also as written by old devices (1990.01.31); None when it is no day."""
    found = _DATE.match(text(dataset, keyword))
    try:
        the_day = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None
    # The years at either end of the calendar overflow as soon as a time zone is applied.
    return the_day if the_day is not None and 1850 <= the_day.year <= 2200 else None


def clock(dataset: Dataset, keyword: str) -> time | None:
    """A TM value; None when it is no time of day."""
    found = _TIME.match(text(dataset, keyword))
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    try:
        return time(int(hour), int(minute or 0), min(int(second or 0), 59), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def utc_offset(dataset: Dataset) -> int | None:
    """TimezoneOffsetFromUTC in minutes, -12 h to +14 h; None without a usable one."""
    found = _OFFSET.fullmatch(text(dataset, "TimezoneOffsetFromUTC"))
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    minutes = -minutes if found[1] == "-" else minutes
    return minutes if -720 <= minutes <= 840 else None


def code(dataset: Dataset, keyword: str) -> dict[str, str]:
    """The first item of a code sequence: value, scheme, meaning; empty without one."""
    items = [item for item in values(dataset, keyword) if isinstance(item, Dataset)]
    if not items:
        return {}
    return {
        "value": text(items[0], "CodeValue", 16),
        "scheme": text(items[0], "CodingSchemeDesignator", 16),
        "meaning": text(items[0], "CodeMeaning", 64),
    }


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; empty when there is none."""
    return [item for item in values(dataset, keyword) if isinstance(item, Dataset)]
