"""Pixels that a model must not be shown: damaged ones, and pictures unlike any that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from screening.dicom.pixels import PixelError
from screening.dicom.volume import Volume
from screening.scoring import familiarity_chest, familiarity_film, familiarity_head
from screening.scoring.brain_slices import SkullView
from screening.scoring.breast_film import Film
from screening.scoring.familiarity import strange_words
from screening.scoring.types import Refusal

# A slice may have this part of its rows more without a picture than its neighbours.
MOST_BLANK_ROWS = 0.12
WINDOW = 5
ABOVE_BACKGROUND_HU = 60
SPIKE_HU = 400
SPIKE_GREY = 0.25
MOST_SPIKES = 0.004
EVERY_ROW = 3
BRIGHT_BACKDROP = 0.6
STRIPS = (0.74, 0.8, 0.86, 0.92)


def refuse_damaged_volume(volume: Volume) -> None:
    """Raise `Refusal` for a stack with an empty, a half-filled or a speckled slice."""
    blank = np.array([_blank_rows(plane) for plane in volume.hu])
    spikes = np.array([_spikes(plane[::EVERY_ROW], SPIKE_HU) for plane in volume.hu])
    if float(np.median(spikes)) > MOST_SPIKES:
        raise Refusal("The pictures are full of stray pixels, much noisier than anything that a scanner makes.")
    for index in range(len(blank)):
        number = volume.numbers[index]
        around = np.delete(blank[max(0, index - WINDOW) : index + WINDOW + 1], min(index, WINDOW), axis=0)
        usual = float(np.median(around[:, 0])) if len(around) else 0.0
        inside = 1 < index < len(blank) - 2
        if blank[index, 0] >= 1.0 and inside:
            raise Refusal(f"Slice {number} of the stack holds no picture; the images are damaged.")
        nearest = float(blank[[max(0, index - 1), min(len(blank) - 1, index + 1)], 0].max())
        jumps = inside and blank[index, 0] > max(usual, min(nearest, 1.0)) + MOST_BLANK_ROWS
        if jumps or blank[index, 1] > MOST_BLANK_ROWS:
            raise Refusal(f"Part of slice {number} of the stack holds no picture; the images are damaged.")
        if spikes[index] > MOST_SPIKES:
            raise Refusal(f"Slice {number} of the stack is full of stray pixels; the images are damaged.")


def refuse_strange_chest(volume: Volume, folder: Path) -> None:
    """Raise `Refusal` for a volume unlike the chests that the bundle in `folder` knows."""
    measures = familiarity_chest.chest_measures(volume.hu, volume.spacing)
    _refuse(strange_words(folder, measures, familiarity_chest.WORDS), "lung")


def refuse_strange_head(hu: np.ndarray, pixel_mm: float, views: Sequence[SkullView], folder: Path) -> None:
    """Raise `Refusal` for slices (HU, lowest first) unlike the heads that the bundle in `folder` knows."""
    measures = familiarity_head.head_measures(hu, pixel_mm, views)
    _refuse(strange_words(folder, measures, familiarity_head.WORDS), "brain")


def check_film(grey: np.ndarray, film: Film, folder: Path) -> None:
    """Raise `PixelError` for a mammogram that is damaged or unlike those that the bundle in `folder` knows.

    grey: (rows, columns) 0–1 as seen; film: prepared from it.
    """
    rows = grey.max(axis=1) == grey.min(axis=1)
    filled = rows & (grey[:, 0] > 0.08) & (grey[:, 0] < 0.98)
    if filled.mean() > MOST_BLANK_ROWS or _is_cut_off(grey, rows):
        raise PixelError("Part of the image holds no picture; it is damaged.")
    if _backdrop(grey, film.mirrored) > BRIGHT_BACKDROP:
        raise PixelError("The background of the image is bright, as in an inverted picture.")
    if _spikes(grey, SPIKE_GREY) > MOST_SPIKES:
        raise PixelError("The image is full of stray pixels; it is damaged.")
    strange = strange_words(folder, familiarity_film.film_measures(film), familiarity_film.WORDS)
    if strange is not None:
        raise PixelError(f"The pictures are not like those the breast model was made for: they {strange}.")


def _refuse(strange: str | None, model: str) -> None:
    if strange is not None:
        raise Refusal(f"The pictures are not like those the {model} model was made for: they {strange}.")


def _blank_rows(plane: np.ndarray) -> tuple[float, float]:
    """The part of a slice's rows that hold one value only, and the part whose value is not its background."""
    low = plane.min(axis=1)
    blank = low == plane.max(axis=1)
    return float(blank.mean()), float((blank & (low > int(low.min()) + ABOVE_BACKGROUND_HU)).mean())


def _spikes(picture: np.ndarray, least: float) -> float:
    """The part of pixels that stand out from both neighbours in their row, the same way, by `least`."""
    values = picture.astype(np.float32)
    before, after = values[:, 1:-1] - values[:, :-2], values[:, 1:-1] - values[:, 2:]
    return float(((np.minimum(np.abs(before), np.abs(after)) > least) & (before * after > 0)).mean())


def _backdrop(grey: np.ndarray, mirrored: bool) -> float:
    """The usual grey (0–1) beside the nipple: of four upright strips the darkest, for films have white rims."""
    upright = grey[:, ::-1] if mirrored else grey
    width = grey.shape[1]
    return min(float(np.median(upright[:, int(start * width) : int((start + 0.06) * width)])) for start in STRIPS)


def _is_cut_off(grey: np.ndarray, blank: np.ndarray) -> bool:
    """Does the picture break off into blank rows in the middle of the breast?"""
    edges = np.flatnonzero(np.diff(blank.astype(np.int8)) != 0)
    for edge in edges:
        above, below = (edge, edge + 1) if blank[edge + 1] else (edge + 1, edge)
        rest = blank[edge + 1 :] if blank[edge + 1] else blank[: edge + 1]
        if rest.mean() < 0.95 or len(rest) < 0.04 * len(blank):
            continue
        if float((np.abs(grey[above] - grey[below]) > 0.1).mean()) > 0.25:
            return True
    return False
