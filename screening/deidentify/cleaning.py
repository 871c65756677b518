"""One dataset without its person: what stays, by the lists of `kept`, at every depth."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from screening.deidentify.codes import known, known_or_named
from screening.deidentify.kept import (
    CODED,
    CODES,
    DATES,
    DUMMIES,
    EMPTY,
    EMPTY_OF_DOCUMENTS,
    FRAME_CODED,
    KERNEL,
    LABEL,
    NEEDED_CODES,
    NUMBERS,
    OWN_TEXT,
    REMOVED,
    SEQUENCES,
    SEQUENCES_OF_DOCUMENTS,
    TIMES,
    VALUES,
)
from screening.deidentify.names import Pseudonyms
from screening.deidentify.streams import without_comments

_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_TEMPLATE = re.compile(r"\d{1,5}")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
# Of these the values after the second say more of the maker's, and may end early.
KINDS = frozenset({"ImageType", "FrameType"})
PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
# Subject Birth Date and Subject Age, DCM: no shift hides the first, and an age above 89 is 90.
BIRTH_DATE, AGE, OLDEST = "121031", "121033", 89
NO_DATE = "19000101"
# Names of persons, of graphic layers and of what is followed over time: another name, the same one everywhere.
NAMED = {"PersonName": "person", "VerifyingObserverName": "person", "GraphicLayer": "layer", "TrackingID": "tracking"}
TRACKING_IDENTIFIER = "112039"


class Refused(Exception):
    """This image cannot be freed of its person; the text is one sentence."""


@dataclass(slots=True)
class Report:
    """What went and what was changed: keyword or tag → how often. Never a value."""

    removed: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        for name in KINDS_OF_CHANGE:
            getattr(self, name).update(getattr(other, name))


KINDS_OF_CHANGE = ("removed", "emptied", "changed", "replaced", "masked")


class Cleaner:
    """native_bytes: what the picture needs uncompressed, even; 0 for a compressed one, whose length says nothing.

    is_document: a report, segmentation or presentation state, whose texts are replaced where they must be there.
    """

    def __init__(
        self, names: Pseudonyms, days: int, transfer_syntax: str, native_bytes: int, *, is_document: bool = False
    ) -> None:
        self.names, self.days, self.transfer_syntax, self.native_bytes = names, days, transfer_syntax, native_bytes
        self.is_document = is_document
        self.empty = EMPTY | EMPTY_OF_DOCUMENTS if is_document else EMPTY
        self.sequences = SEQUENCES | SEQUENCES_OF_DOCUMENTS if is_document else SEQUENCES
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
        if self.is_document and "ValueType" in source:
            self._content_item(source, clean)
        return clean

    def _element(self, keyword: str, element: DataElement) -> DataElement | None:
        """The element as it may stay; None when it goes."""
        if self.is_document and (keyword in DUMMIES or keyword in NAMED) and str(element.value or ""):
            self.report.replaced[keyword] += 1
            return DataElement(element.tag, element.VR, self._instead(keyword, str(element.value)))
        if keyword in self.empty:
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

    def _instead(self, keyword: str, text: str) -> str:
        kind = NAMED.get(keyword)
        return REMOVED if kind is None else f"{kind.upper()}_{self.names.word(kind, text)}"

    def _content_item(self, source: Dataset, clean: Dataset) -> None:
        """What a content item says of its concept: birth dates, ages, and what is followed over time."""
        heading = source.get("ConceptNameCodeSequence")
        about = str(heading[0].get("CodeValue", "")) if heading else ""
        if about == BIRTH_DATE and "Date" in clean:
            clean.Date = NO_DATE
        if about == TRACKING_IDENTIFIER and "TextValue" in clean:
            clean.TextValue = f"TRACKING_{self.names.word('tracking', str(source.TextValue))}"
        if about == AGE and "MeasuredValueSequence" in clean:
            for value in clean.MeasuredValueSequence:
                if "NumericValue" in value and float(value.NumericValue) > OLDEST:
                    value.NumericValue = OLDEST + 1
                    value.pop("FloatingPointValue", None)
                    value.pop("RationalNumeratorValue", None)
                    value.pop("RationalDenominatorValue", None)

    def _changed(self, keyword: str, element: DataElement, values: list[str]) -> DataElement | None:
        if not keyword or (element.VR == "UI" and not all(UID(value).is_valid for value in values if value)):
            return None
        self.report.changed[keyword] += 1
        return DataElement(element.tag, element.VR, values if len(values) > 1 else (values or [""])[0])

    def _sequence(self, keyword: str, element: DataElement) -> DataElement | None:
        if self.is_document and keyword in NEEDED_CODES:
            return DataElement(element.tag, "SQ", Sequence(known_or_named(item, self.names) for item in element.value))
        if keyword in CODES:
            return DataElement(element.tag, "SQ", Sequence(code for item in element.value if (code := known(item))))
        if keyword not in self.sequences:
            return None
        items = [self.dataset(item) for item in element.value]
        if keyword == "GraphicAnnotationSequence":  # one of text alone has gone with its text
            items = [item for item in items if item.get("GraphicObjectSequence")]
            if not items:
                return None
        return DataElement(element.tag, "SQ", Sequence(items))

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
    if keyword == "TemplateIdentifier":
        return element.value if all(_TEMPLATE.fullmatch(text) for text in texts) else None
    if keyword == "SpecificCharacterSet":
        return "ISO_IR 100"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and not re.search(r"[a-df-zA-DF-Z_]", text)
    except ValueError:
        return False
