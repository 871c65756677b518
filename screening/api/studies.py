"""Studies, findings and the worklist over REST; names follow the models."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from config.pace import Searches
from screening.models import Finding, FindingDecision, Instance, ScoreRun, Series, Study, Tier
from screening.selectors import standing_run, study_for
from screening.selectors.doors import sites_where, visible_studies
from screening.selectors.heads import head_of, with_heads
from screening.selectors.holding import first_said, holds_back, is_held_back
from screening.selectors.measuring import decision_json, newest_decisions
from screening.selectors.results import speaking_run
from screening.selectors.worklist import queue
from screening.states import AiState, RunStatus


class InstanceSerializer(serializers.ModelSerializer[Instance]):
    class Meta:
        model = Instance
        fields = ("sop_uid", "sop_class_uid", "transfer_syntax_uid", "number", "frames", "rows", "columns")


class SeriesSerializer(serializers.ModelSerializer[Series]):
    instances = InstanceSerializer(many=True)

    class Meta:
        model = Series
        fields = ("series_uid", "number", "modality", "description", "body_part", "instances")


RESULT_FIELDS = ("above_threshold", "limitations", "advisory")
SCORE_FIELDS = ("ai_state", "ai_reason", "score", *RESULT_FIELDS, "tier", "tier_rule", "due_at", "due_rule")


class StudySerializer(serializers.ModelSerializer[Study]):
    """One study. To a role that may not see scores, the fields they shape are null; the score is for anybody
    until there is one, so that nothing unread looks like a low score."""

    site = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    patient_id = serializers.CharField(source="patient.patient_id")
    patient_name = serializers.CharField(source="patient.name")
    ai_state = serializers.ChoiceField(choices=AiState.choices, read_only=True, allow_null=True)
    ai_reason = serializers.CharField(read_only=True, allow_null=True)
    score = serializers.FloatField(read_only=True, allow_null=True)
    tier = serializers.ChoiceField(choices=Tier.choices, read_only=True, allow_null=True)
    tier_rule = serializers.CharField(read_only=True, allow_null=True)
    due_at = serializers.DateTimeField(read_only=True, allow_null=True)
    due_rule = serializers.CharField(read_only=True, allow_null=True)
    above_threshold = serializers.BooleanField(read_only=True, allow_null=True)
    limitations = serializers.ListField(
        child=serializers.CharField(), read_only=True, allow_null=True, help_text="with any, no score is a negative"
    )
    advisory = serializers.BooleanField(
        read_only=True, allow_null=True, help_text="the model has no right to move the queue"
    )

    class Meta:
        model = Study
        fields: tuple[str, ...] = (
            "study_uid", "site", "patient_id", "patient_name", "accession_number", "study_at", "description",
            "modality", "instance_count", "status", "programme", "received_at", *SCORE_FIELDS,
        )  # fmt: skip

    def to_representation(self, instance: Study) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.site_id not in self.context["sees_scores"] or (
            holds_back(instance) and instance.pk not in self.context["said"]
        ):
            return shown | dict.fromkeys(SCORE_FIELDS)
        run = _listed_run(instance)
        if run is None:
            state = AiState.PENDING if instance.ai_state == AiState.SCORED else instance.ai_state
            return shown | dict.fromkeys(("score", *RESULT_FIELDS)) | {"ai_state": state}
        head = head_of(run)
        told = {"above_threshold": head["above_threshold"], "limitations": head["limitations"] or []}
        return shown | told | {"advisory": not run.may_triage}


class StudyDetailSerializer(StudySerializer):
    """With its images, and the id of its report once there is one that the caller may see."""

    series = SeriesSerializer(many=True)
    report_id = serializers.SerializerMethodField()

    class Meta(StudySerializer.Meta):
        fields = (*StudySerializer.Meta.fields, "report_id", "series")

    def get_report_id(self, study: Study) -> int | None:
        report = getattr(study, "report", None)
        user = self.context["request"].user
        return report.pk if report and can(user, Action.VIEW_REPORT, study.site) else None


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding as the AI gave it; decision: what a reader made of it, null while nobody has."""

    decision = serializers.SerializerMethodField()

    class Meta:
        model = Finding
        fields = (
            "number", "key", "type", "location", "size_mm", "probability",
            "series_uid", "sop_uid", "frame", "box", "contour", "attributes", "decision",
        )  # fmt: skip

    def get_decision(self, finding: Finding) -> dict[str, Any] | None:
        decision = self.context["decisions"].get(finding.pk)
        return decision_json(decision) if decision else None


def person(request: Request, action: str) -> User:
    """The authenticated user, who may do `action` somewhere; 403 otherwise."""
    if not isinstance(request.user, User) or not can(request.user, action):
        raise PermissionDenied
    return request.user


