"""Nodules compared with the last study: matched, graded by the complete Lung-RADS rule, with the reasons.

Two studies have two frames of reference, so a place is compared by where it lies inside the box of the lungs.
A match is the model's own and unconfirmed; a reader judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

import numpy as np
from pydicom.dataset import Dataset
from scipy.optimize import linear_sum_assignment

from screening.dicom.volume import Volume
from screening.rules.doubling_time import DoublingTime, from_diameters, from_volumes, within_error
from screening.rules.growth import Growth, growth, is_slow_growth, whole_months
from screening.rules.lung_rads import (
    Before,
    Change,
    ExamGrade,
    Grade,
    NoduleMeasure,
    NoduleType,
    applicability,
    due_date,
    grade_exam,
    infection_signs,
)
from screening.rules.lung_rads_nodule import CHANGE_WORDS, rank
from screening.rules.reasons import Reason
from screening.scoring.lung_risk import age_of, brock_attributes, study_date_of
from screening.scoring.priors import Box, PriorExam, PriorFinding
from screening.scoring.types import FindingResult

REACH_MM = 15.0
# Another lobe or type speaks against a match without ruling it out: both are the model's own readings.
OTHER_LOBE_MM = 6.0
OTHER_TYPE_MM = 4.0
LUNGS_ALIKE = 1.33
SHORT_INTERVAL_DAYS = 190
SUBSOLID = ("part_solid_nodule", "ground_glass_nodule")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Assessed:
    """Findings with their history, category and reasons, the most suspicious first; the examination's grade."""

    findings: tuple[FindingResult, ...]
    grade: ExamGrade
    sentence: str
    attributes: Facts


@dataclass(frozen=True)
class _Match:
    """A nodule and what it was before."""

    prior: PriorFinding
    distance_mm: float
    days: int
    growth: Growth
    doubling: DoublingTime | None
    change: Change
    solid_change: Change | None
    trail: tuple[tuple[date, float], ...]


def lungs_frame(volume: Volume, mask: np.ndarray, step: int) -> Box:
    """The box of the lungs in patient space (mm, LPS), the outermost half per cent apart.

    mask: bool (slices, rows / step, columns / step), not empty.
    """
    ends = []
    for axis, size in enumerate((1, step, step)):
        counts = np.cumsum(mask.sum(axis=tuple(other for other in range(3) if other != axis)))
        low, high = np.searchsorted(counts, [0.005 * counts[-1], 0.995 * counts[-1]])
        ends.append((float(low) * size, float(high) * size))
    corners = np.array([volume.to_patient(*(end[side] for end in ends)) for side in (0, 1)])
    low_corner, high_corner = corners.min(0), corners.max(0)
    sides = [
        (round(float(a), 1), round(float(max(b, a + 1.0)), 1)) for a, b in zip(low_corner, high_corner, strict=True)
    ]
    return sides[0], sides[1], sides[2]


def assess(
    findings: Sequence[FindingResult],
    header: Dataset,
    frame: Box,
    limitations: Sequence[str],
    prior: PriorExam | None,
) -> Assessed:
    """Grade the nodules of a study, compared with `prior` where there is one.

    findings: every nodule, with `centre_mm`, `lobe`, `side` and the sizes among its attributes. header: of any
    image of the study. A prior that is not older, or shows other parts of the lungs, is not compared with.
    """
    today = study_date_of(header)
    why_not = _not_comparable(prior, today, frame)
    usable = prior if prior is not None and why_not is None else None
    matches = _matched(findings, frame, usable, today) if usable and today else [None] * len(findings)
    measures = [_measured(finding, match, usable) for finding, match in zip(findings, matches, strict=True)]
    grade = grade_exam(measures, limitations, follow_up=usable is not None)
    risks = brock_attributes(findings, header)
    shown = []
    for finding, match, measure, graded, risk in zip(findings, matches, measures, grade.grades, risks, strict=True):
        more: Facts = {
            "category": graded.category,
            "category_row": graded.row,
            "reasons": [reason.as_json() for reason in _why(graded, match, measure.change, usable)],
            **risk,
        }
        if usable is not None and today is not None:
            more |= _history(finding, match, measure.change, usable, today)
        shown.append(replace(finding, attributes={**finding.attributes, **more}))
    shown.sort(key=lambda each: (-rank(each.attributes["category"]), -_weight(each)))
    numbered = tuple(replace(each, id=f"f{number}") for number, each in enumerate(shown, start=1))
    attributes: Facts = {"place_frame_mm": [list(side) for side in frame]}
    if today is not None:
        attributes["study_date"] = today.isoformat()
        if due := due_date(grade.category, today):
            attributes["follow_up_due"] = due.isoformat()
    if note := applicability(age=age_of(header)):
        attributes["category_note"] = note
    if why_not is not None:
        attributes["not_compared"] = why_not
    if usable is not None and today is not None:
        attributes |= _comparison(usable, today, matches, measures)
    return Assessed(numbered, grade, _sentence(grade, matches), attributes)


