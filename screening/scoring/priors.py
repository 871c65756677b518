"""An earlier study as a scorer sees it: what its own score run found, never its pixels.

Pure data. A result is comparable when its attributes hold `study_date` (ISO, from StudyDate) and
`place_frame_mm`, the box of the organ in patient space [[x0, x1], [y0, y1], [z0, z1]] (mm, LPS), and each of
its findings `centre_mm` [x, y, z] in the same space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PriorFinding:
    """One finding of an earlier study: id, type, location, size_mm and attributes as in `FindingResult`.

    centre_mm: patient position (x, y, z in mm, LPS) in that study's own frame of reference.
    """

    id: str
    type: str
    location: str
    size_mm: float
    centre_mm: Point
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PriorExam:
    """The last scored, comparable earlier study of the same patient record, site and programme.

    frame_mm: box of the organ in that study's patient space. complete: neither limitations nor findings
    left out, so that what is not there was not there. run: the score run it comes from, None offline.
    """

    study_uid: str
    study_date: date
    frame_mm: Box
    findings: tuple[PriorFinding, ...]
    complete: bool
    category: str | None
    model_version: str
    run: int | None = None


def is_comparable(result: Mapping[str, Any]) -> bool:
    """May a later study be compared with this line of `score --json`?"""
    return prior_exam(result) is not None


def prior_exam(result: Mapping[str, Any], run: int | None = None) -> PriorExam | None:
    """The earlier study of one line of `score --json`; None unless it was scored and is comparable."""
    attributes = result.get("attributes") or {}
    day = _day(attributes.get("study_date"))
    frame = [_numbers(side, 2) for side in attributes.get("place_frame_mm") or ()]
    if result.get("state") != "scored" or day is None or len(frame) != 3:
        return None
    sides = [(side[0], side[1]) for side in frame if side is not None and side[0] < side[1]]
    findings = [_finding(each) for each in result.get("findings") or ()]
    if len(sides) != 3 or not all(findings):
        return None
    return PriorExam(
        study_uid=str(result.get("study_uid")),
        study_date=day,
        frame_mm=(sides[0], sides[1], sides[2]),
        findings=tuple(each for each in findings if each is not None),
        complete=not result.get("limitations") and not attributes.get("findings_left_out"),
        category=result.get("category"),
        model_version=str((result.get("model") or {}).get("version", "")),
        run=run,
    )


def _finding(given: Mapping[str, Any]) -> PriorFinding | None:
    attributes = given.get("attributes") or {}
    centre = _numbers(attributes.get("centre_mm"), 3)
    size = given.get("size_mm")
    if centre is None or not isinstance(size, int | float) or size <= 0:
        return None
    return PriorFinding(
        id=str(given.get("id")),
        type=str(given.get("type")),
        location=str(given.get("location")),
        size_mm=float(size),
        centre_mm=(centre[0], centre[1], centre[2]),
        attributes=attributes,
    )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _numbers(value: object, count: int) -> list[float] | None:
    if not isinstance(value, list | tuple) or len(value) != count:
        return None
    return [float(each) for each in value] if all(isinstance(each, int | float) for each in value) else None
