"""Is a picture like those a model was trained on? A few measures that can be named, and limits for each.

The limits are kept as `familiarity.json` beside the weights (made by `python -m training.familiarity`). A picture is
strange when one measure lies beyond its limits, or when all together lie too far from what was seen (Mahalanobis
distance): a network has an answer for any picture, also for one that shows nothing it knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.bundle import BundleError

FILE = "familiarity.json"


@dataclass(frozen=True, slots=True)
class Words:
    """How to say in a sentence after "they …" that a measure is far above or far below what is usual."""

    above: str
    below: str


@dataclass(frozen=True)
class Familiarity:
    """What was seen in training.

    names: of the measures, in order. centre, spread: their median and robust standard deviation. low, high: beyond
    them a picture is strange. mean, precision: for the distance; limit: the largest distance (root of the mean of
    squared standard scores) that is familiar.
    """

    names: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    precision: np.ndarray
    limit: float

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Familiarity:
        """From the content of `familiarity.json`. Raises KeyError, ValueError when it is not one."""
        rows = content["measures"]
        columns = {
            key: np.array([float(row[key]) for row in rows]) for key in ("centre", "spread", "low", "high", "mean")
        }
        return cls(
            names=tuple(str(row["name"]) for row in rows),
            precision=np.array(content["precision"], dtype=np.float64).reshape(len(rows), len(rows)),
            limit=float(content["limit"]),
            **columns,
        )

    def distance(self, measures: Mapping[str, float]) -> float:
        """How far from the middle of what was seen; infinite where a measure could not be taken."""
        away = self._row(measures) - self.mean
        if not np.isfinite(away).all():
            return float("inf")
        return float(np.sqrt(max(0.0, away @ self.precision @ away) / len(away)))

    def strangest(self, measures: Mapping[str, float]) -> tuple[str, bool] | None:
        """(name, is it above?) of the measure that is strangest, None for a familiar picture."""
        row = self._row(measures)
        missing = np.flatnonzero(~np.isfinite(row))
        if len(missing):
            return self.names[int(missing[0])], False
        beyond = np.maximum(self.low - row, row - self.high) / self.spread
        if beyond.max() <= 0 and self.distance(measures) <= self.limit:
            return None
        scores = (row - self.centre) / self.spread
        place = int(beyond.argmax() if beyond.max() > 0 else np.abs(scores).argmax())
        return self.names[place], bool(scores[place] > 0)

    def _row(self, measures: Mapping[str, float]) -> np.ndarray:
        return np.array([float(measures.get(name, np.nan)) for name in self.names])


@lru_cache(maxsize=16)
def familiarity_in(folder: Path) -> Familiarity | None:
    """What the bundle in `folder` says it was trained on, None for a bundle that does not say.

    Raises `BundleError` when what it says cannot be used.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Familiarity.of(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{FILE} of the bundle {folder.name} cannot be used.") from error


def strange_words(folder: Path, measures: Mapping[str, float], words: Mapping[str, Words]) -> str | None:
    """What is strange about a picture, to follow "they …"; None for a familiar one."""
    known = familiarity_in(folder)
    found = known.strangest(measures) if known is not None else None
    if found is None:
        return None
    name, above = found
    return words[name].above if above else words[name].below
