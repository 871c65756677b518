"""Studies, series and instances as received, and what could not be received."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from screening.models.patient import Patient
from screening.states import AiState, StudyStatus


class OrderPriority(models.TextChoices):
    STAT = "stat", _("Stat")
    URGENT = "urgent", _("Urgent")
    ROUTINE = "routine", _("Routine")


class Tier(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    URGENT = "urgent", _("Urgent")
    SOON = "soon", _("Soon")
    ROUTINE = "routine", _("Routine")


class Study(models.Model):
    """A study has a place in the list from its first image: `due_at` and `score` are never null."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="studies")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_uid = models.CharField(max_length=64, help_text="StudyInstanceUID (0020,000D)")
    accession_number = models.CharField(max_length=64, blank=True)
    study_at = models.DateTimeField(null=True, help_text="StudyDate and StudyTime")
    description = models.CharField(max_length=256, blank=True)
    modality = models.CharField(max_length=16, blank=True, help_text="the modality most images have")
    instance_count = models.PositiveIntegerField(default=0)

    status = models.CharField(max_length=10, choices=StudyStatus, default=StudyStatus.RECEIVING)
    received_at = models.DateTimeField()
    last_instance_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    # What is left is a tombstone: no door leads to it.
    erased_at = models.DateTimeField(null=True)

    programme = models.CharField(max_length=16, blank=True, help_text="empty: none, out of scope")
    route_reason = models.CharField(max_length=200, blank=True)
    order_priority = models.CharField(max_length=8, choices=OrderPriority, default=OrderPriority.ROUTINE)

    ai_state = models.CharField(max_length=12, choices=AiState, default=AiState.PENDING)
    ai_reason = models.CharField(max_length=400, blank=True)
    tier = models.CharField(max_length=8, choices=Tier, default=Tier.ROUTINE)
    tier_rule = models.CharField(max_length=300, blank=True)
    score = models.FloatField(default=0.0)
    due_at = models.DateTimeField()
    due_rule = models.CharField(max_length=300, blank=True, help_text="how due_at came about, for the row")
    base_due_at = models.DateTimeField(help_text="due without AI")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("site", "study_uid"), name="study_uid_per_site"),
            models.CheckConstraint(condition=Q(status__in=StudyStatus.values), name="study_status_known"),
            models.CheckConstraint(condition=Q(ai_state__in=AiState.values), name="study_ai_state_known"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="study_tier_known"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="study_score_0_1"),
            # A score may bring the due time forward, never push it back.
            models.CheckConstraint(condition=Q(due_at__lte=models.F("base_due_at")), name="study_due_not_later"),
        )
        indexes = (
            # The worklist: unreported studies of the user's sites, by due_at, -score, id.
            models.Index("due_at", models.F("score").desc(), "id", name="study_worklist_order"),
            models.Index("status", "last_instance_at", name="study_quiet"),
            # Counts and places of the list, however many reported studies lie beside it.
            models.Index(
                fields=("site", "status", "programme", "tier", "due_at", "base_due_at", "score"), name="study_listed"
            ),
        )

    def __str__(self) -> str:
        return f"Study {self.study_uid}"

    @property
    def is_readable(self) -> bool:
        return self.status != StudyStatus.REPORTED


class Series(models.Model):
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_uid = models.CharField(max_length=64, help_text="SeriesInstanceUID (0020,000E)")
    number = models.IntegerField(null=True)
    modality = models.CharField(max_length=16, blank=True)
    description = models.CharField(max_length=256, blank=True)
    body_part = models.CharField(max_length=64, blank=True, help_text="BodyPartExamined, upper case")

    class Meta:
        ordering = ("number", "id")
        constraints = (models.UniqueConstraint(fields=("site", "series_uid"), name="series_uid_per_site"),)

    def __str__(self) -> str:
        return f"Series {self.series_uid}"


class Instance(models.Model):
    """One stored image. `header` holds the few elements that hanging and sorting need."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_uid = models.CharField(max_length=64, help_text="SOPInstanceUID (0008,0018)")
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    number = models.IntegerField(null=True, help_text="InstanceNumber (0020,0013)")
    frames = models.PositiveIntegerField(default=1)
    rows = models.PositiveIntegerField(default=0)
    columns = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, help_text="of the bytes as received; the storage key")
    size = models.PositiveBigIntegerField()
    header = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    source = models.CharField(max_length=16, help_text="upload, command, api, dicomweb or dimse")

    class Meta:
        ordering = ("number", "id")
        constraints = (models.UniqueConstraint(fields=("site", "sop_uid"), name="instance_uid_per_site"),)

    def __str__(self) -> str:
        return f"Instance {self.sop_uid}"


class IngestProblem(models.Model):
    """A file that was not kept, for the technologist's list. No file name: it may name a patient."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="ingest_problems")
    at = models.DateTimeField(db_index=True)
    source = models.CharField(max_length=16)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    code = models.CharField(max_length=32)
    reason = models.CharField(max_length=400)
    study_uid = models.CharField(max_length=64, blank=True)
    sop_uid = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.code} at {self.at:%Y-%m-%d %H:%M}"