def _weight(finding: FindingResult) -> float:
    return finding.probability * float(finding.attributes.get("suspicion", 1.0))


def _not_comparable(prior: PriorExam | None, today: date | None, frame: Box) -> str | None:
    if prior is None:
        return None
    if today is None:
        return "The study has no date, so it is not compared with an earlier one."
    if prior.study_date >= today:
        return "The other study is not older, so it is not compared with."
    for now, then in zip(frame, prior.frame_mm, strict=True):
        ratio = (now[1] - now[0]) / (then[1] - then[0])
        if not 1 / LUNGS_ALIKE <= ratio <= LUNGS_ALIKE:
            return f"The study of {prior.study_date} shows another part of the lungs, so it is not compared with."
    return None


def _matched(findings: Sequence[FindingResult], frame: Box, prior: PriorExam, today: date) -> list[_Match | None]:
    """One earlier nodule at most for each: the pairing with the least sum of distances within reach."""
    found: list[_Match | None] = [None] * len(findings)
    if not findings or not prior.findings:
        return found
    extent = np.mean([np.diff(np.array(frame), axis=1)[:, 0], np.diff(np.array(prior.frame_mm), axis=1)[:, 0]], axis=0)
    now = _inside([finding.attributes["centre_mm"] for finding in findings], frame)
    then = _inside([finding.centre_mm for finding in prior.findings], prior.frame_mm)
    distances = np.linalg.norm((now[:, None] - then[None]) * extent, axis=2)
    costs = distances.copy()
    for row, finding in enumerate(findings):
        for column, earlier in enumerate(prior.findings):
            costs[row, column] += OTHER_LOBE_MM * (finding.attributes.get("lobe") != earlier.attributes.get("lobe"))
            costs[row, column] += OTHER_TYPE_MM * (finding.type != earlier.type)
            if finding.attributes.get("side") != earlier.attributes.get("side"):
                distances[row, column] = np.inf
    # What is out of reach costs more than any number of matches, and is dropped afterwards.
    costs[distances > REACH_MM] = 1e6
    for row, column in zip(*linear_sum_assignment(costs), strict=True):
        if distances[row, column] <= REACH_MM:
            earlier = prior.findings[column]
            found[row] = _compared(findings[row], earlier, float(distances[row, column]), prior.study_date, today)
    return found


def _inside(points: Sequence[Sequence[float]], box: Box) -> np.ndarray:
    """Points (n, 3) in mm as parts 0–1 of the box's sides."""
    low, high = np.array(box).T
    return np.asarray((np.array(points, float) - low) / (high - low))


def _compared(finding: FindingResult, earlier: PriorFinding, distance: float, then: date, today: date) -> _Match:
    days = (today - then).days
    size = finding.size_mm or 0.0
    whole = growth(earlier.size_mm, size, days)
    volumes = (earlier.attributes.get("volume_mm3"), finding.attributes.get("volume_mm3"))
    doubling: DoublingTime | None
    if all(isinstance(volume, int | float) and volume > 0 for volume in volumes):
        then_mm3, now_mm3 = float(volumes[0] or 0), float(volumes[1] or 0)
        # A time to double, made of a change that lies within the error of measuring, would be a made-up number.
        doubling = None if within_error(then_mm3, now_mm3) else from_volumes(then_mm3, now_mm3, days)
    else:
        doubling = None if whole.verdict == "stable" else from_diameters(earlier.size_mm, size, days)
    trail = (*_trail(earlier, then), (today, size))
    solid = _solid_growth(finding, earlier, days)
    change: Change = whole.verdict
    if finding.type == "solid_nodule" and solid is not None and solid.verdict == "growing":
        # A nodule that was subsolid is graded by what of it is solid now.
        whole, change = (solid, "growing") if whole.verdict != "growing" else (whole, change)
    if change != "growing" and is_slow_growth(trail):
        change = "slow_growth"
    solid_change: Change | None = None
    if finding.type == "part_solid_nodule":
        known = solid.verdict if solid else None
        solid_change = "new" if earlier.type == "ground_glass_nodule" else known
    return _Match(earlier, distance, days, whole, doubling, change, solid_change, trail)


def _solid_growth(finding: FindingResult, earlier: PriorFinding, days: int) -> Growth | None:
    """Growth of what is solid, where the nodule was subsolid before or is part-solid now; None when unknown."""
    if earlier.type not in SUBSOLID and finding.type != "part_solid_nodule":
        return None
    now, then = (
        _solid(finding.type, finding.size_mm, finding.attributes),
        _solid(earlier.type, earlier.size_mm, earlier.attributes),
    )
    return growth(then, now, days) if now is not None and then is not None else None


def _solid(kind: str, size: float | None, attributes: Any) -> float | None:
    """The mean diameter of what is solid, mm; None when unknown."""
    if kind == "solid_nodule":
        return size
    if kind == "ground_glass_nodule":
        return 0.0
    given = attributes.get("solid_component_mm")
    return float(given) if isinstance(given, int | float) else None


