"""Critical results that somebody must be told of: the limits, the tasks with their clocks, and every step."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from reports.models.report import Report
from reports.states import CommunicationStatus
from screening.models import Study, Tier
from screening.models.measuring import InsertOnly


class CommunicationLimit(models.Model):
    """A site's own limit for a programme's tier; without a row `reports.rules.communication` says it.

    minutes: from finding it to telling it; null: the tier opens no task. escalate_to: who is told when it is late.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=16)
    tier = models.CharField(max_length=8, choices=Tier)
    minutes = models.PositiveIntegerField(null=True)
    escalate_to = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("site", "programme", "tier"), name="communicationlimit_once"),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1), name="communicationlimit_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.tier} of {self.programme} at site {self.site_id}"


class CommunicationTask(models.Model):
    """One critical result of one study. finding: in the reader's words, or the AI's that the reader signed.

    limit_minutes and escalate_to stay as they were when the clock started. by_signature: opened by signing, not by hand.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="communications")
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT, related_name="communications")
    tier = models.CharField(max_length=8, choices=Tier)
    finding = models.CharField(max_length=300)
    by_signature = models.BooleanField(default=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(help_text="when a person found it: the clock's start")
    limit_minutes = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    escalate_to = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=16, choices=CommunicationStatus, default=CommunicationStatus.OPEN)
    escalations = models.PositiveSmallIntegerField(default=0)
    next_escalation_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("due_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("study",), condition=Q(by_signature=True), name="communicationtask_signed"),
            models.CheckConstraint(
                condition=Q(status__in=CommunicationStatus.values), name="communicationtask_status_known"
            ),
        )
        indexes = (
            models.Index(
                "next_escalation_at",
                name="communicationtask_late",
                condition=Q(status__in=(CommunicationStatus.OPEN, CommunicationStatus.TOLD)),
            ),
        )

    def __str__(self) -> str:
        return f"Communication {self.pk} of study {self.study_id}"


class StepKind(models.TextChoices):
    TOLD = "told", _("Told")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    ESCALATED = "escalated", _("Escalated")
    NOT_CONFIRMED = "not_confirmed", _("Not confirmed")


class Means(models.TextChoices):
    PHONE = "phone", _("By telephone")
    IN_PERSON = "in_person", _("In person")
    MESSAGE = "message", _("By message")
    OTHER = "other", _("In another way")


class CommunicationStep(InsertOnly):
    """What happened to a task. by: null is the clock. whom: name and role of who was told, or who acknowledged.

    at: when it happened, as the person says; recorded_at: when they said so.
    """

    task = models.ForeignKey(CommunicationTask, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=16, choices=StepKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    whom = models.CharField(max_length=150, blank=True)
    means = models.CharField(max_length=12, choices=Means, blank=True)
    read_back_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="communicationstep_kind_known"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of communication {self.task_id}"
