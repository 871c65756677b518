"""Whose studies are whose: patients merged into one and parted again, and demographics corrected over what came in.

Nothing stored is rewritten: files keep what they said, signed reports what was signed. Rows here go with their patient,
for they hold names; who did what and when is in the audit trail, which does not.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Site
from screening.models.patient import Patient
from screening.models.study import Study


class PatientMerge(models.Model):
    """`gone` is taken to be the same person as `kept` until the merge is undone. by: None for an information system."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kept = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merged")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("gone",), condition=Q(undone_at__isnull=True), name="patient_merged_once"),
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_of_two_patients"),
            models.CheckConstraint(condition=~Q(reason=""), name="merge_has_reason"),
        )

    def __str__(self) -> str:
        return f"Merge {self.pk}"


class PatientMove(models.Model):
    """A study that stands with `kept` because of a merge: those that moved, and those that came since."""

    merge = models.ForeignKey(PatientMerge, on_delete=models.CASCADE, related_name="moves")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("merge", "study"), name="patient_move_once"),)

    def __str__(self) -> str:
        return f"Study {self.study_id} moved by merge {self.merge_id}"


class PatientCorrection(models.Model):
    """A person's correction of a patient's name, birth date or sex. was, now: field → text, of what differed."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="corrections")
    was = models.JSONField()
    now = models.JSONField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="correction_has_reason"),)

    def __str__(self) -> str:
        return f"Correction {self.pk} of patient {self.patient_id}"
