"""For how long a site keeps studies and their reports, as versioned records."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Site
from screening.models.measuring import InsertOnly


class RetentionRule(InsertOnly):
    """How long a site keeps the studies of a programme, from its version on; the newest version is in force.

    programme: "" for studies that no programme reads. study_years: after the study's date; report_years: after the
    last signature of any kind under its report. A study goes when both are over. Both null: everything is kept.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=16, blank=True)
    version = models.PositiveIntegerField(help_text="from 1")
    study_years = models.PositiveSmallIntegerField(null=True)
    report_years = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (
            # Also serves the look for the version in force.
            models.UniqueConstraint(fields=("site", "programme", "version"), name="retentionrule_version_once"),
            models.CheckConstraint(
                condition=Q(study_years__isnull=True, report_years__isnull=True)
                # Compared with null a check is unknown, and passes.
                | Q(study_years__isnull=False, study_years__gte=1, report_years__isnull=False, report_years__gte=1),
                name="retentionrule_both_or_none",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="retentionrule_has_reason"),
        )

    def __str__(self) -> str:
        return f"Retention {self.version} of programme {self.programme or '-'} at site {self.site_id}"

    @property
    def erases(self) -> bool:
        return self.study_years is not None
