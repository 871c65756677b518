"""WADO-RS: stored images, their headers and their frames, a piece at a time (PS3.18 section 10.4)."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import BinaryIO

from django.http import Http404
from django.utils.translation import gettext as _
from pydicom import dcmread
from pydicom.encaps import generate_frames, get_frame
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from screening.dicom.elements import READING_ERRORS, text, whole
from screening.dicom.parse import reading_quietly
from screening.dicom.pixels import PixelError
from screening.dicom.render_child import RENDERER
from screening.dicom.rendering import Wish
from screening.dicomweb.multipart import CHUNK, MediaType
from screening.models import Instance
from screening.selectors.doors import StoredImage
from screening.services.metadata import series_metadata
from screening.storage import storage

DICOM = "application/dicom"
OCTETS = "application/octet-stream"
_JPEG = "1.2.840.10008.1.2.4."
# PS3.18 table 8.7.3-5: what a compressed frame is called.
FRAME_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys((_JPEG + "50", _JPEG + "51", _JPEG + "57", _JPEG + "70"), "image/jpeg"),
    **dict.fromkeys((_JPEG + "80", _JPEG + "81"), "image/jls"),
    **dict.fromkeys((_JPEG + "90", _JPEG + "91"), "image/jp2"),
    **dict.fromkeys((_JPEG + "201", _JPEG + "202", _JPEG + "203"), "image/jphc"),
}


class NotOffered(Exception):
    """None of what the caller accepts can be given; the text says why."""


def new_boundary() -> str:
    return f"firstread-{secrets.token_hex(16)}"


def boundary_for(etag: str) -> str:
    """A boundary that is the same for the same answer. It is taken from the digest of the file, which no part of the
    file can contain."""
    return f"firstread-{hashlib.sha256(etag.encode('ascii')).hexdigest()[:40]}"


def check_kept(files: Sequence[str]) -> None:
    """files: digests. Raises Http404 before anything is sent when one is missing: no answer is ever silently short."""
    kept = storage()
    if not files or not all(kept.exists(sha256) for sha256 in files):
        raise Http404(_("The image's file is missing.") if files else _("There is no such image."))


@dataclass(frozen=True, slots=True)
class Chosen:
    """How something goes out: alone or in a multipart; plain: decoded first, into explicit little endian."""

    content_type: str
    alone: bool
    plain: bool = False


def choose_objects(ranges: Sequence[MediaType], instances: Sequence[Instance], *, single: bool) -> Chosen:
    """How images go out: as they are stored, or decoded when explicit little endian is asked for. Raises `NotOffered`."""
    syntaxes = {instance.transfer_syntax_uid for instance in instances}
    right_type = False
    for wanted in ranges:
        alone = single and wanted.name == DICOM
        if not alone and not wanted.takes_parts(DICOM):
            continue
        right_type = True
        if wanted.transfer_syntax in ("", "*") or {wanted.transfer_syntax} == syntaxes:
            return Chosen(DICOM, alone)
        if wanted.transfer_syntax == ExplicitVRLittleEndian and ExplicitVRBigEndian not in syntaxes:
            return Chosen(DICOM, alone, plain=True)
    raise NotOffered(_not_transcoded() if right_type else _("Only application/dicom is given out here so far."))


def _not_transcoded() -> str:
    return _("Images are given out as they are stored, or in explicit little endian.")


def file_chunks(key: str) -> Iterator[bytes]:
    """A stored file."""
    with storage().open_range(key) as stream:
        while data := stream.read(CHUNK):
            yield data


def one_object(instance: Instance, *, plain: bool) -> tuple[str, Iterable[bytes]]:
    """The content type and the bytes of a file. plain: decoded, read whole. Raises `NotOffered`."""
    if plain and instance.transfer_syntax_uid != ExplicitVRLittleEndian:
        return f"{DICOM}; transfer-syntax={ExplicitVRLittleEndian}", (_decoded(instance.sha256, Wish(act="file")),)
    return f"{DICOM}; transfer-syntax={instance.transfer_syntax_uid}", file_chunks(instance.sha256)


def object_parts(instances: Iterable[Instance], *, plain: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The files, each opened when its turn comes. One that cannot be decoded breaks the answer off: a part is missing."""
    for instance in instances:
        yield one_object(instance, plain=plain)


def plain_frames(image: StoredImage, numbers: Sequence[int]) -> Iterator[bytes]:
    """Decoded frames, each when its turn comes but the first. Raises `NotOffered` when that one cannot be decoded."""
    first = _decoded(image.sha256, Wish(act="frame", frame=numbers[0]))
    rest = (_decoded(image.sha256, Wish(act="frame", frame=number)) for number in numbers[1:])
    return chain((first,), rest)


def _decoded(sha256: str, wish: Wish) -> bytes:
    with storage().open_range(sha256) as stream:
        data = stream.read()
    try:
        return RENDERER.make(data, wish)
    except PixelError:
        raise NotOffered(_("The image can only be given out as it is stored.")) from None


