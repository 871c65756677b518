"""Saving and signing as JSON: the same answer for the page and for the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from accounts.roles import Action
from reports.coded import AnswersError
from reports.models import Meaning
from reports.sections import SectionsError
from reports.selectors import report_for
from reports.selectors.addenda import addenda_json, came_late
from reports.selectors.coded import computed_json, readable_answers
from reports.selectors.follow_up import recommendation_json
from reports.selectors.report import revision_json
from reports.selectors.versions import versions_json
from reports.services.addenda import add_addendum
from reports.services.amending import amend_report, may_word
from reports.services.cosigning import cosign_report
from reports.services.editing import ReportClosed, RevisionConflict, save_revision
from reports.services.follow_up import FollowUpError
from reports.services.review import SignedOver
from reports.services.signing import (
    IdentityNotProved,
    NotSignable,
    ReviewStands,
    SigningConflict,
    last_text,
    sign_report,
)
from screening.services.reading import see_late_images


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]


class SaveRequest(serializers.Serializer):
    """parent: the revision the text was made from, null when there was none."""

    parent = serializers.IntegerField(min_value=0, allow_null=True)  # type: ignore[assignment]
    sections = serializers.JSONField()
    answers = serializers.JSONField(allow_null=True, default=None)


class WorkOutRequest(serializers.Serializer):
    answers = serializers.JSONField()


class SignRequest(serializers.Serializer):
    """revision: the number of the revision that was on the screen. signed_over: keys of remarks of the review that
    stand against it, which the signer signs over, and why."""

    password = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=1024, default="")
    meaning = serializers.ChoiceField(
        choices=[(each.value, each.label) for each in (Meaning.FINAL, Meaning.PRELIMINARY)], default=Meaning.FINAL
    )
    revision = serializers.IntegerField(min_value=0)
    signed_over = serializers.ListField(child=serializers.CharField(max_length=300), max_length=100, default=list)
    reason = serializers.CharField(allow_blank=True, max_length=300, default="")


class SignedOverRequest(serializers.Serializer):
    """signed_over: keys of remarks of the review that stand against what is signed after the report, which the signer
    signs over, and why: `reason` is there the one of the addendum or amendment itself."""

    signed_over = serializers.ListField(child=serializers.CharField(max_length=300), max_length=100, default=list)
    signed_over_reason = serializers.CharField(allow_blank=True, max_length=300, default="")


class AddendumRequest(SignedOverRequest):
    """after: how many addenda were on the screen; images: how many images of the study were, if any."""

    after = serializers.IntegerField(min_value=0)
    reason = serializers.CharField(max_length=300)
    text = serializers.CharField(max_length=20_000)
    password = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=1024, default="")
    images = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, default=None)


class RecommendationRequest(serializers.Serializer):
    kind = serializers.CharField(max_length=12)
    what = serializers.CharField(max_length=200)
    number = serializers.IntegerField(min_value=1, max_value=9999)
    unit = serializers.CharField(max_length=8)
    owner = serializers.CharField(max_length=12)


class AmendmentRequest(SignedOverRequest):
    """revision, after, images: the signed revision, the addenda and the images that were on the screen. answers: null
    leaves them. recommendation: null for none any more; without it what was recommended stays."""

    revision = serializers.IntegerField(min_value=0)
    after = serializers.IntegerField(min_value=0)
    sections = serializers.JSONField()
    answers = serializers.JSONField(allow_null=True, default=None)
    recommendation = RecommendationRequest(allow_null=True, required=False)
    reason = serializers.CharField(max_length=300)
    password = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=1024, default="")
    images = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, default=None)


class CosignRequest(serializers.Serializer):
    revision = serializers.IntegerField(min_value=0)
    after = serializers.IntegerField(min_value=0)
    password = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=1024, default="")


class LateImagesRequest(serializers.Serializer):
    images = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class SignAnswer(serializers.Serializer):
    signed_at = serializers.DateTimeField()
    signer = serializers.CharField()
    pdf = serializers.CharField()
    next = serializers.CharField()
    versions = serializers.ListField(child=serializers.DictField(), help_text="as in the report")
    recommendation = serializers.DictField(allow_null=True, help_text="the follow-up that was signed with it")


class Detail(serializers.Serializer):
    detail = serializers.CharField()


def refused(status: int, detail: str, **more: Any) -> Answer:
    return Answer(status, {"detail": detail, **more})


def checked_request(kind: type[serializers.Serializer], body: object) -> Mapping[str, Any] | Answer:
    if not isinstance(body, Mapping):
        return refused(400, _("The request is not a JSON object."))
    request = kind(data=body)
    if request.is_valid():
        return request.validated_data
    return refused(400, _("Not usable: %(fields)s.") % {"fields": ", ".join(sorted(request.errors))})


def save_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 saved, 400 no text of a report, 409 a newer text (with both) or signed. Raises Http404, PermissionDenied."""
    report = report_for(user, report_id, Action.VIEW_REPORT)
    sent = checked_request(SaveRequest, body)
    if isinstance(sent, Answer):
        return sent
    try:
        revision = save_revision(
            report=report,
            author=user,
            parent=sent["parent"],
            sections=sent["sections"],
            answers=sent["answers"],
            request=request,
        )
    except (SectionsError, AnswersError) as error:
        return refused(400, str(error))
    except ReportClosed as closed:
        detail = _("This report is signed and cannot be changed.")
        return refused(409, detail, yours=sent["sections"], theirs=revision_json(closed.revision))
    except RevisionConflict as conflict:
        detail = _("Somebody else has saved this report since you opened it.")
        return refused(409, detail, yours=conflict.yours, theirs=revision_json(conflict.theirs))
    if revision is None:
        return Answer(200, {"revision": None, "saved_at": None, "sections": {}})
    saved = revision_json(revision)
    return Answer(200, {key: saved[key] for key in ("revision", "saved_at", "sections", "answers")})


