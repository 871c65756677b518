"""Pixels as numbers, decoded in the child process with limits: what scorers and measurements may call.

A file that crashes a decoder, hangs it or makes it ask for all memory ends the child and is refused with a sentence;
whoever asked goes on.
"""

from __future__ import annotations

import numpy as np

from screening.dicom.pixels import PixelError
from screening.dicom.render_child import RENDERER
from screening.dicom.rendering import Wish


def modality_values(data: bytes, frame: int = 1) -> np.ndarray:
    """`pixels.frame_array` of a Part 10 file: float32, shape (Rows, Columns). Raises `PixelError`."""
    return _array(RENDERER.make(data, Wish(act="values", frame=frame)))


def grey_values(data: bytes, frame: int = 1) -> np.ndarray:
    """`pixels.grey_array` of a Part 10 file: float32 0 to 1, shape (Rows, Columns). Raises `PixelError`."""
    return _array(RENDERER.make(data, Wish(act="grey", frame=frame)))


def _array(answer: bytes) -> np.ndarray:
    rows, columns = (int(side) for side in np.frombuffer(answer, "<u4", count=2))
    values = np.frombuffer(answer, "<f4", offset=8)
    if values.size != rows * columns:
        raise PixelError("The pixels of the image cannot be decoded.")
    return values.reshape(rows, columns).astype(np.float32)
