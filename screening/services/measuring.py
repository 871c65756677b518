"""Keeping what readers measure: a row each time, the value worked out here, a lost race told with both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from screening.dicom import measuring
from screening.dicom.decoded import modality_values
from screening.dicom.elements import clean
from screening.dicom.pixels import PixelError
from screening.dicom.stack import VOLUMES, along_normal, points_in_plane, volume_of
from screening.models import Instance, Measurement, Study
from screening.selectors import open_reading
from screening.selectors.measuring import is_frozen, stays_with
from screening.storage import MissingObject, UnreadableObject, storage

TRIES = 5
# Larger files are not opened for the figures of a region: what answers a click has bounds.
LARGEST_FILE = 256 << 20
LONGEST_TEXT = 200
log = structlog.get_logger(__name__)


class MeasurementConflict(Exception):
    """Somebody else changed it first. theirs: the version that stands, None when there is none of that uid."""

    def __init__(self, theirs: Measurement | None) -> None:
        super().__init__("The measurement has changed.")
        self.theirs = theirs


class MeasurementFrozen(Exception):
    """A signed report rests on it. theirs: the version that stands."""

    def __init__(self, theirs: Measurement) -> None:
        super().__init__("The measurement belongs to a signed report.")
        self.theirs = theirs


class MeasurementHeld(Exception):
    """Another reader drew it, and the study is being read by somebody else. theirs: the version that stands."""

    def __init__(self, theirs: Measurement) -> None:
        super().__init__("The measurement is another reader's.")
        self.theirs = theirs


def save_measurement(
    *, study: Study, author: User, uid: UUID, version: int, sent: Mapping[str, Any], request: HttpRequest | None = None
) -> tuple[Measurement, bool]:
    """Keep one state of a measurement, made from its `version` (0: a new one).

    sent: "tool", "sop_uid", "frame", "points", "text", "value" (what the browser shows, or None) and "removed"; of one
    across the slices "series_uid" and "plane" (as `Measurement` has it) instead of image and points.
    Returns the row that stands and whether the browser's value was more than 0.1 from it. The same state once more,
    as a browser sends it that did not hear the answer, adds nothing. Before: the image is the study's. After: the
    new version counts. Raises `MeasuringError`, `MeasurementConflict`, `MeasurementFrozen`,
    `MeasurementHeld`.
    """
    for _attempt in range(TRIES):
        newest = study.measurements.filter(uid=uid).select_related("author").order_by("-version").first()
        row = _row(study, author, uid, newest, sent)
        claimed = None if row.removed else sent.get("value")
        corrected = measuring.differs([measuring.Value(**each) for each in row.values], claimed)
        if newest is not None and _same(newest, row) and newest.author_id == author.pk:
            return newest, corrected
        if newest is not None and is_frozen(study, newest):
            raise MeasurementFrozen(newest)
        if newest is not None and stays_with(newest.author_id, open_reading(study), author):
            raise MeasurementHeld(newest)
        if version != (newest.version if newest else 0):
            raise MeasurementConflict(newest)
        try:
            with transaction.atomic():
                # Under the row's lock: no signature comes between this and the new version.
                study.refresh_from_db(fields=["status", "reported_at"], from_queryset=Study.objects.select_for_update())
                if newest is not None and is_frozen(study, newest):
                    raise MeasurementFrozen(newest)
                row.save()
                _record(row, author, request)
        except IntegrityError:
            # Either this version, or the number of a new one, was taken meanwhile: look again.
            continue
        return row, corrected
    raise MeasurementConflict(newest)


def _row(study: Study, author: User, uid: UUID, newest: Measurement | None, sent: Mapping[str, Any]) -> Measurement:
    """The next version, not kept yet. Of a removed one all but the removal is as it was."""
    if sent.get("removed"):
        if newest is None:
            raise MeasurementConflict(None)
        same = ("series_uid", "sop_uid", "frame", "tool", "points", "plane", "text", "values", "basis")
        state = {name: getattr(newest, name) for name in same} | {"removed": True}
    else:
        state = _measured(study, sent)
    if newest is not None and (state["tool"], *_where(**state)) != (newest.tool, *_where(**vars(newest))):
        raise measuring.MeasuringError("A measurement stays on its image.")
    if newest is not None:
        number = newest.number
    else:
        last = study.measurements.order_by("-number").first()
        number = last.number + 1 if last else 1
    version = newest.version + 1 if newest else 1
    return Measurement(study=study, uid=uid, number=number, version=version, author=author, at=timezone.now(), **state)


def _where(*, series_uid: str, sop_uid: str, plane: dict[str, Any] | None, **_rest: Any) -> tuple[str, str]:
    """What a measurement stays on: its image, or the planes of its series that have one name."""
    return (series_uid, plane["name"]) if plane else (sop_uid, "")


def _same(newest: Measurement, row: Measurement) -> bool:
    names = ("tool", "sop_uid", "frame", "points", "plane", "text", "removed")
    return all(getattr(newest, name) == getattr(row, name) for name in names)


def _measured(study: Study, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The state that was sent, its values worked out from the geometry and, of a region, from the stored pixels."""
    if sent.get("plane") is not None:
        return _measured_across(study, sent)
    sop_uid, frame, tool = sent.get("sop_uid"), sent.get("frame"), sent.get("tool")
    instance = (
        Instance.objects.filter(series__study=study, sop_uid=sop_uid).select_related("series").first()
        if isinstance(sop_uid, str)
        else None
    )
    if instance is None or not isinstance(frame, int) or not 1 <= frame <= max(1, instance.frames):
        raise measuring.MeasuringError("The measurement lies on no image of this study.")
    if not isinstance(tool, str):
        raise measuring.MeasuringError("There is no such tool.")
    points = measuring.checked_points(tool, sent.get("points"), rows=instance.rows, columns=instance.columns)
    scale = measuring.scale_of(instance.header, instance.series.modality)
    values = measuring.geometry(tool, points, scale)
    if tool in measuring.PIXEL_TOOLS:
        values += _figures(instance, frame, tool, points)
    return {
        "series_uid": instance.series.series_uid,
        "sop_uid": instance.sop_uid,
        "frame": frame,
        "tool": tool,
        "points": [[round(x, 3), round(y, 3)] for x, y in points],
        "plane": None,
        "text": clean(sent.get("text") or "", LONGEST_TEXT),
        "values": [value.as_json() for value in values],
        "basis": "" if tool in ("angle", "arrow", "probe") else scale.basis,
        "removed": False,
    }


