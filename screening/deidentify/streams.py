"""Text that hides in compressed pixels: comments and application segments of JPEG, JPEG-LS and JPEG 2000 frames.

ITU-T T.81 B.1.1 (markers), T.87 (JPEG-LS), T.800 A.2 (JPEG 2000). Only segments before the picture's own data can be
skipped by their length; a frame whose segments do not add up is refused.
"""

from __future__ import annotations

from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

SOI, SOS, COMMENT = 0xD8, 0xDA, 0xFE
APPLICATION = range(0xE0, 0xF0)
J2K_SOC, J2K_SOT, J2K_COMMENT = 0x4F, 0x90, 0x64
JPEG_2000 = (
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
)
JPEG = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
)
RLE = "1.2.840.10008.1.2.5"


def without_comments(pixels: bytes, transfer_syntax: str, frames: int = 0) -> bytes:
    """PixelData with every frame freed of its comments; the picture stays bit for bit.

    frames: their number where it is known, else as many as there are. Raises ValueError for a syntax whose frames
    cannot be searched, and for frames that do not hold what their syntax says.
    """
    if not UID(transfer_syntax).is_compressed or transfer_syntax == RLE:
        return pixels
    if transfer_syntax in JPEG:
        clean = _jpeg
    elif transfer_syntax in JPEG_2000:
        clean = _jpeg_2000
    else:
        raise ValueError(f"Frames of {transfer_syntax} cannot be searched.")
    kept = [clean(frame) for frame in generate_frames(pixels, number_of_frames=frames or None)]
    return encapsulate(kept, has_bot=False)


def _segments(frame: bytes, at: int) -> tuple[int, int]:
    """Marker and end of the segment that begins at `at`."""
    if at + 4 > len(frame) or frame[at] != 0xFF:
        raise ValueError("The frame's segments do not add up.")
    end = at + 2 + int.from_bytes(frame[at + 2 : at + 4])
    if end > len(frame) or end < at + 4:
        raise ValueError("The frame's segments do not add up.")
    return frame[at + 1], end


def _jpeg(frame: bytes) -> bytes:
    if frame[:2] != bytes((0xFF, SOI)):
        raise ValueError("The frame is no JPEG.")
    kept, at = bytearray(frame[:2]), 2
    while True:
        marker, end = _segments(frame, at)
        if marker == SOS:
            return bytes(kept) + _scans(frame[at:])
        if marker != COMMENT and marker not in APPLICATION:
            kept += frame[at:end]
        at = end


def _scans(rest: bytes) -> bytes:
    """From the first scan on: comments between scans go too, and whatever follows the end of the picture."""
    end = rest.rfind(b"\xff\xd9")
    if end < 0:
        raise ValueError("The picture has no end.")
    picture = rest[: end + 2]
    if any(bytes((0xFF, marker)) in picture for marker in (COMMENT, *APPLICATION)):
        # In a scan 0xFF is always followed by 0 or a restart marker, so this is a segment between scans.
        raise ValueError("The frame has segments among its scans.")
    return picture + (b"\0" if len(picture) % 2 else b"")


def _jpeg_2000(frame: bytes) -> bytes:
    if frame[:2] != bytes((0xFF, J2K_SOC)):
        raise ValueError("The frame is no JPEG 2000 codestream.")
    kept, at = bytearray(frame[:2]), 2
    while True:
        marker, end = _segments(frame, at)
        if marker == J2K_SOT:
            return bytes(kept) + _tiles(frame[at:])
        if marker != J2K_COMMENT:
            kept += frame[at:end]
        at = end


def _tiles(rest: bytes) -> bytes:
    """Tile parts as they are; a comment in a tile's header would change its length, so such a frame is refused."""
    at = 0
    while rest[at : at + 2] == bytes((0xFF, J2K_SOT)):
        length = int.from_bytes(rest[at + 6 : at + 10])
        end = at + length if length else rest.rfind(b"\xff\xd9")
        header = rest[at + 12 : rest.find(b"\xff\x93", at)]
        if end <= at or end > len(rest) or bytes((0xFF, J2K_COMMENT)) in header:
            raise ValueError("The tiles of the frame do not add up, or carry comments.")
        at = end
    if rest[at : at + 2] != b"\xff\xd9":
        raise ValueError("The picture has no end.")
    return rest[: at + 2] + (b"\0" if at % 2 else b"")
