"""The findings of a study that stand, the AI's and the readers' own, as lesions that two dates can have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from screening.models import Instance, ScoreRun, Study
from screening.rules.lesion_change import Lesion, centre_of_box
from screening.selectors.measuring import Decided, decided_findings

Box = list[tuple[float, float]]
Point = tuple[float, float, float]


def standing_findings(study: Study, run: ScoreRun | None, *, blind: bool) -> list[Decided]:
    """The model's findings that no reader has rejected and the readers' own; the model's alone, all of them, while
    opinions are blind of each other."""
    found = list(run.findings.all()) if run else []
    if blind:
        return [Decided(each.key, each, None) for each in found]
    return [each for each in decided_findings(study, found) if not each.gone]


def number_of(each: Decided) -> int | str:
    """How the page counts it: the AI's 1, 2 …, the reader's R1, R2 …"""
    return each.finding.number if each.finding else each.key.upper()


def lesions_of(
    study: Study, decided: Sequence[Decided], run: ScoreRun | None, prior: Study, prior_run: ScoreRun | None
) -> list[Lesion]:
    """Each finding with its place inside the organ, in mm of the earlier study's box; run: of `study` itself. One query
    where a reader has drawn a box, else none."""
    frame, scale = organ_box(run), organ_box(prior_run)
    drawn = _drawn_centres(study, decided)
    return [_lesion(each, frame, scale, drawn.get(each.key), _matched(each, prior, prior_run, run)) for each in decided]


def organ_box(run: ScoreRun | None) -> Box | None:
    """[(low, high)] of x, y and z in mm (LPS): where the result found the organ, None where it does not say."""
    sides = (run.result.get("attributes") or {}).get("place_frame_mm") if run else None
    if not isinstance(sides, list) or len(sides) != 3:
        return None
    box = [(_number(side[0]), _number(side[1])) for side in sides if isinstance(side, list) and len(side) == 2]
    known = [(low, high) for low, high in box if low is not None and high is not None and low < high]
    return known if len(known) == 3 else None


def _drawn_centres(study: Study, decided: Sequence[Decided]) -> dict[str, Point | None]:
    """Key → the middle of the box that a reader drew, None where its image does not say where it lies."""
    drawn = {each.key: each for each in decided if each.decision is not None and "box" in each.decision.values}
    if not drawn:
        return {}
    names = {each.value("sop_uid") for each in drawn.values()}
    images = Instance.objects.filter(series__study=study, sop_uid__in=names)
    # Images of many frames keep a position for each; the header holds that of none.
    headers: dict[str, Mapping[str, Any]] = {image.sop_uid: image.header for image in images if image.frames <= 1}
    return {
        key: centre_of_box(headers[each.value("sop_uid")], each.value("box"))
        if each.value("sop_uid") in headers
        else None
        for key, each in drawn.items()
    }


def _lesion(each: Decided, frame: Box | None, scale: Box | None, drawn: Point | None, matched: str) -> Lesion:
    finding = each.finding
    attributes = finding.attributes if finding else {}
    moved = each.decision is not None and "box" in each.decision.values
    size = each.value("size_mm")
    # The model's volume is of its own outline, not of the size that a reader gave instead.
    volume = attributes.get("volume_mm3") if finding and size == finding.size_mm else None
    return Lesion(
        key=each.key,
        type=each.value("type") or "",
        location=(each.value("location") or "").strip().casefold(),
        size_mm=size,
        volume_mm3=_number(volume),
        centre_mm=_inside(list(drawn) if drawn else None if moved else attributes.get("centre_mm"), frame, scale),
        side="" if moved else str(attributes.get("side") or ""),
        matched=matched,
    )


def _matched(each: Decided, prior: Study, prior_run: ScoreRun | None, run: ScoreRun | None) -> str:
    history = each.finding.attributes.get("history") if each.finding else None
    if run is None or prior_run is None or not isinstance(history, dict):
        return ""
    compared = (run.result.get("attributes") or {}).get("compared_with") or {}
    if history.get("prior_study_uid") != prior.study_uid:
        return ""
    # Another run of the earlier study numbers its findings anew.
    return str(history.get("prior_id") or "") if compared.get("run") in (None, prior_run.pk) else ""


def _inside(centre: Any, box: Box | None, scale: Box | None) -> Point | None:
    """mm from the corner of the organ's box, as if it were as large as that of the earlier study."""
    if not isinstance(centre, list) or len(centre) != 3 or box is None or scale is None:
        return None
    numbers = [_number(value) for value in centre]
    x, y, z = (
        (value - low) / (high - low) * (end - begin) if value is not None else None
        for value, (low, high), (begin, end) in zip(numbers, box, scale, strict=True)
    )
    return (x, y, z) if x is not None and y is not None and z is not None else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
