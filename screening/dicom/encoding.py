"""How a file's pixels are stored, and whether all of them are there (PS3.5 section 8 and Annex A, PS3.10 section 7)."""

from __future__ import annotations

import struct

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, RLELossless

from screening.dicom import elements
from screening.dicom.errors import IngestError
from screening.dicom.pixels import MAX_FRAME_PIXELS, MAX_TOTAL_BYTES, bitstream_size

MAX_FRAMES = 20_000
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_END_OF_IMAGE = b"\xff\xd9"


def _unreadable() -> IngestError:
    return IngestError("unreadable", "The file is damaged: its header cannot be read.")


def _truncated() -> IngestError:
    return IngestError("truncated", "The file ends early: part of the image is missing. Send it again.")


def _damaged() -> IngestError:
    return IngestError("damaged_pixels", "The compressed image is damaged and cannot be shown.")


def transfer_syntax(data: bytes) -> str:
    """TransferSyntaxUID out of the file meta information (PS3.10 section 7.1), before anything is unpacked.

    A deflated file could unfold to any size in a reader that trusts it, so this comes first.
    Raises `IngestError` when the meta information is cut, damaged or names no single syntax.
    """
    found: list[str] = []
    position = 132
    while data[position : position + 2] == b"\x02\x00":
        if position + 8 > len(data):
            raise _truncated()
        element = struct.unpack_from("<H", data, position + 2)[0]
        vr = data[position + 4 : position + 6]
        if vr in _LONG_VRS:
            if position + 12 > len(data):
                raise _truncated()
            length, start = struct.unpack_from("<I", data, position + 8)[0], position + 12
        elif vr.isalpha() and vr.isupper():
            length, start = struct.unpack_from("<H", data, position + 6)[0], position + 8
        else:
            raise _unreadable()
        if start + length > len(data):
            raise _truncated()
        if element == 0x0010:
            found.append(data[start : start + length].decode("ascii", "replace").strip("\0 "))
        position = start + length
    if len(found) != 1 or not elements.is_uid(found[0]):
        raise _unreadable() if position > 132 else _truncated()
    return found[0]


def check_pixel_data(dataset: Dataset, syntax: str) -> tuple[int, int, int]:
    """(rows, columns, frames) of an image all of whose pixels are there. Raises `IngestError`.

    Uncompressed: the length fits the size. Compressed: as many frames as promised, each whole and of
    the promised size by its own header.
    """
    if "PixelData" not in dataset:
        if "Rows" in dataset:
            raise IngestError("truncated", "The file ends before the image. Send it again.")
        raise IngestError("no_image", "The file holds no image.")
    rows, columns = elements.whole(dataset, "Rows"), elements.whole(dataset, "Columns")
    frames = elements.whole(dataset, "NumberOfFrames") if elements.text(dataset, "NumberOfFrames") else 1
    samples = elements.whole(dataset, "SamplesPerPixel") or 1
    allocated = elements.whole(dataset, "BitsAllocated")
    if not rows or not columns or frames is None or min(rows, columns, frames) < 1:
        raise IngestError("bad_size", "The header does not give a usable image size.")
    if samples not in (1, 3) or allocated not in (1, 8, 16, 32):
        raise IngestError("bad_size", "The header does not say in a usable way how the pixels are stored.")
    needed = (rows * columns * frames * samples * allocated + 7) // 8
    if rows * columns > MAX_FRAME_PIXELS or frames > MAX_FRAMES or needed > MAX_TOTAL_BYTES:
        raise IngestError("bad_size", "The header promises a larger image than any real one.")
    data = dataset.PixelData
    if not isinstance(data, bytes | bytearray) or not data:
        raise IngestError("no_image", "The file holds no image.")
    if UID(syntax).is_encapsulated:
        _check_frames(bytes(data), syntax, rows, columns, frames)
    else:
        subsampled = elements.text(dataset, "PhotometricInterpretation") == "YBR_FULL_422"
        if len(data) < (needed * 2 // 3 if subsampled else needed):
            raise _truncated()
    return rows, columns, frames


def _check_frames(data: bytes, syntax: str, rows: int, columns: int, frames: int) -> None:
    count = 0
    for frame in generate_frames(data, number_of_frames=frames):
        count += 1
        if count > frames:
            raise _damaged()
        if syntax == RLELossless:
            _check_rle(frame)
            continue
        # Encoders pad after the end marker; without one the stream was cut.
        if _END_OF_IMAGE not in frame[-64:]:
            raise _truncated()
        if bitstream_size(frame) != (rows, columns):
            raise _damaged()
    if count != frames:
        raise _truncated()


def _check_rle(frame: bytes) -> None:
    """The RLE header: 1 to 15 segments, offsets rising and inside the frame (PS3.5 Annex G.5)."""
    if len(frame) < 64:
        raise _truncated()
    segments, *offsets = struct.unpack_from("<16I", frame)
    used = offsets[:segments]
    if not 1 <= segments <= 15 or used[0] != 64 or used != sorted(used):
        raise _damaged()
    if used[-1] >= len(frame):
        raise _truncated()