def metadata_array(files: Sequence[tuple[int, str]]) -> Iterator[bytes]:
    """A JSON array of headers, one series in memory at a time. files: (key of the series, digest), in order."""
    start = b"["
    for series_id, of_series in groupby(files, key=itemgetter(0)):
        array = gzip.decompress(series_metadata(series_id, [sha256 for _series, sha256 in of_series]))
        yield start + array[1:-1]
        start = b","
    yield b"]"


def frame_numbers(text: str, instance: StoredImage) -> list[int]:
    """A comma-separated list, counted from 1. Raises ValueError for what is no list, Http404 beyond the image."""
    if not re.fullmatch(r"\d{1,6}(,\d{1,6})*", text):
        raise ValueError(_("Frames are numbers, separated by commas."))
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > instance.frames or not all(1 <= number <= instance.frames for number in numbers):
        raise Http404(_("The image has no such frame."))
    return numbers


@dataclass(frozen=True, slots=True)
class Frames:
    """Where the frames of a stored file are. size: bytes of one, 0 when compressed and of any length."""

    key: str
    start: int
    size: int
    count: int

    def each(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The frames asked for, in that order."""
        with storage().open_range(self.key) as stream:
            if self.size:
                yield from self._plain(stream, numbers)
            else:
                yield from self._compressed(stream, numbers)

    def _plain(self, stream: BinaryIO, numbers: Sequence[int]) -> Iterator[bytes]:
        for number in numbers:
            stream.seek(self.start + (number - 1) * self.size)
            yield stream.read(self.size)

    def _compressed(self, stream: BinaryIO, numbers: Sequence[int]) -> Iterator[bytes]:
        stream.seek(self.start)
        if list(numbers) == sorted(set(numbers)):
            wanted = set(numbers)
            for number, frame in enumerate(generate_frames(stream, number_of_frames=self.count), start=1):
                if number in wanted:
                    yield frame
                if number >= numbers[-1]:
                    break
            return
        for number in numbers:
            stream.seek(self.start)
            yield get_frame(stream, number - 1, number_of_frames=self.count)


def choose_frames(ranges: Sequence[MediaType], image: StoredImage, count: int) -> Chosen:
    """How frames go out: as stored wherever that is taken, else decoded. Raises `NotOffered`.

    Viewers that decode for themselves ask for octet streams in any transfer syntax, and get them as stored.
    """
    syntax = UID(image.transfer_syntax_uid)
    # Implicit and explicit little endian differ in their headers only.
    sent = syntax if syntax.is_encapsulated else ExplicitVRLittleEndian
    turned = syntax == ExplicitVRBigEndian
    right = FRAME_TYPES.get(syntax, OCTETS)
    for wanted in ranges:
        for kind in () if turned else (right, OCTETS):
            offered = {"*", sent, syntax} if kind != right else {"", "*", sent, syntax}
            alone = count == 1 and wanted.name == kind
            if (alone or wanted.takes_parts(kind)) and wanted.transfer_syntax in offered:
                return Chosen(f"{kind}; transfer-syntax={sent}", alone)
        alone = count == 1 and wanted.name == OCTETS
        plain = {"", ExplicitVRLittleEndian} | ({"*"} if turned else set())
        if (alone or wanted.takes_parts(OCTETS)) and wanted.transfer_syntax in plain:
            return Chosen(f"{OCTETS}; transfer-syntax={ExplicitVRLittleEndian}", alone, plain=True)
    raise NotOffered(_not_transcoded())


def locate_frames(image: StoredImage) -> Frames:
    """Find the pixels of a stored image without reading them. Raises `NotOffered`, Http404."""
    return _located(image.sha256, image.transfer_syntax_uid, image.frames)


@lru_cache(maxsize=2048)
def _located(sha256: str, syntax: str, frames: int) -> Frames:
    """The same for ever, as the digest names the bytes."""
    compressed = UID(syntax).is_encapsulated
    with storage().open_range(sha256) as stream, reading_quietly():
        try:
            dataset = dcmread(stream, stop_before_pixels=True)
            start = _value_at(stream, explicit=not dataset.original_encoding[0])
            named = ("Rows", "Columns", "BitsAllocated")
            bits = math.prod(whole(dataset, name) or 0 for name in named) * (whole(dataset, "SamplesPerPixel") or 1)
            subsampled = text(dataset, "PhotometricInterpretation") == "YBR_FULL_422"
        except READING_ERRORS:
            raise Http404(_("The image's file cannot be read.")) from None
    if bits < 1:
        raise Http404(_("The image's file cannot be read."))
    if subsampled and not compressed:
        bits = bits * 2 // 3
    if not compressed and bits % 8 and frames > 1:
        raise NotOffered(_("Frames that do not begin at a whole byte are not given out yet."))
    return Frames(sha256, start, 0 if compressed else (bits + 7) // 8, frames)


def _value_at(stream: BinaryIO, *, explicit: bool) -> int:
    """Where the value of PixelData begins, the stream being at its tag (PS3.5 section 7.1)."""
    if stream.read(4) != b"\xe0\x7f\x10\x00":
        raise ValueError("no pixel data")
    stream.seek(8 if explicit else 4, 1)
    return stream.tell()
