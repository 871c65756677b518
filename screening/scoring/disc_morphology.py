"""Binary morphology with a disc, many times as fast as a general one and equal to it to the pixel.

A disc is a pile of rows: each is widened once, and the pile is put together by shifted ORs.
"""

from __future__ import annotations

from math import isqrt

import numpy as np


def dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """The places within `radius` pixels (centre to centre) of the mask; bool [rows, columns]."""
    return _piled(np.pad(mask, radius), radius)


def eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """The places whose whole disc lies in the mask; what is beyond the picture is not mask."""
    return ~_piled(np.pad(~mask, radius, constant_values=True), radius)


def opened(mask: np.ndarray, radius: int) -> np.ndarray:
    """Eroded, then dilated: without what is too narrow for the disc."""
    return dilated(eroded(mask, radius), radius)


def closed(mask: np.ndarray, radius: int) -> np.ndarray:
    """Dilated, then eroded: gaps too narrow for the disc filled."""
    return eroded(dilated(mask, radius), radius)


def _piled(padded: np.ndarray, radius: int) -> np.ndarray:
    rows, columns = padded.shape[0] - 2 * radius, padded.shape[1] - 2 * radius
    widened = [padded[:, radius : radius + columns]]
    for reach in range(1, radius + 1):
        left = padded[:, radius - reach : radius - reach + columns]
        right = padded[:, radius + reach : radius + reach + columns]
        widened.append(widened[-1] | left | right)
    piled: np.ndarray = widened[radius][radius : radius + rows].copy()
    for away in range(1, radius + 1):
        row = widened[isqrt(radius * radius - away * away)]
        piled |= row[radius - away : radius - away + rows]
        piled |= row[radius + away : radius + away + rows]
    return piled
