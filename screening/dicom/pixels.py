"""Pixel data to numbers: stored values, modality values and presentation grey (DICOM PS3.3 C.7.6.3, C.11.1, C.11.2).

Every size a file declares is checked before memory is asked for: what arrives is not to be trusted.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import apply_modality_lut, pixel_array
from pydicom.pixels.processing import apply_voi
from pydicom.uid import UID, JPEGLSLossless, JPEGLSNearLossless, RLELossless

MAX_FRAME_PIXELS = 100_000_000
MAX_TOTAL_BYTES = 4 << 30
ALLOCATED = (8, 16, 32)

_DECODING_ERRORS = (
    AttributeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    NotImplementedError,
    OSError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
)


class PixelError(Exception):
    """The pixels cannot be used; `str(error)` is one plain sentence for people, free of patient data."""


def frame_array(dataset: Dataset, frame: int = 1) -> np.ndarray:
    """Modality values of one frame (from 1): float32, shape (Rows, Columns), Hounsfield units for CT.

    Rescale slope and intercept or the Modality LUT are applied; padding becomes the lowest value that
    is not padding. Reads RLE, JPEG baseline, extended and lossless, JPEG-LS and JPEG 2000.
    Raises `PixelError` for absent, damaged, oversized or colour pixels.
    """
    stored = stored_array(dataset, frame)
    padding = padding_mask(dataset, stored)
    values = _modality_values(dataset, stored)
    if padding.any():
        values[padding] = values[~padding].min() if not padding.all() else values.min()
    return values


def grey_array(dataset: Dataset, frame: int = 1) -> np.ndarray:
    """One frame (from 1) as it is meant to be seen: float32 0 (black) to 1 (white), shape (Rows, Columns).

    The first VOI LUT, else the first window (LINEAR, LINEAR_EXACT or SIGMOID, PS3.3 C.11.2.1), else the
    range of the values; MONOCHROME1 is inverted; padding is 0. Raises `PixelError` as `frame_array`.
    """
    stored = stored_array(dataset, frame)
    padding = padding_mask(dataset, stored)
    values = _modality_values(dataset, stored)
    grey = _voi_lut(dataset, values)
    if grey is None:
        grey = _windowed(dataset, values)
    if grey is None:
        inside = values[~padding] if not padding.all() else values
        low, high = float(inside.min()), float(inside.max())
        grey = (values - low) / max(high - low, 1e-6)
    grey = np.clip(grey, 0.0, 1.0).astype(np.float32)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 1.0 - grey
    grey[padding] = 0.0
    return grey


def stored_array(dataset: Dataset, frame: int = 1) -> np.ndarray:
    """Stored values of one frame (from 1), integers, shape (Rows, Columns). Raises `PixelError`."""
    rows, columns, frames = _checked_size(dataset)
    if not 1 <= frame <= frames:
        raise PixelError("The image has no such frame.")
    if "PixelData" not in dataset:
        raise PixelError("The image has no pixel data.")
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None:
        raise PixelError("The image does not say how its pixels are stored.")
    try:
        if syntax.is_encapsulated:
            _check_bitstream(dataset, syntax, frame, frames, rows, columns)
        else:
            needed = rows * columns * frames * (int(dataset.BitsAllocated) // 8)
            if len(dataset.PixelData) < needed:
                raise PixelError("The image has fewer pixels than its header says.")
        array = pixel_array(dataset, index=frame - 1, decoding_plugin=decoding_plugin(syntax))
    except _DECODING_ERRORS as error:
        raise PixelError("The pixels of the image cannot be decoded.") from error
    if array.shape != (rows, columns):
        raise PixelError("The decoded pixels do not have the size the header says.")
    return array


def decoding_plugin(syntax: UID | str) -> str:
    """The decoder for a transfer syntax, "" for pydicom's own choice: CharLS reads JPEG-LS four times as fast."""
    return "pyjpegls" if syntax in (JPEGLSLossless, JPEGLSNearLossless) else ""


def padding_mask(dataset: Dataset, stored: np.ndarray) -> np.ndarray:
    """Where stored values are padding (Pixel Padding Value and Range Limit, PS3.3 C.7.5.1.1.2)."""
    first = number_of(dataset, "PixelPaddingValue")
    if first is None:
        return np.zeros(stored.shape, bool)
    limit = number_of(dataset, "PixelPaddingRangeLimit")
    second = first if limit is None else limit
    return np.asarray((stored >= min(first, second)) & (stored <= max(first, second)))


