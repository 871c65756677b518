"""How a site runs a programme: versioned records, of which the newest is in force."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Site
from screening.models.measuring import InsertOnly


class ProgrammeSetting(InsertOnly):
    """How a site runs a programme from `at` on; where there is none, `screening.programmes` says.

    programme: "" stands for studies that no programme reads, of which the routine window alone counts.
    windows: tier → whole minutes from receipt to due. quiet_seconds: after the last image, null as the table says.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=16, blank=True)
    version = models.PositiveIntegerField(help_text="from 1")
    windows = models.JSONField()
    quiet_seconds = models.PositiveIntegerField(null=True)
    hold_back_ai = models.BooleanField()
    reason = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (
            # Also serves the look for the version in force.
            models.UniqueConstraint(fields=("site", "programme", "version"), name="programmesetting_version_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="programmesetting_has_reason"),
        )

    def __str__(self) -> str:
        return f"Settings {self.version} of programme {self.programme or '-'} at site {self.site_id}"
