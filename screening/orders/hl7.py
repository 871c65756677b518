"""HL7 v2 messages as they come over the line: segments, fields and their parts (HL7 v2.5.1, chapter 2)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from screening.dicom.elements import clean

MOST_SEGMENTS = 2_000
DELETE = '""'
# MSH-18, table 0211, as far as a decoder is at hand. Without it ASCII is meant; UTF-8 holds all of it.
CHARSETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/5": "iso8859-5",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "GB 18030-2000": "gb18030",
    "ISO IR87": "iso2022_jp",
}
_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d{1,4})?([+-]\d{4})?")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


class MessageError(Exception):
    """A message that is not taken. code: table 0357. where: segment and field, "PID-3"; never a value."""

    def __init__(self, code: str, where: str, text: str) -> None:
        super().__init__(text)
        self.code, self.where, self.text = code, where, text


@dataclass(frozen=True, slots=True)
class Marks:
    """The separators that a message says it uses (MSH-1 and MSH-2)."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Segment:
    """fields[n] is field n as it came; fields[0] is the name."""

    fields: tuple[str, ...]
    marks: Marks

    @property
    def name(self) -> str:
        return self.fields[0]

    def raw(self, field: int) -> str:
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> int:
        return self.raw(field).count(self.marks.repetition) + 1 if self.raw(field) else 0

    def value(
        self, field: int, component: int = 1, subcomponent: int = 1, *, repetition: int = 0, most: int = 200
    ) -> str:
        """One part as clean text of at most `most` characters; "" where there is none, `DELETE` where it is to go."""
        text = _nth(self.raw(field), self.marks.repetition, repetition + 1)
        text = _nth(text, self.marks.component, component)
        text = _nth(text, self.marks.subcomponent, subcomponent)
        return text if text == DELETE else clean(unescaped(text, self.marks), most)

    def lines(self, field: int, most: int = 2_000) -> str:
        """A field of text with its repetitions and line commands as lines."""
        pieces = self.raw(field).split(self.marks.repetition) if self.raw(field) else []
        text = "\n".join(unescaped(piece, self.marks) for piece in pieces)
        return "\n".join(clean(line, most) for line in text.split("\n"))[:most].strip()


@dataclass(frozen=True, slots=True)
class Message:
    """segments: at least the header, MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def need(self, name: str) -> Segment:
        """Raises MessageError (100) where the segment is missing."""
        found = self.first(name)
        if found is None:
            raise MessageError("100", name, f"The segment {name} is missing.")
        return found

    def groups(self, name: str) -> list[list[Segment]]:
        """The segments from each `name` to the next."""
        found: list[list[Segment]] = []
        for segment in self.segments:
            if segment.name == name:
                found.append([segment])
            elif found:
                found[-1].append(segment)
        return found


def parse(data: bytes) -> Message:
    """A message without its MLLP frame. Raises MessageError: no header, an unknown character set, bytes that are none."""
    head = re.split(rb"[\r\n]", data.lstrip(b"\r\n"), maxsplit=1)[0]
    if not head.startswith(b"MSH") or len(head) < 8:
        raise MessageError("100", "MSH", "The message does not begin with a header.")
    marks = _marks(head[3:8].decode("latin-1"))
    fields = head.decode("latin-1").split(marks.field)
    charset = fields[17].split(marks.repetition)[0].strip() if len(fields) > 17 else ""
    if charset not in CHARSETS:
        raise MessageError("103", "MSH-18", "The character set is not known here.")
    try:
        text = data.decode(CHARSETS[charset])
    except UnicodeDecodeError as error:
        raise MessageError("102", "MSH-18", "The bytes are not of the character set that the header names.") from error
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    if len(lines) > MOST_SEGMENTS:
        raise MessageError("207", "MSH", f"More than {MOST_SEGMENTS} segments.")
    return Message(tuple(_segment(line, marks) for line in lines))


def unescaped(text: str, marks: Marks) -> str:
    """A part as it was meant (chapter 2.7). Commands that are not known are left out."""
    if marks.escape not in text:
        return text
    own = {"F": marks.field, "S": marks.component, "R": marks.repetition, "E": marks.escape, "T": marks.subcomponent}
    pieces = text.split(marks.escape)
    said = [pieces[0]]
    for at, piece in enumerate(pieces[1:], 1):
        if at % 2 == 0 or at == len(pieces) - 1:
            said.append(piece)
        elif piece in own:
            said.append(own[piece])
        elif piece in (".br", ".sp"):
            said.append("\n")
        elif re.fullmatch(r"X(?:[0-9A-Fa-f]{2}){1,32}", piece):
            said.append(bytes.fromhex(piece[1:]).decode("utf-8", "replace"))
    return "".join(said)


def moment(text: str, where: str, zone: dt.tzinfo) -> dt.datetime | None:
    """A time (TS, DTM), in `zone` where it names none; None where there is none. Raises MessageError (102)."""
    if text in ("", DELETE):
        return None
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        *numbers, own = found.groups()
        year, month, day, hour, minute, second = (int(each) if each else None for each in numbers)
        if own:
            minutes = int(own[1:3]) * 60 + int(own[3:])
            zone = dt.timezone(dt.timedelta(minutes=-minutes if own[0] == "-" else minutes))
        return dt.datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
    except ValueError as error:
        raise MessageError("102", where, "This is no time.") from error


def _marks(five: str) -> Marks:
    marks = Marks(five[0], five[1], five[2], five[3], five[4])
    if len(set(five)) != 5 or any(mark.isalnum() or mark.isspace() for mark in five):
        raise MessageError("102", "MSH-2", "The separators cannot be told apart.")
    return marks


def _segment(line: str, marks: Marks) -> Segment:
    fields = line.split(marks.field)
    if not _NAME.fullmatch(fields[0]):
        raise MessageError("100", "", "A segment has no name.")
    if fields[0] == "MSH":
        fields.insert(1, marks.field)
    return Segment(tuple(fields), marks)


def _nth(text: str, mark: str, number: int) -> str:
    pieces = text.split(mark)
    return pieces[number - 1].strip() if number <= len(pieces) else ""
