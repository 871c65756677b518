"""multipart/related as DICOMweb uses it (RFC 2387, PS3.18 section 8.6.1.2), in and out, a piece at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

CHUNK = 1 << 18
MAX_HEADER = 16 * 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_PARAMETER = re.compile(r""";\s*([\w\-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*)""")


class BadMultipart(ValueError):
    """The body is not what its Content-Type says."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, or one range of an Accept header; names and parameter names in lower case."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """What the parts of a multipart are, else "" (the `type` parameter)."""
        return self.parameters.get("type", "").lower() if self.name == "multipart/related" else ""

    @property
    def transfer_syntax(self) -> str:
        """The transfer syntax named, "*" for any, "" when unsaid."""
        return self.parameters.get("transfer-syntax", "")

    @property
    def quality(self) -> float:
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0

    def takes(self, name: str) -> bool:
        """Does this range, which has no parts, cover the media type?"""
        return self.name in ("*/*", name, f"{name.partition('/')[0]}/*")

    def takes_parts(self, name: str) -> bool:
        """Does this range cover a multipart of the media type?"""
        if self.name in ("*/*", "multipart/*"):
            return True
        return self.name == "multipart/related" and self.part in ("", "*/*", name, f"{name.partition('/')[0]}/*")


def media_type(text: str) -> MediaType:
    """A Content-Type, or one range of an Accept header."""
    name = text.partition(";")[0].strip().lower()
    found = _PARAMETER.findall(text[text.find(";") :] if ";" in text else "")
    parameters = {key.lower(): _unquoted(value) for key, value in found}
    return MediaType(name, parameters)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def accepted(header: str) -> list[MediaType]:
    """The ranges of an Accept header, those liked best first; everything when there is none."""
    ranges = [media_type(part) for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', header) if part.strip()]
    liked = [one for one in ranges if one.quality > 0]
    return sorted(liked, key=lambda one: -one.quality) if ranges else [MediaType("*/*")]


def boundary_of(content_type: MediaType) -> bytes:
    """The boundary of a multipart. Raises `BadMultipart`."""
    boundary = content_type.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadMultipart("The Content-Type names no usable boundary.")
    return boundary.encode("ascii")


def read_parts(
    read: Callable[[int], bytes], boundary: bytes, *, max_part: int, chunk: int = CHUNK
) -> Iterator[tuple[MediaType, bytes]]:
    """The content type and body of each part. Of a body over `max_part` bytes, the first `max_part` + 1 are kept.

    Never more than one part is in memory. Raises `BadMultipart` where the body is damaged or ends early;
    the parts before have been given out by then.
    """
    delimiter = b"\r\n--" + boundary
    stream = _Stream(read, chunk)
    stream.buffer += b"\r\n"
    stream.until(delimiter, keep=0)
    while True:
        if stream.peek(2) == b"--":
            return
        # Padding after the boundary is allowed (RFC 2046 section 5.1.1), nothing else is.
        if stream.until(b"\r\n", keep=MAX_HEADER).strip(b" \t"):
            raise BadMultipart("A boundary is followed by something else than a line's end.")
        content_type = MediaType("")
        while line := stream.until(b"\r\n", keep=MAX_HEADER):
            if len(line) > MAX_HEADER:
                raise BadMultipart("The header of a part is too long.")
            name, _colon, value = line.decode("latin-1").partition(":")
            if name.strip().lower() == "content-type":
                content_type = media_type(value)
        yield content_type, stream.until(delimiter, keep=max_part + 1)


class _Stream:
    """Bytes that come in pieces, searched for delimiters."""

    def __init__(self, read: Callable[[int], bytes], chunk: int) -> None:
        self.buffer = bytearray()
        self._read = read
        self._chunk = chunk

    def _more(self) -> None:
        data = self._read(self._chunk)
        if not data:
            raise BadMultipart("The body ends early.")
        self.buffer += data

    def peek(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        return bytes(self.buffer[:count])

    def until(self, delimiter: bytes, *, keep: int) -> bytes:
        """What comes before `delimiter`, at most `keep` bytes of it; the delimiter is passed by."""
        kept = bytearray()
        while (at := self.buffer.find(delimiter)) < 0:
            # The tail may be the beginning of the delimiter.
            safe = max(0, len(self.buffer) - len(delimiter) + 1)
            kept += self.buffer[: min(safe, keep - len(kept))]
            del self.buffer[:safe]
            self._more()
        kept += self.buffer[: min(at, keep - len(kept))]
        del self.buffer[: at + len(delimiter)]
        return bytes(kept)


def write_parts(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    """A multipart body out of (content type, pieces of the body)."""
    for content_type, pieces in parts:
        yield f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode("ascii")
        yield from pieces
    yield f"\r\n--{boundary}--\r\n".encode("ascii")
