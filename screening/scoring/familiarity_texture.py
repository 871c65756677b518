"""Measures of grain, edges and kinship that the programmes share. All pictures are 2-D, float."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import ndimage

# A pixel less the mean of its four neighbours: white noise of standard deviation 1 becomes sqrt(1.25).
_WHITE = 1.25**0.5


def fine_detail(picture: np.ndarray) -> np.ndarray:
    """Each pixel less the mean of its four neighbours, edges left out: shape (rows − 2, columns − 2)."""
    inner = picture[1:-1, 1:-1]
    around = picture[:-2, 1:-1] + picture[2:, 1:-1] + picture[1:-1, :-2] + picture[1:-1, 2:]
    return np.asarray(inner - around / 4.0, dtype=np.float32)


def noise_in(picture: np.ndarray, mask: np.ndarray) -> float:
    """Robust standard deviation of the finest detail inside `mask`, in the picture's units; NaN for an empty mask."""
    inside = mask[1:-1, 1:-1]
    if int(inside.sum()) < 50:
        return float("nan")
    return float(1.4826 * np.median(np.abs(fine_detail(picture)[inside])) / _WHITE)


def coarse(picture: np.ndarray, step: int) -> np.ndarray:
    """Means over step × step pixels."""
    rows, columns = picture.shape[0] // step * step, picture.shape[1] // step * step
    blocks = picture[:rows, :columns].astype(np.float32).reshape(rows // step, step, columns // step, step)
    return np.asarray(blocks.mean((1, 3)))


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a mask."""
    labels, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()))


def likeness(one: np.ndarray, other: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Correlation (−1 to 1) of two pictures inside `mask`; 0 where one of them is flat."""
    a, b = (one[mask], other[mask]) if mask is not None else (one.ravel(), other.ravel())
    if a.size < 20:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 1e-6 else 0.0


def mirror_likeness(picture: np.ndarray, mask: np.ndarray) -> float:
    """Correlation (−1 to 1) of the masked part with its mirror image about its own middle column."""
    rows, columns = np.nonzero(mask)
    if len(columns) < 20:
        return 0.0
    middle = float(columns.mean())
    best = -1.0
    for shift in (-2, -1, 0, 1, 2):
        mirrored = np.rint(2 * middle + shift - np.arange(picture.shape[1])).astype(int)
        kept = (mirrored >= 0) & (mirrored < picture.shape[1])
        place = np.clip(mirrored, 0, picture.shape[1] - 1)
        both = mask & mask[:, place] & kept[None, :]
        best = max(best, likeness(picture, picture[:, place], both))
    return best


def order_of(planes: Sequence[np.ndarray]) -> tuple[float, float]:
    """How slices follow each other, from small pictures of consecutive slices: (kinship, order).

    kinship: the median correlation of neighbours. order: by how much neighbours are more alike than slices three
    apart; about 0 for a stack out of order or without any.
    """
    near = [likeness(one, other) for one, other in pairwise(planes)]
    far = [likeness(one, other) for one, other in zip(planes, planes[3:], strict=False)]
    if not far:
        return float("nan"), float("nan")
    return float(np.median(near)), float(np.mean(near) - np.mean(far))


def solidity(mask: np.ndarray) -> float:
    """4π area / perimeter² of a mask (Cox 1927): 1 for a disc, near 0 for rags."""
    area = float(mask.sum())
    padded = np.pad(mask, 1)
    edge = sum(float((padded != np.roll(padded, 1, axis)).sum()) for axis in (0, 1))
    # a digital outline is longer than a smooth one by about 4 / π
    perimeter = edge * np.pi / 4
    return float(4 * np.pi * area / perimeter**2) if perimeter else 0.0
