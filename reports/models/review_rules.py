"""How much each rule of the review weighs at a site, as versioned records."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Site
from screening.models.measuring import InsertOnly


class ReviewRules(InsertOnly):
    """A site's weights, from its version on; the newest version is in force.

    severities: rule → "blocking", "warning" or "off", of the rules that weigh otherwise than usual.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(help_text="from 1")
    severities = models.JSONField(default=dict)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (models.UniqueConstraint(fields=("site", "version"), name="reviewrules_version_once"),)

    def __str__(self) -> str:
        return f"Review rules {self.version} of site {self.site_id}"
