"""Reports over REST: reading one, and signing it; and findings, with what readers made of them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action
from reports.answers import Detail, SignAnswer, SignRequest, sign_answer
from reports.selectors import report_for, report_json
from reports.selectors.double_reading import is_blind
from screening.api.studies import FindingList
from screening.models import Finding, FindingDecision, Study


class SentenceSerializer(serializers.Serializer):
    id = serializers.CharField()
    text = serializers.CharField()
    origin = serializers.CharField()
    evidence = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=("ai", "edited", "human"))
    accepted = serializers.BooleanField(required=False, help_text="a person took the AI's sentence as it stands")


class SectionSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    sentences = SentenceSerializer(many=True)


class OfferedSerializer(serializers.Serializer):
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    sections = SectionSerializer(many=True)


class ReportSignatureSerializer(serializers.Serializer):
    signer = serializers.CharField()
    meaning = serializers.CharField()
    signed_at = serializers.DateTimeField()
    sha256 = serializers.CharField()


class AddendumSerializer(serializers.Serializer):
    """adds_to_sha256: of the signed bytes it adds to."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    reason = serializers.CharField()
    signer = serializers.CharField()
    meaning = serializers.CharField()
    meaning_label = serializers.CharField()
    signed_at = serializers.DateTimeField()
    signed_words = serializers.CharField()
    sha256 = serializers.CharField()
    adds_to_sha256 = serializers.CharField()


class VersionSectionSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()


class VersionChangeSerializer(serializers.Serializer):
    """pieces: ["same" | "gone" | "new", text] in reading order."""

    name = serializers.CharField()
    title = serializers.CharField()
    pieces = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class VersionSignatureSerializer(serializers.Serializer):
    signer = serializers.CharField()
    meaning = serializers.CharField()
    meaning_label = serializers.CharField()
    signed_at = serializers.DateTimeField()
    signed_words = serializers.CharField()
    sha256 = serializers.CharField()


class VersionSerializer(VersionSignatureSerializer):
    """One signed text. changes: the sections that differ from the version before."""

    number = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    cosigned = VersionSignatureSerializer(many=True)
    sections = VersionSectionSerializer(many=True)
    changes = VersionChangeSerializer(many=True)


class ReportSerializer(serializers.Serializer):
    """One report with the text of its current revision."""

    id = serializers.IntegerField()
    study_uid = serializers.CharField()
    status = serializers.CharField()
    status_label = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    saved_at = serializers.DateTimeField(allow_null=True)
    author = serializers.CharField(allow_null=True)
    sections = SectionSerializer(many=True)
    answers = serializers.JSONField(help_text="coded answers: schema, values (key: value, origin), lines")
    normal = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    offered = OfferedSerializer(allow_null=True)
    guard = serializers.JSONField()
    signatures = ReportSignatureSerializer(many=True)
    addenda = AddendumSerializer(many=True)
    versions = VersionSerializer(many=True)


def _user(request: Request) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class Findings(FindingList):
    """What the newest run found, with what a reader made of it; of decisions none while opinions are blind of each
    other, whenever they were made."""

    def decisions(self, study: Study, found: list[Finding]) -> dict[int, FindingDecision]:
        return {} if is_blind(study) else super().decisions(study, found)


class ReportDetail(APIView):
    @extend_schema(responses={200: ReportSerializer, 403: Detail, 404: Detail})
    def get(self, request: Request, report_id: int) -> Response:
        """The report as it stands."""
        report = report_for(_user(request), report_id, Action.VIEW_REPORT)
        audit.record(
            Verb.REPORT_VIEWED,
            actor=_user(request),
            site=report.study.site,
            object_type="report",
            object_id=report.pk,
            request=request._request,
        )
        return Response(report_json(report))


class ReportSign(APIView):
    @extend_schema(request=SignRequest, responses={200: SignAnswer, 400: Detail, 403: Detail, 404: Detail, 409: Detail})
    def post(self, request: Request, report_id: int) -> Response:
        """Sign the current revision. The signer must hold the study's open reading."""
        if _user(request).grant is not None:
            report_for(_user(request), report_id, Action.VIEW_REPORT)  # what is out of sight stays it
            raise PermissionDenied(_("A token signs nothing."))
        answer = sign_answer(user=_user(request), report_id=report_id, body=request.data, request=request._request)
        return Response(answer.body, status=answer.status)
