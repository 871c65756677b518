"""What a report recommends, as data, and the task that it becomes when the report is signed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from reports.models.report import Report, Signature
from reports.states import FollowUpStatus
from screening.models import Patient, Study
from screening.models.measuring import InsertOnly


class FollowUpKind(models.TextChoices):
    IMAGING = "imaging", _("Another examination of this programme")
    REFERRAL = "referral", _("Referral or further work-up")


class Owner(models.TextChoices):
    PROGRAMME = "programme", _("the screening programme")
    REFERRER = "referrer", _("the referring physician")
    SITE = "site", _("this site")


class Recommendation(InsertOnly):
    """What, when and who. The newest version of a report counts; one that is `removed` takes it back.

    number, unit: the interval ("days", "weeks", "months"), counted from the exam that is reported; due_on: its end.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="recommendations")
    version = models.PositiveIntegerField(help_text="from 1")
    kind = models.CharField(max_length=12, choices=FollowUpKind)
    what = models.CharField(max_length=200)
    number = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=8)
    due_on = models.DateField()
    owner = models.CharField(max_length=12, choices=Owner)
    removed = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (models.UniqueConstraint(fields=("report", "version"), name="recommendation_version_once"),)

    def __str__(self) -> str:
        return f"Recommendation {self.version} of report {self.report_id}"


class CloseReason(models.TextChoices):
    ARRIVED = "arrived", _("The examination has arrived")
    ELSEWHERE = "elsewhere", _("Done elsewhere")
    DECLINED = "declined", _("Declined by the patient")
    NOT_NEEDED = "not_needed", _("No longer needed")
    DIED = "died", _("The patient has died")
    AMENDED = "amended", _("Replaced by an amended report")


# What the examination that arrives, or a signature, says alone.
NOT_BY_HAND = (CloseReason.ARRIVED, CloseReason.AMENDED)


class FollowUp(models.Model):
    """A signed recommendation that is due. It is closed by the study that arrives, or by a person with a reason."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="follow_ups")
    recommendation = models.OneToOneField(Recommendation, on_delete=models.PROTECT, related_name="follow_up")
    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="follow_up")
    programme = models.CharField(max_length=16, blank=True)
    due_on = models.DateField()
    status = models.CharField(max_length=8, choices=FollowUpStatus, default=FollowUpStatus.DUE)
    closed_reason = models.CharField(max_length=12, choices=CloseReason, blank=True)
    closed_by_study = models.ForeignKey(Study, null=True, on_delete=models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("due_on", "id")
        constraints = (
            models.CheckConstraint(condition=Q(status__in=FollowUpStatus.values), name="followup_status_known"),
            models.CheckConstraint(
                condition=Q(status=FollowUpStatus.DUE) ^ Q(closed_at__isnull=False), name="followup_closed_has_time"
            ),
        )
        indexes = (models.Index("patient", "programme", name="followup_due", condition=Q(status=FollowUpStatus.DUE)),)

    def __str__(self) -> str:
        return f"Follow-up {self.pk} of study {self.study_id}"
