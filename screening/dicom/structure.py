"""How much a header may hold, counted before anybody unfolds it: nested, it could be made to grow without end.

pydicom reads what has a length only when it is asked for, and all else at once. So reading is counted as it goes
(`Counted`), and what is left folded is counted here by its bytes, without making objects of them.
"""

from __future__ import annotations

import struct
from io import BytesIO

from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from screening.dicom.errors import IngestError

# A multi-frame image has some forty for each frame.
MAX_ELEMENTS = 120_000
MAX_DEPTH = 32
# Of texts and numbers, all together; pixels, curves and what vendors keep to themselves are not read.
MAX_TEXT_BYTES = 32 << 20
# Of folded sequences, each level counted: unfolding copies them.
MAX_FOLDED_BYTES = 512 << 20
_UNDEFINED = 0xFFFFFFFF
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})


def _too_much() -> IngestError:
    return IngestError("too_complex", "The header of the file holds more than that of any image.")


class Counted(BytesIO):
    """The bytes of a file for pydicom to read, in no more pieces than a header of the largest size has."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        # An element is read in two pieces, three when it has a long length.
        self.left = 5 * MAX_ELEMENTS // 2

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise _too_much()
        return super().read(size)


def check_structure(dataset: Dataset) -> None:
    """Raises `IngestError` for a header with more elements, levels or text than any image has. Converts nothing."""
    _Count().dataset(dataset, 0)


class _Count:
    def __init__(self) -> None:
        self.elements, self.text, self.folded = MAX_ELEMENTS, MAX_TEXT_BYTES, MAX_FOLDED_BYTES

    def dataset(self, dataset: Dataset, depth: int) -> None:
        self._at_depth(depth)
        for tag in list(dataset.keys()):
            element = dataset.get_item(tag)
            self._element()
            if isinstance(element, RawDataElement):
                if element.value:
                    vr = _vr(element.VR.encode() if element.VR else b"", int(tag))
                    explicit = not element.is_implicit_VR and element.VR != "UN"
                    self._value(vr, element.value, explicit, element.is_little_endian, depth)
            elif element.VR == "SQ":
                for item in element.value:
                    self.dataset(item, depth + 1)

    def _at_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _too_much()

    def _element(self, count: int = 1) -> None:
        self.elements -= count
        if self.elements < 0:
            raise _too_much()

    def _value(self, vr: bytes, value: bytes, explicit: bool, little: bool, depth: int) -> None:
        if vr == b"SQ":
            self._folded(memoryview(value), explicit, "<" if little else ">", depth + 1)
        elif vr[:1] != b"O" and vr != b"UN":
            self._text(len(value))

    def _text(self, length: int) -> None:
        self.text -= length
        if self.text < 0:
            raise _too_much()

    def _folded(self, value: memoryview, explicit: bool, order: str, depth: int) -> None:
        """The items of a sequence. What cannot be followed counts as if it were made of the smallest elements."""
        self._at_depth(depth)
        self.folded -= len(value)
        if self.folded < 0:
            raise _too_much()
        at = 0
        while at + 8 <= len(value):
            group, number, length = struct.unpack_from(f"{order}HHI", value, at)
            if group != 0xFFFE or number == 0xE0DD:
                self._element((len(value) - at) // 8 if group != 0xFFFE else 1)
                return
            self._element()
            at = self._item(value, at + 8, length, explicit, order, depth)

    def _item(self, value: memoryview, at: int, length: int, explicit: bool, order: str, depth: int) -> int:
        """The elements of an item; where it ends."""
        end = len(value) if length == _UNDEFINED else min(len(value), at + length)
        while at + 8 <= end:
            group, number, size = struct.unpack_from(f"{order}HHI", value, at)
            self._element()
            if group == 0xFFFE:
                at += 8
                if number == 0xE00D:
                    return at
                continue
            vr, start = b"", at + 8
            if explicit:
                vr = bytes(value[at + 4 : at + 6])
                if vr in _LONG:
                    if at + 12 > end:
                        break
                    size, start = struct.unpack_from(f"{order}I", value, at + 8)[0], at + 12
                elif vr.isalpha() and vr.isupper():
                    size = struct.unpack_from(f"{order}H", value, at + 6)[0]
            if size == _UNDEFINED:
                # Its items and elements are counted as if they were this item's own.
                self._at_depth(depth := depth + 1)
                at = start
                continue
            if start + size > end:
                self._element((end - at) // 8)
                break
            vr = _vr(vr, group << 16 | number)
            inner = value[start : start + size]
            if vr == b"SQ":
                self._folded(inner, explicit, order, depth + 1)
            elif vr[:1] != b"O" and vr != b"UN":
                self._text(size)
            at = start + size
        return end


def _vr(said: bytes, tag: int) -> bytes:
    """The kind of value as pydicom will take it: where the file does not say, or says unknown, the dictionary's."""
    if said and said != b"UN":
        return said
    known = DicomDictionary.get(tag)
    return str(known[0]).encode() if known else b"UN"
