"""Which marks of a woman's films are shown, and which of them belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screening.scoring.breast_film import Film
from screening.scoring.breast_matching import SeenMark, match_views, mirrored
from screening.scoring.breast_pectoral import pectoral_mask
from screening.scoring.breast_reading import FilmReading, Mark, foremost, joined

MARKS_A_VIEW = 3
# Of the marks that crossed the threshold out of fold on CBIS-DDSM and mini-MIAS, none so near the nipple or the skin
# was a mass, and 12 of 44 in the muscle were.
NIPPLE_MM = 12.0
EDGE_MM = 5.0
OTHER_VIEW = {"CC": "MLO", "MLO": "CC"}


@dataclass(frozen=True, slots=True)
class ReadView:
    """One view of a woman. side: "R" or "L"; view: "CC" or "MLO"; reading: judged; film: upright."""

    side: str
    view: str
    film: Film
    reading: FilmReading


@dataclass(frozen=True, slots=True)
class ShownMark:
    """A mark to show. view: place of its view among the views; probability: 0–1, with the breast's other view heard;
    matched: place among the shown of the same mass in the other view; mirrored: of the mark in the mirror place of
    the other breast; either None."""

    mark: Mark
    view: int
    probability: float
    matched: int | None = None
    mirrored: int | None = None


def shown_marks(views: Sequence[ReadView], points: Mapping[str, Any]) -> list[ShownMark]:
    """Marks from the bundle's threshold on, at most three a view, by falling probability.

    Left out: what lies at the nipple or the skin, and in the pectoral muscle of an MLO unless the CC shows it too.
    points: the bundle's operating points.
    """
    found = [one for place in range(len(views)) for one in _of_view(views, place, points)]
    found.sort(key=lambda one: (-one.probability, one.view, one.mark.box))
    seen = [_seen(one, views[one.view]) for one in found]
    pairs = match_views(seen)
    muscle = {place: pectoral_mask(one.film) for place, one in enumerate(views) if one.view == "MLO"}
    kept = [n for n, one in enumerate(found) if n in pairs or not _inside(muscle.get(one.view), one.mark)]
    found, seen = [found[n] for n in kept], [seen[n] for n in kept]
    pairs, mirrors = match_views(seen), mirrored(seen)
    return [ShownMark(one.mark, one.view, one.probability, pairs.get(n), mirrors.get(n)) for n, one in enumerate(found)]


def _of_view(views: Sequence[ReadView], place: int, points: Mapping[str, Any]) -> list[ShownMark]:
    own = views[place]
    other = next((v for v in views if v.side == own.side and v.view == OTHER_VIEW[own.view]), None)
    beside = None if other is None else other.reading.marks
    marks = [
        ShownMark(mark, place, joined(mark, own.view, beside, points["pair"]))
        for mark in own.reading.marks
        if mark.edge_mm >= EDGE_MM and mark.from_nipple_mm >= NIPPLE_MM
    ]
    marks = [one for one in marks if one.probability >= points["mark"]["threshold"]]
    return sorted(marks, key=lambda one: -one.probability)[:MARKS_A_VIEW]


def _seen(one: ShownMark, view: ReadView) -> SeenMark:
    rise = (foremost(view.film)[1] - one.mark.centre[1]) * view.film.pixel_mm
    return one.mark.seen(view.side, view.view, rise, view.film.pixel_mm)


def _inside(muscle: Any, mark: Mark) -> bool:
    """Does the mark's centre lie in the muscle (bool mask of the canvas, or None)?"""
    if muscle is None:
        return False
    column, row = (int(value) for value in mark.centre)
    return bool(0 <= row < muscle.shape[0] and 0 <= column < muscle.shape[1] and muscle[row, column])