def computed_answer(*, user: User, report_id: int, body: object) -> Answer:
    """200 with what the rules make of the answers, 400 no answers. Raises Http404, PermissionDenied."""
    report = report_for(user, report_id, Action.VIEW_REPORT)
    sent = checked_request(WorkOutRequest, body)
    if isinstance(sent, Answer):
        return sent
    may_word(report=report, user=user)
    try:
        answers = readable_answers(report, sent["answers"])
    except AnswersError as error:
        return refused(400, str(error))
    return Answer(200, {"computed": computed_json(report, answers)})


def sign_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 signed, 400 wrong password or missing text, 409 moved on. Raises Http404, PermissionDenied."""
    report = report_for(user, report_id, Action.VIEW_REPORT)
    sent = checked_request(SignRequest, body)
    if isinstance(sent, Answer):
        return sent
    over = SignedOver(tuple(sent["signed_over"]), sent["reason"])
    asked = {name: sent[name] for name in ("password", "meaning", "revision")}
    try:
        signature = sign_report(report=report, signer=user, request=request, over=over, **asked)
    except IdentityNotProved as error:
        return refused(400, str(error), needs_password=True)
    except ReviewStands as error:
        return refused(400, str(error), remarks=error.remarks)
    except NotSignable as error:
        return refused(400, str(error))
    except SigningConflict as error:
        return refused(409, str(error))
    return Answer(
        200,
        {
            "signed_at": signature.signed_at.isoformat(),
            "signer": signature.signer_name,
            "pdf": reverse("report-pdf", args=(report.pk,)),
            "next": reverse("worklist-next"),
            "versions": versions_json(report),
            # The page may go on to amend it: what is not told would be taken back.
            "recommendation": recommendation_json(report),
        },
    )


def addendum_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 signed, 400 wrong password or no text, 409 not signed yet or moved on. Raises Http404, PermissionDenied."""
    report = report_for(user, report_id, Action.SIGN_REPORT)
    sent = checked_request(AddendumRequest, body)
    if isinstance(sent, Answer):
        return sent
    try:
        add_addendum(report=report, signer=user, request=request, **_with_over(sent))
    except IdentityNotProved as error:
        return refused(400, str(error), needs_password=True)
    except ReviewStands as error:
        return refused(400, str(error), remarks=error.remarks)
    except NotSignable as error:
        return refused(400, str(error))
    except SigningConflict as error:
        return refused(409, str(error))
    return Answer(200, {"addenda": addenda_json(report), "came_late": came_late(report.study)})


def amend_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 signed, 400 wrong password, no text or no change, 409 not signed or moved on. Raises Http404,
    PermissionDenied."""
    return _after_signature(amend_report, AmendmentRequest, user, report_id, body, request)


def cosign_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 signed, 400 wrong password or own text, 409 not signed or moved on. Raises Http404, PermissionDenied."""
    return _after_signature(cosign_report, CosignRequest, user, report_id, body, request)


def _after_signature(
    act: Callable[..., object],
    kind: type[serializers.Serializer],
    user: User,
    report_id: int,
    body: object,
    request: HttpRequest,
) -> Answer:
    """The versions and the status as they stand after `act`, one more signature under a signed report."""
    report = report_for(user, report_id, Action.SIGN_REPORT)
    sent = checked_request(kind, body)
    if isinstance(sent, Answer):
        return sent
    try:
        act(report=report, signer=user, request=request, **_with_over(sent))
    except IdentityNotProved as error:
        return refused(400, str(error), needs_password=True)
    except ReviewStands as error:
        return refused(400, str(error), remarks=error.remarks)
    except (NotSignable, SectionsError, AnswersError, FollowUpError) as error:
        return refused(400, str(error))
    except SigningConflict as error:
        return refused(409, str(error))
    return Answer(
        200,
        {
            "status": report.status,
            "revision": last_text(report).revision.number,
            "recommendation": recommendation_json(report),
            "versions": versions_json(report),
            "came_late": came_late(report.study),
        },
    )


def _with_over(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, with what is signed over as the services take it."""
    if "signed_over" not in sent:
        return dict(sent)
    asked = {name: sent[name] for name in sent if name not in ("signed_over", "signed_over_reason")}
    return asked | {"over": SignedOver(tuple(sent["signed_over"]), sent["signed_over_reason"])}


def late_images_answer(*, user: User, report_id: int, body: object, request: HttpRequest) -> Answer:
    """200 counted as seen, 400 no number of images. Raises Http404, PermissionDenied."""
    report = report_for(user, report_id, Action.SIGN_REPORT)
    sent = checked_request(LateImagesRequest, body)
    if isinstance(sent, Answer):
        return sent
    see_late_images(study=report.study, reader=user, images=sent["images"], request=request)
    return Answer(200, {"came_late": came_late(report.study)})
