"""Where reports are sent, and what is on its way there: the outbox."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from reports.models.communication import CommunicationTask
from reports.models.report import Report, Signature
from reports.states import DeliveryStatus
from screening.models import GlassBreak, ScoreRun


class TargetKind(models.TextChoices):
    STOW = "stow", _("DICOMweb (STOW-RS)")
    CSTORE = "cstore", _("DICOM (C-STORE)")
    MLLP = "mllp", _("HL7 over MLLP")
    FHIR = "fhir", _("FHIR")
    WEBHOOK = "webhook", _("Webhook")
    MAIL = "mail", _("E-mail")


class Document(models.TextChoices):
    SR = "sr", _("Structured report (SR)")
    SEG = "seg", _("Segmentation (SEG)")
    PDF = "dicom-pdf", _("PDF as DICOM")
    HL7 = "hl7", _("HL7 message (ORU)")
    FHIR = "fhir", _("FHIR bundle")
    ALERT = "alert", _("Message to people")


class Moment(models.TextChoices):
    UNVERIFIED = "unverified", _("AI result, before anybody has signed, marked as unverified")
    PRELIMINARY = "preliminary", _("Preliminary report")
    FINAL = "final", _("Final report")
    CORRECTED = "corrected", _("Amendment, addendum or co-signature")
    LATE = "late", _("Critical result nobody was told of in time")
    EMERGENCY = "emergency", _("Study opened in an emergency by somebody of another site")


class Target(models.Model):
    """Another system of a site. address: as `reports.targets.address` reads it for the kind.

    documents, moments: what is sent, and when. secret: a token, "user:password", or a webhook's key, sealed
    (`reports.targets.secrets`); secret_name: the variable of the environment that holds it instead.
    failures, retry_at: while it does not answer, nothing is tried before then.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="targets")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=TargetKind)
    address = models.CharField(max_length=400)
    documents = models.JSONField(default=list)
    moments = models.JSONField(default=list)
    secret = models.TextField(blank=True)
    secret_name = models.CharField(max_length=64, blank=True)
    is_on = models.BooleanField(default=True)
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("site", "name"), name="target_name_once"),
            models.CheckConstraint(condition=Q(kind__in=TargetKind.values), name="target_kind_known"),
        )

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One document for one target: made in the transaction of what it tells, sent at least once.

    digest: of what it tells (a signature's content, a score run's inputs and model, an escalation), so that one thing
    goes to one target once. Exactly one of signature, run, task and glass is set.
    attempt: counts claims; a result counts only from the current one. tries: since somebody last asked for it.
    stored: SOP Instance UIDs the target has taken already. reason, detail: why the last try failed, as `NotSent` has
    them: codes, never what the other side wrote. sent_sha256: of the bytes that were taken.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="deliveries")
    document = models.CharField(max_length=10, choices=Document)
    moment = models.CharField(max_length=12, choices=Moment)
    digest = models.CharField(max_length=64)
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT, related_name="deliveries")
    signature = models.ForeignKey(Signature, null=True, on_delete=models.PROTECT, related_name="deliveries")
    run = models.ForeignKey(ScoreRun, null=True, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(CommunicationTask, null=True, on_delete=models.PROTECT, related_name="+")
    glass = models.ForeignKey(GlassBreak, null=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    stored = models.JSONField(default=list)
    reason = models.CharField(max_length=32, blank=True)
    detail = models.CharField(max_length=40, blank=True)
    sent_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("target", "document", "digest"), name="delivery_once"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
            models.CheckConstraint(
                condition=Q(signature__isnull=False, run__isnull=True, task__isnull=True, glass__isnull=True)
                | Q(signature__isnull=True, run__isnull=False, task__isnull=True, glass__isnull=True)
                | Q(signature__isnull=True, run__isnull=True, task__isnull=False, glass__isnull=True)
                | Q(signature__isnull=True, run__isnull=True, task__isnull=True, glass__isnull=False),
                name="delivery_tells_one_thing",
            ),
        )
        indexes = (
            models.Index(
                "next_at",
                name="delivery_under_way",
                condition=Q(status__in=(DeliveryStatus.WAITING, DeliveryStatus.SENDING)),
            ),
            models.Index("site", "status", name="delivery_by_status"),
        )

    def __str__(self) -> str:
        return f"Delivery {self.pk} to target {self.target_id}"
