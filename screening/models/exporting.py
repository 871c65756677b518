"""Studies taken away without their persons: who asked, for whom and why, and what came of it, for a limited time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Site
from screening.models.study import Study
from screening.states import ExportStatus


class Export(models.Model):
    """One export of one site. project: one project, one set of new names.

    attempt, lease_until: a worker's result counts only from the current one; lost: how many workers were lost since the
    last study that was finished. failure: a code.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    project = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    recipient = models.CharField(max_length=120)
    with_reports = models.BooleanField(default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=ExportStatus, default=ExportStatus.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    failure = models.CharField(max_length=32, blank=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(status__in=ExportStatus.values), name="export_status_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="export_has_reason"),
            models.CheckConstraint(condition=~Q(recipient=""), name="export_has_recipient"),
        )

    def __str__(self) -> str:
        return f"Export {self.pk}"


class ExportStudy(models.Model):
    """One study of an export. new_uid: its StudyInstanceUID there; left_out: sentence → how many objects; report: kind of
    change → element → how often, never a value."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="studies")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    new_uid = models.CharField(max_length=64, blank=True)
    left_out = models.JSONField(default=dict)
    report = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("export", "study"), name="export_study_once"),)

    def __str__(self) -> str:
        return f"Study {self.study_id} of export {self.export_id}"


class ExportFile(models.Model):
    """One object of an export, by its key in the store. counts: kind of change → how many elements."""

    of = models.ForeignKey(ExportStudy, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=160)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField()
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("of", "path"), name="export_file_once"),)

    def __str__(self) -> str:
        return self.path