def _measured_across(study: Study, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The same of what was drawn in a plane across the slices, from where each slice lies in the patient."""
    tool, series_uid = sent.get("tool"), sent.get("series_uid")
    series = study.series.filter(series_uid=series_uid).first() if isinstance(series_uid, str) else None
    stack = [each for each in series.instances.all() if each.rows and each.columns] if series else []
    if series is None or series.modality not in VOLUMES or not stack:
        raise measuring.MeasuringError("The measurement lies on no image of this study.")
    if not isinstance(tool, str):
        raise measuring.MeasuringError("There is no such tool.")
    stack.sort(key=lambda each: (along_normal(each.header), each.sop_uid))
    sizes = [(each.rows or 0, each.columns or 0, max(1, each.frames)) for each in stack]
    volume = volume_of([each.header for each in stack], sizes)
    if "refused" in volume:
        raise measuring.MeasuringError("No other planes can be cut from this series.")
    name, places = measuring.checked_plane(tool, sent.get("plane"))
    rows, columns, _frames = sizes[0]
    points, nearest = points_in_plane(volume, (rows, columns, len(stack)), name, places)
    return {
        "series_uid": series.series_uid,
        "sop_uid": stack[nearest].sop_uid,
        "frame": 1,
        "tool": tool,
        "points": [],
        "plane": {"name": name, "points": [[round(part, 3) for part in place] for place in places]},
        "text": "",
        "values": [value.as_json() for value in measuring.geometry(tool, points, measuring.Scale(1.0, 1.0, "patient"))],
        "basis": "" if tool == "angle" else "patient",
        "removed": False,
    }


def _figures(instance: Instance, frame: int, tool: str, points: list[measuring.Point]) -> list[measuring.Value]:
    """Of the stored pixels; none for pixels in colour, too large a file, or one that is gone: the area stands alone."""
    if instance.size > LARGEST_FILE:
        return []
    unit = "HU" if instance.series.modality == "CT" else ""
    try:
        with storage().open_range(instance.sha256) as stream:
            pixels = modality_values(stream.read(), frame)
    except (MissingObject, UnreadableObject, PixelError):
        log.info("region_without_pixels", instance=instance.pk)
        return []
    return measuring.statistics(tool, points, pixels, unit)


def _record(row: Measurement, author: User, request: HttpRequest | None) -> None:
    audit.record(
        Verb.MEASUREMENT_SAVED,
        actor=author,
        site=row.study.site,
        object_type="study",
        object_id=row.study.study_uid,
        detail={"number": row.number, "version": row.version, "removed": row.removed},
        request=request,
    )
