"""What readers measure on images, and what they make of findings. Rows are added, never changed: the newest counts."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from screening.models.scoring import Finding
from screening.models.study import Study
from screening.states import FindingState


class Tool(models.TextChoices):
    LENGTH = "length", _("Length")
    BIDIRECTIONAL = "bidirectional", _("Two axes")
    ANGLE = "angle", _("Angle")
    ELLIPSE = "ellipse", _("Ellipse")
    RECTANGLE = "rectangle", _("Rectangle")
    ARROW = "arrow", _("Arrow")
    PROBE = "probe", _("Pixel value")


class InsertOnly(models.Model):
    """The database refuses to change or remove the rows too; see the migrations."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("This row is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("This row is never removed.")


class Measurement(InsertOnly):
    """One version of one measurement; its newest version counts, and one that is `removed` is gone from the images.

    points: [[x, y], …] in pixels of the frame from its upper left corner, the middle of the first pixel (0.5, 0.5);
    how many, and which is which, in `screening.dicom.measuring.TOOLS`. plane: of one drawn across the slices
    {"name": "axial", "coronal" or "sagittal", "points": [[x, y, z], …] in mm, patient coordinates (LPS)}; its `points`
    are none then, and its image is that which lies nearest to its middle. values: [{"name", "value", "unit"}], worked
    out by the server. basis: what millimetres rest on: "patient", "detector" or "none".
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="measurements")
    uid = models.UUIDField(help_text="the same in all versions, chosen by the browser that drew it")
    number = models.PositiveIntegerField(help_text="from 1 in each study: m1, m2 … as evidence of a sentence")
    version = models.PositiveIntegerField(help_text="from 1")
    series_uid = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64)
    frame = models.PositiveIntegerField()
    tool = models.CharField(max_length=16, choices=Tool)
    points = models.JSONField()
    plane = models.JSONField(null=True)
    text = models.CharField(max_length=200, blank=True)
    values = models.JSONField(default=list)
    basis = models.CharField(max_length=8, blank=True)
    removed = models.BooleanField(default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("number", "version")
        constraints = (
            # Of two changes to one version the second insert fails, and is told.
            models.UniqueConstraint(fields=("study", "uid", "version"), name="measurement_version_once"),
            models.UniqueConstraint(fields=("study", "number"), condition=Q(version=1), name="measurement_number_once"),
            models.CheckConstraint(condition=Q(tool__in=Tool.values), name="measurement_tool_known"),
        )

    def __str__(self) -> str:
        return f"Measurement {self.number} of study {self.study_id}, version {self.version}"

    @property
    def key(self) -> str:
        return f"m{self.number}"


class RejectReason(models.TextChoices):
    NORMAL = "normal", _("normal anatomy")
    VESSEL = "vessel", _("vessel or bronchus")
    ARTEFACT = "artefact", _("artefact")
    BENIGN = "benign", _("benign, not to be reported")
    KNOWN = "known", _("known and unchanged")
    TWICE = "twice", _("marked twice")
    PLACE = "place", _("wrong place")
    OTHER = "other", _("another reason")


class FindingDecision(InsertOnly):
    """One decision of a reader about one finding; the newest version counts, the AI's finding stays as it is.

    finding: the AI's, null for a reader's own. key: its key among the study's evidence: the AI's "f1" …, the
    reader's "r1" …. state: after this decision. values: what the reader says instead: any of "type", "location",
    "size_mm", "series_uid", "sop_uid", "frame", "box"; of an own finding all of them.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="finding_decisions")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="decisions")
    key = models.CharField(max_length=16)
    version = models.PositiveIntegerField(help_text="from 1")
    event = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=FindingState)
    reason = models.CharField(max_length=10, choices=RejectReason, blank=True)
    note = models.CharField(max_length=300, blank=True)
    values = models.JSONField(default=dict)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("finding", "version"), condition=Q(finding__isnull=False), name="decision_version_once"
            ),
            models.UniqueConstraint(
                fields=("study", "key", "version"), condition=Q(finding__isnull=True), name="decision_own_version_once"
            ),
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="decision_state_known"),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.key} of study {self.study_id}"
