"""Content erased on request, and studies that must not be erased: what was done, by whom and why, without the content."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from screening.models.measuring import InsertOnly
from screening.models.study import Study


class Scope(models.TextChoices):
    REPORT = "report", _("The report: its text in every version, its addenda and notes")
    STUDY = "study", _("The study: its images, AI results and report, and whose it was")


class Erasure(InsertOnly):
    """One erasure. reason: never names the patient: it stays. objects_gone: how many stored files went with it."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="erasures")
    scope = models.CharField(max_length=8, choices=Scope)
    reason = models.CharField(max_length=300)
    objects_gone = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("study", "scope"), name="erasure_once"),
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="erasure_scope_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="erasure_has_reason"),
        )

    def __str__(self) -> str:
        return f"Erasure {self.pk} of study {self.study_id}"


class Tombstone(InsertOnly):
    """A row of an insert-only table whose content an erasure empties: the triggers allow it for these rows alone."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="tombstones")
    table_name = models.CharField(max_length=64)
    row_id = models.BigIntegerField()

    class Meta:
        constraints = (
            # Also serves the look of the triggers.
            models.UniqueConstraint(fields=("table_name", "row_id", "erasure"), name="tombstone_once"),
        )

    def __str__(self) -> str:
        return f"Tombstone of {self.table_name} {self.row_id}"


class LegalHold(models.Model):
    """While one is open, nothing of the study is erased. A hold is lifted, never removed."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("study",), condition=Q(lifted_at__isnull=True), name="legalhold_one_open"),
            models.CheckConstraint(condition=~Q(reason=""), name="legalhold_has_reason"),
        )

    def __str__(self) -> str:
        return f"Legal hold {self.pk} on study {self.study_id}"
