"""Patients, keyed by (site, issuer, PatientID); two sites never share one."""

from __future__ import annotations

from django.db import models

from accounts.models import Site


class Patient(models.Model):
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    issuer = models.CharField(max_length=64, blank=True, help_text="IssuerOfPatientID (0010,0021)")
    patient_id = models.CharField(max_length=64, blank=True, help_text="PatientID (0010,0020)")
    # Unidentified images must not fall into one patient, so an empty PatientID is keyed by its study.
    unidentified_study_uid = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=330, blank=True, help_text="PatientName (0010,0010), for display")
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, blank=True)
    mismatch = models.BooleanField(default=False, help_text="Name or birth date differed between images")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("site", "issuer", "patient_id", "unidentified_study_uid"), name="patient_key"
            ),
        )

    def __str__(self) -> str:
        return f"Patient {self.pk}"
