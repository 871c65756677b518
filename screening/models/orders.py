"""Orders as the information system sent them, the messages they came in, and studies that do not fit their order."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from screening.models.study import OrderPriority, Study


class OrderState(models.TextChoices):
    SCHEDULED = "SCHEDULED", _("Scheduled")
    COMPLETED = "COMPLETED", _("Completed")
    CANCELLED = "CANCELLED", _("Cancelled")


class MismatchReason(models.TextChoices):
    PATIENT = "patient", _("The study names another patient than the order")
    BIRTH_DATE = "birth_date", _("The study names another birth date than the order")
    STUDY_UID = "study_uid", _("The order announced another Study Instance UID")
    CANCELLED = "cancelled", _("The order was cancelled")


class Order(models.Model):
    """One requested procedure. The names are those of the modality worklist (PS3.4, annex K)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="orders")
    placer_number = models.CharField(max_length=64, blank=True, help_text="ORC-2")
    filler_number = models.CharField(max_length=64, blank=True, help_text="ORC-3")
    accession_number = models.CharField(max_length=64, blank=True)
    requested_procedure_id = models.CharField(max_length=64, blank=True)
    step_id = models.CharField(max_length=64, blank=True, help_text="ScheduledProcedureStepID")
    study_uid = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=OrderState, default=OrderState.SCHEDULED)
    priority = models.CharField(max_length=8, choices=OrderPriority, default=OrderPriority.ROUTINE)

    patient_id = models.CharField(max_length=64)
    issuer = models.CharField(max_length=64, blank=True)
    patient_name = models.CharField(max_length=330, blank=True)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, blank=True)

    modality = models.CharField(max_length=16, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    procedure_scheme = models.CharField(max_length=32, blank=True)
    procedure = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    clinical = models.CharField(max_length=1000, blank=True)
    notes = models.TextField(max_length=2000, blank=True)
    requested_by = models.CharField(max_length=200, blank=True)
    scheduled_at = models.DateTimeField(null=True)
    station_aet = models.CharField(max_length=16, blank=True)
    station = models.CharField(max_length=64, blank=True)
    location = models.CharField(max_length=64, blank=True)

    received_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("site", "placer_number"), condition=~Q(placer_number=""), name="order_placer_per_site"
            ),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
            models.CheckConstraint(condition=Q(priority__in=OrderPriority.values), name="order_priority_known"),
        )
        indexes = (
            models.Index(fields=("site", "accession_number"), name="order_accession"),
            models.Index(fields=("site", "filler_number"), name="order_filler"),
            # The modality worklist: what is scheduled, by day.
            models.Index(fields=("site", "state", "scheduled_at"), name="order_scheduled"),
        )

    def __str__(self) -> str:
        return f"Order {self.pk}"


class StudyOrder(models.Model):
    """A study that was made because of an order."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="ordered")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="studies")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Study {self.study_id} of order {self.order_id}"


class OrderMismatch(models.Model):
    """A study with an order's accession number that was not joined to it. It waits for a person."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="mismatches")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="mismatches")
    reason = models.CharField(max_length=12, choices=MismatchReason)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    joined = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("order", "study"), name="mismatch_once"),
            models.CheckConstraint(condition=Q(reason__in=MismatchReason.values), name="mismatch_reason_known"),
        )

    def __str__(self) -> str:
        return f"Mismatch {self.pk}"


class OrderMessage(models.Model):
    """One message that was answered: who sends it again gets the same answer. No content: it names patients."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    sender = models.CharField(max_length=410, help_text="MSH-3 and MSH-4")
    control_id = models.CharField(max_length=200, help_text="MSH-10")
    sha256 = models.CharField(max_length=64)
    answer = models.CharField(max_length=2, help_text="MSA-1")
    error = models.CharField(max_length=8, blank=True, help_text="table 0357")
    place = models.CharField(max_length=16, blank=True, help_text="segment and field at fault")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site", "sender", "control_id"), name="order_message_once"),)

    def __str__(self) -> str:
        return f"Message {self.pk}"
