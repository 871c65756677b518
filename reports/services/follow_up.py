"""Follow-up: a recommendation of the report, the task it becomes when signed, and the study that closes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.models import CloseReason, FollowUp, FollowUpKind, Owner, Recommendation, Report, Signature
from reports.models.follow_up import NOT_BY_HAND
from reports.rules.follow_up import due_on
from reports.selectors.double_reading import plan_of
from reports.selectors.follow_up import due_for, exam_day, recommendation_of
from reports.services.editing import holds_reading
from reports.states import FOLLOW_UP_TABLE, FollowUpStatus, ReportStatus
from screening.dicom.elements import clean
from screening.models import Study
from screening.states import InvalidTransition, LostRace, advance


class FollowUpError(ValueError):
    """What was sent is no recommendation or no reason; `str(error)` says why. Answered with 400."""


class FollowUpConflict(Exception):
    """The report or the task has moved on; `str(error)` says how. Answered with 409."""


def recommend(
    *,
    report: Report,
    actor: User,
    kind: str,
    what: str,
    number: int,
    unit: str,
    owner: str,
    request: HttpRequest | None = None,
) -> Recommendation:
    """Set what the report recommends: it is signed with the report. Before: the actor holds the open reading, the
    report is not signed. After: the newest version counts. Raises `FollowUpError`, `FollowUpConflict`,
    PermissionDenied."""
    values = _checked(report, kind=kind, what=what, number=number, unit=unit, owner=owner)
    return _add(report, actor, request, **values)


def _checked(report: Report, *, kind: str, what: str, number: int, unit: str, owner: str) -> dict[str, Any]:
    """What a recommendation holds, with its day. Raises `FollowUpError`."""
    words = clean(what, 200)
    if kind not in FollowUpKind.values or owner not in Owner.values:
        raise FollowUpError(_("Say what is recommended, and who sees to it."))
    if not words:
        raise FollowUpError(_("Say what is recommended."))
    try:
        day = due_on(exam_day(report.study), number, unit)
    except ValueError:
        raise FollowUpError(_("Give the interval as a number of days, weeks or months.")) from None
    return {"kind": kind, "what": words, "number": number, "unit": unit, "owner": owner, "due_on": day}


def take_back(*, report: Report, actor: User, request: HttpRequest | None = None) -> None:
    """Recommend nothing (any more). Before and errors as for `recommend`."""
    standing = recommendation_of(report)
    if standing is not None:
        _add(report, actor, request, removed=True, **_values_of(standing))


def _values_of(standing: Recommendation) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in ("kind", "what", "number", "unit", "owner", "due_on")}


def recommend_anew(*, report: Report, actor: User, wanted: Mapping[str, Any] | None) -> bool:
    """Called inside the transaction of an amendment, which holds the report's row: what the amended text recommends.

    wanted: kind, what, number, unit, owner; None: nothing any more. Returns False, and keeps no row, where that is
    what stands. Raises `FollowUpError`.
    """
    standing = recommendation_of(report)
    if wanted is None:
        values = _values_of(standing) | {"removed": True} if standing else {}
    else:
        values = _checked(report, **wanted)
    if not values or (standing and values == _values_of(standing)):
        return False
    version = Recommendation.objects.filter(report=report).count() + 1
    Recommendation.objects.create(report=report, version=version, by=actor, at=timezone.now(), **values)
    return True


def replace_follow_up(*, signature: Signature, request: HttpRequest | None = None) -> FollowUp | None:
    """Called inside the transaction of an amendment with another recommendation: the task of the old one is closed, the
    new one, if any, becomes a task of its own."""
    study = signature.report.study
    for row in FollowUp.objects.filter(study=study, status=FollowUpStatus.DUE).select_related("study", "site"):
        try:
            with transaction.atomic():
                _close(row, CloseReason.AMENDED, closed_by=signature.signer)
                _record(Verb.FOLLOW_UP_CLOSED, row, signature.signer, request, reason=CloseReason.AMENDED.value)
        except LostRace:
            continue  # it was closed meanwhile
    return open_follow_up(signature=signature, request=request)


def _add(report: Report, actor: User, request: HttpRequest | None, **values: Any) -> Recommendation:
    holds_reading(report=report, user=actor, action=Action.EDIT_REPORT)
    if plan_of(report.study).awaits:
        raise FollowUpConflict(_("Give your opinion first: the report is written when the opinions are in."))
    version = Recommendation.objects.filter(report=report).count() + 1
    try:
        with transaction.atomic():
            # Under the row's lock: no signature comes between this and the recommendation.
            report.refresh_from_db(fields=["status"], from_queryset=Report.objects.select_for_update())
            if report.status in (ReportStatus.SIGNED, ReportStatus.AMENDED):
                raise FollowUpConflict(_("This report is signed and cannot be changed."))
            return Recommendation.objects.create(report=report, version=version, by=actor, at=timezone.now(), **values)
    except IntegrityError:
        raise FollowUpConflict(_("Somebody else has changed the recommendation. Look again.")) from None


def signed_recommendation(standing: Recommendation | None) -> dict[str, Any]:
    """What the signed bytes hold of the recommendation: {"follow_up": …}, nothing where there is none."""
    if standing is None:
        return {}
    return {
        "follow_up": {
            "version": standing.version,
            "kind": standing.kind,
            "what": standing.what,
            "interval": f"{standing.number} {standing.unit}",
            "due_on": standing.due_on.isoformat(),
            "owner": standing.owner,
        }
    }


def open_follow_up(*, signature: Signature, request: HttpRequest | None = None) -> FollowUp | None:
    """Called inside the signing transaction of a final signature: its recommendation becomes a due task."""
    standing = recommendation_of(signature.report)
    if standing is None:
        return None
    study = signature.report.study
    row = FollowUp.objects.create(
        site=study.site,
        patient=study.patient,
        study=study,
        recommendation=standing,
        signature=signature,
        programme=study.programme if standing.kind == FollowUpKind.IMAGING else "",
        due_on=standing.due_on,
    )
    _record(Verb.FOLLOW_UP_OPENED, row, signature.signer, request, due_on=standing.due_on.isoformat())
    # A study that came while this report was being written has closed it already.
    later = Study.objects.filter(
        Q(study_at__gt=study.study_at) if study.study_at else Q(received_at__gt=study.received_at),
        patient=study.patient,
        programme=study.programme,
        closed_at__isnull=False,
    )
    for newer in later.exclude(pk=study.pk).order_by("received_at")[:1]:
        close_by_arrival(study=newer)
    return row


def close_by_arrival(*, study: Study) -> int:
    """A study is complete: it closes what was due of its patient and programme. Returns how many.

    An older examination that arrives late closes nothing; nor does one of a patient without an ID, or whose images
    differed in name or birth date: whose it is, is for a person to say.
    """
    if not study.programme or not study.patient.patient_id or study.patient.mismatch:
        return 0
    closed = 0
    for row in due_for(study).exclude(study=study).select_related("study", "site"):
        if exam_day(study) <= exam_day(row.study):
            continue
        try:
            with transaction.atomic():
                _close(row, CloseReason.ARRIVED, closed_by_study=study)
                _record(Verb.FOLLOW_UP_CLOSED, row, None, None, reason=CloseReason.ARRIVED.value, by=study.study_uid)
        except LostRace:
            continue  # a person closed it first
        closed += 1
    return closed


def close_by_hand(
    *, follow_up: FollowUp, actor: User, reason: str, note: str = "", request: HttpRequest | None = None
) -> None:
    """A person closes a follow-up with a reason. Raises `FollowUpError`, `FollowUpConflict`, PermissionDenied."""
    if not can(actor, Action.COMMUNICATE, follow_up.site):
        raise PermissionDenied(_("Your role does not allow this."))
    if reason not in CloseReason.values or reason in NOT_BY_HAND:
        raise FollowUpError(_("Say why it is closed."))
    try:
        with transaction.atomic():
            _close(follow_up, reason, closed_by=actor, note=clean(note, 300))
            _record(Verb.FOLLOW_UP_CLOSED, follow_up, actor, request, reason=reason)
    except (LostRace, InvalidTransition):
        raise FollowUpConflict(_("This follow-up is closed already.")) from None


def _close(row: FollowUp, reason: str, **also: Any) -> None:
    advance(row, FOLLOW_UP_TABLE, "close", closed_reason=reason, closed_at=timezone.now(), **also)


def _record(verb: Verb, row: FollowUp, actor: User | None, request: HttpRequest | None, **detail: str) -> None:
    audit.record(
        verb,
        actor=actor,
        site=row.site,
        object_type="follow-up",
        object_id=row.pk,
        detail={"study": row.study.study_uid, **detail},
        request=request,
    )