def _runs() -> Prefetch[str, QuerySet[ScoreRun], str]:
    """What a study's result is told from, in one query for all of a list."""
    return Prefetch("score_runs", with_heads(ScoreRun.objects.order_by("-id")), "runs")


def _listed_run(study: Study) -> ScoreRun | None:
    """The run a study with its `_runs` stands for; None in every state but scored."""
    run = speaking_run(study, getattr(study, "runs", [])) if study.ai_state == AiState.SCORED else None
    return run if run is not None and run.status == RunStatus.SUCCEEDED else None


class _Scoped(generics.GenericAPIView[Study]):
    """Serializers that know at which sites the caller sees scores."""

    def get_serializer_context(self) -> dict[str, Any]:
        user = self.request.user
        sees = sites_where(user, Action.VIEW_SCORES).values_list("pk", flat=True) if isinstance(user, User) else ()
        said = first_said(user) if isinstance(user, User) else set()
        return {"request": self.request, "sees_scores": set(sees), "said": said}


class StudyList(_Scoped, generics.ListAPIView[Study]):
    """Every study of the caller's sites, newest first."""

    throttle_classes = (Searches,)
    serializer_class = StudySerializer
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        user = person(self.request, Action.VIEW_WORKLIST)
        audit.record(Verb.WORKLIST_VIEWED, actor=user, request=self.request._request)
        return visible_studies(user).order_by("-received_at", "-id").prefetch_related(_runs())


class Worklist(_Scoped, generics.ListAPIView[Study]):
    """Unreported studies in the order in which they are due."""

    throttle_classes = (Searches,)
    serializer_class = StudySerializer
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        user = person(self.request, Action.VIEW_WORKLIST)
        audit.record(Verb.WORKLIST_VIEWED, actor=user, request=self.request._request)
        return queue(user).prefetch_related(_runs())


class StudyDetail(_Scoped, generics.RetrieveAPIView[Study]):
    """One study with its series and images. `?site=` tells two sites' equal UIDs apart."""

    serializer_class = StudyDetailSerializer
    queryset = Study.objects.none()

    def get_object(self) -> Study:
        user = person(self.request, Action.VIEW_WORKLIST)
        study = study_for(user, self.kwargs["study_uid"], Action.VIEW_WORKLIST, self.request.GET.get("site"))
        audit.record(
            Verb.STUDY_OPENED,
            actor=user,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            request=self.request._request,
        )
        prefetch_related_objects([study], _runs())
        return study


class FindingListSerializer(serializers.Serializer[Any]):
    """A page of findings, always whole, with the state they come from."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    study_uid = serializers.CharField()
    ai_state = serializers.ChoiceField(choices=AiState.choices)
    reason = serializers.CharField(allow_null=True)
    limitations = serializers.ListField(child=serializers.CharField())
    above_threshold = serializers.BooleanField(allow_null=True)
    advisory = serializers.BooleanField(allow_null=True, help_text="the model has no right to move the queue")
    results = FindingSerializer(many=True)


class FindingList(APIView):
    """What the newest run found, and the state it is in: an empty list alone says nothing.

    Its address stands in `reports.api_urls`: whose decisions may be told follows from the site's reading rules.
    """

    def decisions(self, study: Study, found: list[Finding]) -> dict[int, FindingDecision]:
        """Finding id → what a reader made of it, as far as the caller may know."""
        return newest_decisions(found)

    @extend_schema(responses=FindingListSerializer)
    def get(self, request: Request, study_uid: str) -> Response:
        if not isinstance(request.user, User):
            raise PermissionDenied
        study = study_for(request.user, study_uid, Action.VIEW_SCORES, request.GET.get("site"))
        if is_held_back(request.user, study):
            raise PermissionDenied(_("The AI's view is held back until you have committed your first opinion."))
        audit.record(
            Verb.STUDY_OPENED,
            actor=request.user,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            request=request._request,
        )
        run = standing_run(study)
        found = list(run.findings.all()) if run else []
        findings = FindingSerializer(found, many=True, context={"decisions": self.decisions(study, found)}).data
        return Response(
            {
                "count": len(findings),
                "next": None,
                "previous": None,
                "study_uid": study.study_uid,
                # A result is told whole or not at all: without its run nothing may look scored.
                "ai_state": study.ai_state if run or study.ai_state != AiState.SCORED else AiState.PENDING,
                "reason": study.ai_reason or None,
                "limitations": run.result.get("limitations", []) if run else [],
                "above_threshold": run.result.get("above_threshold") if run else None,
                "advisory": not run.may_triage if run else None,
                "results": findings,
            }
        )
