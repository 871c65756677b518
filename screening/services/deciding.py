"""What readers make of findings: decisions are added, the AI's finding stays as it was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.dicom.elements import clean
from screening.models import Finding, FindingDecision, Instance, RejectReason, Study
from screening.selectors import findings_of, open_reading
from screening.selectors.holding import is_held_back
from screening.states import FINDING_TABLE, FindingState, StudyStatus, next_status

OWN = "r"
TRIES = 5
LARGEST_MM = 1000.0


class DecisionError(ValueError):
    """What was sent is no decision; `str(error)` is one plain sentence."""


class DecisionConflict(Exception):
    """Somebody else decided first. theirs: the decision that stands, None while there is none."""

    def __init__(self, theirs: FindingDecision | None) -> None:
        super().__init__("The finding was decided elsewhere.")
        self.theirs = theirs


class DecisionsFrozen(Exception):
    """The study is reported: its decisions stay as they were signed."""


def decide(
    *, study: Study, author: User, key: str, version: int, event: str, sent: Mapping[str, Any], request: HttpRequest
) -> FindingDecision:
    """Record `event` about the finding `key`, made from decision number `version` of it (0: none yet).

    event: of `screening.states.FINDING_TABLE`. key "": a new finding of the reader's own (event "add").
    sent: "reason" and "note" of a rejection (another reason needs its note); "values" of a correction or an own
    finding: "type", "location", "size_mm", and for a place "sop_uid", "frame", "box". Before: the study is being read
    by `author`, who sees the AI. After: the decision counts. Raises `DecisionError`, `DecisionConflict`,
    `DecisionsFrozen`, `InvalidTransition`, PermissionDenied.
    """
    _check_reader(study, author)
    for _attempt in range(TRIES):
        finding, newest = _standing(study, key)
        row = _row(study, author, finding, newest, key or _next_key(study), event, sent)
        if version != (newest.version if newest else 0):
            raise DecisionConflict(newest)
        try:
            with transaction.atomic():
                # Under the row's lock: no signature comes between this and the decision.
                Study.objects.select_for_update().get(pk=study.pk)
                _check_reader(study, author)
                row.save()
                _record(row, request)
        except IntegrityError:
            continue
        return row
    raise DecisionConflict(newest)


def _check_reader(study: Study, author: User) -> None:
    study.refresh_from_db(fields=["status", "reported_at"])
    if study.status == StudyStatus.REPORTED:
        raise DecisionsFrozen
    reading = open_reading(study)
    if not can(author, Action.EDIT_REPORT, study.site) or reading is None or reading.reader_id != author.pk:
        raise PermissionDenied(_("Claim the study first: only its reader decides about findings."))
    if is_held_back(author, study):
        raise PermissionDenied(_("Commit your first opinion first: until then the AI's findings are held back."))


def _standing(study: Study, key: str) -> tuple[Finding | None, FindingDecision | None]:
    """The AI's finding of the key and its newest decision; of an own finding the decision alone."""
    if not key:
        return None, None
    finding = next((each for each in findings_of(study) if each.key == key), None)
    if finding is not None:
        return finding, finding.decisions.select_related("author").order_by("-version").first()
    own = study.finding_decisions.filter(finding=None, key=key).select_related("author").order_by("-version").first()
    if own is None:
        raise DecisionError(_("There is no such finding."))
    return None, own


def _next_key(study: Study) -> str:
    """Keys of own findings count from 1 and are never given twice, also where one was removed."""
    return f"{OWN}{study.finding_decisions.filter(finding=None, version=1).count() + 1}"


