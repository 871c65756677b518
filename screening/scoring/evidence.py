"""The evidence image of a finding: how strongly each place of its frame spoke for it.

Pure data, small enough to travel in the result: a grey PNG laid over a box of the frame.
"""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

MOST_CELLS = 96
DARK = 8  # of 255: fainter than this nobody sees, and it is cut away around the rest


def heat_map(
    values: np.ndarray, box: tuple[float, float, float, float], mirrored: bool = False, flipped: bool = False
) -> dict[str, Any] | None:
    """A heat map as a result carries it: `{"box": [x0, y0, x1, y1], "png": base64}`.

    values: float (rows, columns), 0–1, covering `box` (pixels of the frame as stored, from 0, end excluded).
    mirrored, flipped: the array's columns, rows run against the frame's. The map is cut to where it is
    visible and reduced to at most 96 cells a side, each the strongest of what it covers. None when
    nothing of it is visible.
    """
    grey = np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255.0).astype(np.uint8)
    grey = grey[:: -1 if flipped else 1, :: -1 if mirrored else 1]
    rows, columns = np.flatnonzero((grey >= DARK).any(axis=1)), np.flatnonzero((grey >= DARK).any(axis=0))
    if not rows.size:
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    wide, high = (box[2] - box[0]) / grey.shape[1], (box[3] - box[1]) / grey.shape[0]
    grey = grey[top:bottom, left:right]
    cell = -(-max(grey.shape) // MOST_CELLS)
    padded = np.pad(grey, ((0, -grey.shape[0] % cell), (0, -grey.shape[1] % cell)))
    cells = padded.reshape(padded.shape[0] // cell, cell, padded.shape[1] // cell, cell).max(axis=(1, 3))
    stream = BytesIO()
    Image.fromarray(cells).save(stream, "PNG", optimize=True)
    reach = (
        box[0] + left * wide,
        box[1] + top * high,
        box[0] + (left + padded.shape[1]) * wide,
        box[1] + (top + padded.shape[0]) * high,
    )
    return {"box": [round(value, 1) for value in reach], "png": base64.b64encode(stream.getvalue()).decode("ascii")}


def heat_values(stored: dict[str, Any]) -> np.ndarray:
    """The map's cells, float32 (rows, columns), 0–1, in the frame's orientation; the inverse of `heat_map`."""
    with Image.open(BytesIO(base64.b64decode(stored["png"]))) as image:
        return np.asarray(image, dtype=np.float32) / 255.0