def _trail(earlier: PriorFinding, then: date) -> list[tuple[date, float]]:
    """Date and size at each examination up to the earlier one, as its own run wrote them down."""
    written = (earlier.attributes.get("history") or {}).get("trail") or []
    known = [(date.fromisoformat(step["date"]), float(step["size_mm"])) for step in written]
    return [*(step for step in known if step[0] < then), (then, earlier.size_mm)]


def _measured(finding: FindingResult, match: _Match | None, prior: PriorExam | None) -> NoduleMeasure:
    kind = cast("NoduleType", finding.type)
    size = finding.size_mm or 0.0
    solid = finding.attributes.get("solid_component_mm")
    if match is None:
        # Of an earlier study that was not wholly read, nobody knows what was not there.
        first: Change = "new" if prior is not None and prior.complete else "baseline"
        return NoduleMeasure(kind, size, solid, change=first)
    before = Before(
        category=match.prior.attributes.get("category"),
        diameter_mm=match.prior.size_mm,
        months=whole_months(match.days),
        type=cast("NoduleType", match.prior.type),
        solid_mm=match.prior.attributes.get("solid_component_mm"),
    )
    return NoduleMeasure(kind, size, solid, change=match.change, solid_change=match.solid_change, before=before)


def _history(finding: FindingResult, match: _Match | None, change: Change, prior: PriorExam, today: date) -> Facts:
    """What a finding's attributes say of the earlier study."""
    told: Facts = {
        "status": change,
        "prior_study_uid": prior.study_uid,
        "prior_date": prior.study_date.isoformat(),
        "days": (today - prior.study_date).days,
        "confirmed": False,
    }
    if match is None:
        return {"history": {**told, "trail": [_step(today, finding.size_mm or 0.0)]}}
    told |= {
        "prior_id": match.prior.id,
        "prior_category": match.prior.attributes.get("category"),
        "distance_mm": round(match.distance_mm, 1),
        "solid_change": match.solid_change,
        "trail": [_step(day, size) for day, size in match.trail],
    }
    more: Facts = {"history": told, "prior_size_mm": match.prior.size_mm}
    more["growth_mm"] = round((finding.size_mm or 0.0) - match.prior.size_mm, 1)
    if match.doubling is not None and match.doubling.days is not None:
        more |= {"doubling_days": round(match.doubling.days), "doubling_basis": match.doubling.basis}
    return more


def _why(grade: Grade, match: _Match | None, change: Change, prior: PriorExam | None) -> list[Reason]:
    """The row of the table, the measurements it was held against, and the comparison."""
    found = [Reason("row", grade.category, "", f"Category {grade.category}: {grade.row}."), *grade.reasons]
    if prior is None:
        return found
    text = f"Compared with {prior.study_date}: {CHANGE_WORDS[change]}. The match is the model's own, unconfirmed."
    if match is None and change == "new":
        text = (
            f"No nodule was matched on the study of {prior.study_date}: new. The match is the model's own, unconfirmed."
        )
    elif match is None:
        text = f"The study of {prior.study_date} was not wholly read, so this may not be new."
    found.append(Reason("change", change, "", text))
    if match is None:
        return found
    error = Reason("doubling_time", None, "days", "The size changed within the error of measuring: no doubling time.")
    return [*found, match.growth.reason, match.doubling.reason if match.doubling else error]


def _step(day: date, size: float) -> Facts:
    return {"date": day.isoformat(), "size_mm": size}


def _comparison(
    prior: PriorExam, today: date, matches: Sequence[_Match | None], measures: Sequence[NoduleMeasure]
) -> Facts:
    """What the study's attributes say of the earlier one."""
    kept = {match.prior.id for match in matches if match is not None}
    days = (today - prior.study_date).days
    told: Facts = {
        "compared_with": {
            "study_uid": prior.study_uid,
            "study_date": prior.study_date.isoformat(),
            "days": days,
            "run": prior.run,
            "model_version": prior.model_version,
            "category": prior.category,
            "complete": prior.complete,
            "confirmed": False,
        },
        "resolved": [
            {"id": earlier.id, "type": earlier.type, "location": earlier.location, "size_mm": earlier.size_mm}
            for earlier in prior.findings
            if earlier.id not in kept
        ],
    }
    new = [measure for measure in measures if measure.change == "new"]
    solid = [measure.diameter_mm for measure in new if measure.type == "solid_nodule"]
    if signs := infection_signs(solid if days <= SHORT_INTERVAL_DAYS else [], new_nodules=len(new)):
        told["infection_signs"] = list(signs)
    return told


def _sentence(grade: ExamGrade, matches: Sequence[_Match | None]) -> str:
    """The rule's sentence, with the numbers of the comparison behind the deciding nodule."""
    match = matches[grade.decided_by] if grade.decided_by is not None else None
    if match is None or grade.category == "0":
        return grade.sentence
    return f"{grade.sentence} It measured {match.prior.size_mm:.1f} mm {match.days} days before."
