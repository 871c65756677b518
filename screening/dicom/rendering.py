"""Pictures for display out of stored images, and their pixels without compression. Run in a child process only."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from screening.dicom.elements import READING_ERRORS
from screening.dicom.pixels import (
    MAX_FRAME_PIXELS,
    PixelError,
    decoding_plugin,
    frame_array,
    grey_array,
    number_of,
    stored_array,
)

JPEG, PNG = "image/jpeg", "image/png"
LARGEST_ENLARGED = 1024
# Of a file without compression, as it would be sent.
LARGEST_FILE = 1 << 30
FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of one frame (from 1). window: (centre, width, a key of `FUNCTIONS`), None for the file's own.

    size: (width, height) in pixels that the picture is fitted into, its proportions kept, enlarged to `LARGEST_ENLARGED`
    at most; None for the image's own.
    quality: 1–100, of a JPEG. act: "picture", "frame" (stored values, little endian), "file" (explicit little endian),
    "values" or "grey" (rows, columns as uint32, then float32, of `pixels.frame_array` or `pixels.grey_array`).
    """

    act: str = "picture"
    frame: int = 1
    kind: str = JPEG
    quality: int = 90
    window: tuple[float, float, str] | None = None
    size: tuple[int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, given: dict[str, Any]) -> Wish:
        pairs = {name: tuple(given[name]) if given[name] else None for name in ("window", "size")}
        return cls(**{**given, **pairs})


def done(data: bytes, wish: Wish) -> bytes:
    """What is wished of a Part 10 file. Raises `PixelError`."""
    try:
        dataset = dcmread(BytesIO(data))
        if wish.act == "file":
            return _uncompressed(dataset)
        if wish.act == "frame":
            return _plain_frame(dataset, wish.frame)
        if wish.act in ("values", "grey"):
            return _numbers(
                frame_array(dataset, wish.frame) if wish.act == "values" else grey_array(dataset, wish.frame)
            )
        return _picture(dataset, wish)
    except READING_ERRORS as error:
        raise PixelError("The pixels of the image cannot be decoded.") from error


def _numbers(array: np.ndarray) -> bytes:
    return np.array(array.shape, "<u4").tobytes() + array.astype("<f4").tobytes()


def _picture(dataset: Dataset, wish: Wish) -> bytes:
    array = _colour(dataset, wish.frame) if dataset.get("SamplesPerPixel", 1) == 3 or _has_palette(dataset) else None
    if array is None:
        if wish.window:
            centre, width, function = wish.window
            dataset.WindowCenter, dataset.WindowWidth = centre, width
            dataset.VOILUTFunction = FUNCTIONS[function]
            if "VOILUTSequence" in dataset:
                del dataset.VOILUTSequence
        array = np.rint(grey_array(dataset, wish.frame) * 255).astype(np.uint8)
    image = Image.fromarray(array)
    if wish.size:
        # Enlarging adds nothing that a browser cannot, and a few pixels would become seconds of work.
        most = max(1.0, LARGEST_ENLARGED / max(image.width, image.height))
        factor = min(wish.size[0] / image.width, wish.size[1] / image.height, most)
        fitted = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(fitted, Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR)
    out = BytesIO()
    if wish.kind == PNG:
        image.save(out, "PNG", compress_level=3)
    else:
        image.save(out, "JPEG", quality=wish.quality)
    return out.getvalue()


def _has_palette(dataset: Dataset) -> bool:
    return dataset.get("PhotometricInterpretation") == "PALETTE COLOR"


def _colour(dataset: Dataset, frame: int) -> np.ndarray:
    """One frame in red, green and blue: uint8, shape (Rows, Columns, 3)."""
    rows, columns, frames = (int(dataset.get(name) or 0) for name in ("Rows", "Columns", "NumberOfFrames"))
    if not 0 < rows * columns <= MAX_FRAME_PIXELS or not 1 <= frame <= max(1, frames):
        raise PixelError("The header does not give a usable image size.")
    plugin = decoding_plugin(dataset.file_meta.TransferSyntaxUID)
    array = np.asarray(pixel_array(dataset, index=frame - 1, decoding_plugin=plugin))
    if _has_palette(dataset):
        array = apply_color_lut(array, dataset)
    if array.shape != (rows, columns, 3):
        raise PixelError("The decoded pixels do not have the size the header says.")
    return (array >> 8).astype(np.uint8) if array.dtype.itemsize > 1 else array.astype(np.uint8)


def _plain_frame(dataset: Dataset, frame: int) -> bytes:
    if dataset.get("BitsAllocated") not in (8, 16, 32):
        raise PixelError("The image stores its pixels in a way that cannot be read.")
    kind = "i" if dataset.get("PixelRepresentation") else "u"
    return stored_array(dataset, frame).astype(f"<{kind}{dataset.BitsAllocated // 8}").tobytes()


def _whole_size(dataset: Dataset) -> float:
    """Bytes of all pixels, as the header promises them."""
    named = ("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated")
    return math.prod(number_of(dataset, name) or 1 for name in named) / 8


def _uncompressed(dataset: Dataset) -> bytes:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        if len(dataset.PixelData) and _whole_size(dataset) > LARGEST_FILE:
            raise PixelError("The image is larger than any image of this kind can be.")
        # Every frame's size is compared with the header's before a decoder may ask for memory.
        stored_array(dataset)
        dataset.decompress(decoding_plugin=decoding_plugin(syntax), generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return out.getvalue()
