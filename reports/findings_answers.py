"""Measuring, deciding and the first opinion as JSON: what a request may say, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from reports.answers import Answer, checked_request, refused
from reports.selectors.findings import findings_json
from reports.selectors.opinion import first_json
from screening.dicom.measuring import MeasuringError
from screening.models import Study
from screening.selectors import findings_of
from screening.selectors.measuring import decided_findings, decision_json, is_frozen, measurement_json
from screening.services.deciding import DecisionConflict, DecisionError, DecisionsFrozen, decide
from screening.services.measuring import MeasurementConflict, MeasurementFrozen, MeasurementHeld, save_measurement
from screening.services.opinion import OpinionError, commit_first_opinion
from screening.states import InvalidTransition, LostRace


class MeasureRequest(serializers.Serializer):
    """version: the one this was made from, 0 for a new one. value: what the browser shows of it, to be checked."""

    uid = serializers.UUIDField()
    version = serializers.IntegerField(min_value=0)
    tool = serializers.CharField(max_length=16, default="")
    sop_uid = serializers.CharField(max_length=64, default="")
    frame = serializers.IntegerField(min_value=1, default=1)
    points = serializers.JSONField(required=False)
    series_uid = serializers.CharField(max_length=64, default="")
    plane = serializers.JSONField(required=False, allow_null=True, default=None)
    text = serializers.CharField(max_length=2000, allow_blank=True, default="")
    value = serializers.FloatField(allow_null=True, default=None)
    removed = serializers.BooleanField(default=False)


class DecideRequest(serializers.Serializer):
    """key: of the finding, "" for a new one. version: of the decision this was made from, 0 for none."""

    key = serializers.CharField(max_length=16, allow_blank=True)
    version = serializers.IntegerField(min_value=0)
    event = serializers.ChoiceField(choices=("accept", "reject", "edit", "withdraw", "add", "remove"))
    reason = serializers.CharField(max_length=10, allow_blank=True, default="")
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")
    values = serializers.JSONField(required=False)


class OpinionRequest(serializers.Serializer):
    opinion = serializers.CharField(max_length=32)
    text = serializers.CharField(max_length=4000, allow_blank=True, default="")


def measure_answer(*, user: User, study: Study, body: object, request: HttpRequest) -> Answer:
    """200 kept (also the same once more), 400 no measurement, 403 another's while somebody else reads, 409 changed
    elsewhere or frozen (with both)."""
    sent = checked_request(MeasureRequest, body)
    if isinstance(sent, Answer):
        return sent
    uid: UUID = sent["uid"]
    try:
        row, corrected = save_measurement(
            study=study, author=user, uid=uid, version=sent["version"], sent=sent, request=request
        )
    except MeasuringError as error:
        # Its sentences are listed for translation in `reports.finding_strings`.
        return refused(400, _(str(error)))
    except MeasurementFrozen as frozen:
        detail = _("This measurement belongs to a signed report and stays as it is.")
        return refused(409, detail, yours=_yours(sent), theirs=measurement_json(frozen.theirs, frozen=True))
    except MeasurementHeld:
        return refused(
            403, _("Another reader measured this, and somebody else is reading the study: it stays as it is.")
        )
    except MeasurementConflict as conflict:
        detail = _("Somebody else has changed this measurement.")
        theirs = measurement_json(conflict.theirs) if conflict.theirs else None
        return refused(409, detail, yours=_yours(sent), theirs=theirs)
    shown = measurement_json(row, frozen=is_frozen(study, row))
    return Answer(200, {"measurement": shown, "corrected": corrected})


def _yours(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {**sent, "uid": str(sent["uid"])}


def decide_answer(*, user: User, study: Study, body: object, request: HttpRequest) -> Answer:
    """200 recorded, 400 no decision, 409 decided elsewhere (with theirs), not possible, or the study is reported.

    Raises PermissionDenied for anybody but the study's reader.
    """
    sent = checked_request(DecideRequest, body)
    if isinstance(sent, Answer):
        return sent
    named = {name: sent[name] for name in ("key", "version", "event")}
    try:
        row = decide(study=study, author=user, sent=sent, request=request, **named)
    except DecisionError as error:
        return refused(400, str(error))
    except DecisionsFrozen:
        return refused(409, _("This study is reported: what was decided stays as it was signed."))
    except InvalidTransition:
        return refused(409, _("The finding is not in a state in which that is possible."))
    except DecisionConflict as conflict:
        theirs = decision_json(conflict.theirs) if conflict.theirs else None
        detail = _("Somebody else has decided about this finding.")
        return refused(409, detail, yours=dict(sent), theirs=theirs, findings=_findings(study))
    return Answer(200, {"key": row.key, "decision": decision_json(row), "findings": _findings(study)})


def _findings(study: Study) -> list[dict[str, Any]]:
    """The list as it stands, without heat maps: those never change."""
    return findings_json(decided_findings(study, findings_of(study)), None)


def opinion_answer(*, user: User, study: Study, body: object, request: HttpRequest) -> Answer:
    """200 committed, 400 no opinion, 409 committed before. Raises PermissionDenied for anybody but the reader."""
    sent = checked_request(OpinionRequest, body)
    if isinstance(sent, Answer):
        return sent
    try:
        reading = commit_first_opinion(study=study, reader=user, request=request, **sent)
    except OpinionError as error:
        return refused(400, str(error))
    except LostRace:
        return refused(409, _("Your first opinion is committed already and stays as it is."))
    return Answer(200, {"first": first_json(reading)})