def _row(
    study: Study,
    author: User,
    finding: Finding | None,
    newest: FindingDecision | None,
    key: str,
    event: str,
    sent: Mapping[str, Any],
) -> FindingDecision:
    nothing = FindingState.OPEN if finding is not None else FindingState.REMOVED
    before = FindingState(newest.state) if newest else nothing
    state = FindingState(next_status(FINDING_TABLE, before, event))
    reason, note = "", ""
    if event == "reject":
        reason, note = _checked_reason(sent)
    values: dict[str, Any] = {}
    if event in ("edit", "add"):
        kept = newest.values if newest and state in (FindingState.EDITED, FindingState.ADDED) else {}
        values = {**kept, **_checked_values(study, sent.get("values"))}
    elif event == "remove" and newest is not None:
        values = newest.values
    if event == "edit" and not values:
        raise DecisionError(_("The correction says nothing."))
    if state == FindingState.ADDED and not {"type", "sop_uid", "frame", "box"} <= values.keys():
        raise DecisionError(_("A finding of your own needs its kind and its place."))
    return FindingDecision(
        study=study,
        finding=finding,
        key=key,
        version=newest.version + 1 if newest else 1,
        event=event,
        state=state,
        reason=reason,
        note=note,
        values=values,
        author=author,
        at=timezone.now(),
    )


def _checked_reason(sent: Mapping[str, Any]) -> tuple[str, str]:
    reason, note = sent.get("reason"), clean(sent.get("note") or "", 300)
    if reason not in RejectReason.values:
        raise DecisionError(_("A rejection needs a reason of the list."))
    if reason == RejectReason.OTHER and not note:
        raise DecisionError(_("Say the other reason in words."))
    return str(reason), note


def _checked_values(study: Study, sent: object) -> dict[str, Any]:
    """The corrected values, only those that were sent, each usable. Raises `DecisionError`."""
    if not isinstance(sent, Mapping):
        raise DecisionError(_("The correction is not a JSON object."))
    values: dict[str, Any] = {}
    for name, longest in (("type", 32), ("location", 120)):
        if name in sent:
            values[name] = clean(sent[name] or "", longest)
    if "type" in values and not values["type"]:
        raise DecisionError(_("A finding needs its kind."))
    if "size_mm" in sent:
        values["size_mm"] = _checked_size(sent["size_mm"])
    if "box" in sent or "sop_uid" in sent:
        values |= _checked_place(study, sent)
    return values


def _checked_size(size: object) -> float | None:
    if size is None:
        return None
    if not isinstance(size, int | float) or isinstance(size, bool) or not 0 < size <= LARGEST_MM:
        raise DecisionError(_("The size is not a number of millimetres."))
    return round(float(size), 1)


def _checked_place(study: Study, sent: Mapping[str, Any]) -> dict[str, Any]:
    """series_uid, sop_uid, frame and box [x0, y0, x1, y1] on an image of the study."""
    sop_uid, frame, box = sent.get("sop_uid"), sent.get("frame"), sent.get("box")
    images = Instance.objects.filter(series__study=study).select_related("series")
    instance = images.filter(sop_uid=sop_uid).first() if isinstance(sop_uid, str) else None
    if instance is None or not isinstance(frame, int) or not 1 <= frame <= max(1, instance.frames):
        raise DecisionError(_("The finding lies on no image of this study."))
    if not isinstance(box, list) or len(box) != 4 or not all(_finite(each) for each in box):
        raise DecisionError(_("The box is not four numbers."))
    x0, x1 = sorted(min(max(0.0, float(each)), float(instance.columns)) for each in (box[0], box[2]))
    y0, y1 = sorted(min(max(0.0, float(each)), float(instance.rows)) for each in (box[1], box[3]))
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise DecisionError(_("The box is smaller than a pixel."))
    return {
        "series_uid": instance.series.series_uid,
        "sop_uid": instance.sop_uid,
        "frame": frame,
        "box": [round(each, 2) for each in (x0, y0, x1, y1)],
    }


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _record(row: FindingDecision, request: HttpRequest) -> None:
    audit.record(
        Verb.FINDING_DECIDED,
        actor=row.author,
        site=row.study.site,
        object_type="study",
        object_id=row.study.study_uid,
        detail={"finding": row.key, "version": row.version, "state": row.state, "reason": row.reason},
        request=request,
    )