def _checked_size(dataset: Dataset) -> tuple[int, int, int]:
    rows, columns = number_of(dataset, "Rows"), number_of(dataset, "Columns")
    frames = number_of(dataset, "NumberOfFrames") or 1
    if not rows or not columns or rows < 1 or columns < 1 or frames < 1:
        raise PixelError("The header does not give a usable image size.")
    if dataset.get("SamplesPerPixel", 1) != 1:
        raise PixelError("The image is in colour; only grey images can be read.")
    if dataset.get("BitsAllocated") not in ALLOCATED:
        raise PixelError("The image stores its pixels in a way that cannot be read.")
    if rows * columns > MAX_FRAME_PIXELS or rows * columns * frames * dataset.BitsAllocated // 8 > MAX_TOTAL_BYTES:
        raise PixelError("The image is larger than any image of this kind can be.")
    return int(rows), int(columns), int(frames)


def _check_bitstream(dataset: Dataset, syntax: Any, frame: int, frames: int, rows: int, columns: int) -> None:
    """Compare the size inside the compressed stream with the header's before a decoder allocates it."""
    data = get_frame(dataset.PixelData, frame - 1, number_of_frames=frames)
    if not data:
        raise PixelError("The image has no pixel data.")
    if syntax == RLELossless:
        return
    size = bitstream_size(data)
    if size is not None and size != (rows, columns):
        raise PixelError("The compressed pixels do not have the size the header says.")


def bitstream_size(data: bytes) -> tuple[int, int] | None:
    """(rows, columns) in a JPEG, JPEG-LS (SOF segments) or JPEG 2000 (SIZ) stream; None if not found."""
    start = data.find(b"\xff\x4f\xff\x51")
    if 0 <= start <= 512:
        width, height, left, top = struct.unpack_from(">4I", data, start + 8)
        return height - top, width - left
    if data[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            height, width = struct.unpack_from(">2H", data, position + 5)
            return int(height), int(width)
        position += 2 + int(struct.unpack_from(">H", data, position + 2)[0])
    return None


def _modality_values(dataset: Dataset, stored: np.ndarray) -> np.ndarray:
    try:
        if dataset.get("ModalityLUTSequence"):
            return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
        slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    except _DECODING_ERRORS as error:
        raise PixelError("The header's modality table cannot be used.") from error
    if slope is None and _filled(dataset, "RescaleSlope") or intercept is None and _filled(dataset, "RescaleIntercept"):
        raise PixelError("The header's rescale values are not numbers.")
    slope = 1.0 if slope is None else slope
    if slope == 0:
        raise PixelError("The header scales every pixel to the same value.")
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept or 0.0)


def _voi_lut(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    """Values through the first VOI LUT, 0–1; None without a usable one."""
    if not dataset.get("VOILUTSequence"):
        return None
    try:
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        mapped = apply_voi(np.rint(values).astype(np.int32), dataset, index=0)
    except _DECODING_ERRORS:
        return None
    return np.asarray(mapped, dtype=np.float32) / float(2 ** min(max(bits, 1), 16) - 1)


def _windowed(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    """Values through the first window, 0–1 (PS3.3 C.11.2.1.2, C.11.2.1.3); None without a usable one."""
    centre, width = number_of(dataset, "WindowCenter"), number_of(dataset, "WindowWidth")
    if centre is None or width is None or width <= 0:
        return None
    function = dataset.get("VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -60, 60))))
    if function == "LINEAR_EXACT" or width <= 1:
        return np.asarray((values - centre) / width + 0.5)
    return np.asarray((values - (centre - 0.5)) / (width - 1) + 0.5)


def _filled(dataset: Dataset, keyword: str) -> bool:
    """Is the element there with something in it, readable or not?"""
    try:
        return dataset.get(keyword) not in (None, "")
    except _DECODING_ERRORS:
        return True


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an element as a finite number, else None: tags are hostile text."""
    try:
        value = dataset.get(keyword)
        if value is not None and not isinstance(value, str | bytes) and hasattr(value, "__len__"):
            value = value[0] if len(value) else None
        number = float(value) if value not in (None, "") else None
    except _DECODING_ERRORS:
        return None
    return number if number is not None and np.isfinite(number) else None
