"""Reading rules as versioned records, and the opinions that readers give blind of each other."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from screening.models import Reading, Study
from screening.models.measuring import InsertOnly


class ReadingRule(InsertOnly):
    """How a site reads a programme's studies, from its version on; the newest version is in force.

    rule: data of `reports.rules.reading.Rule`. trial: what it would have cost on past reads, as the person saw it
    who set it: fields of `Forecast`, empty when it was not tried.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=16)
    version = models.PositiveIntegerField(help_text="from 1")
    rule = models.JSONField()
    trial = models.JSONField(default=dict)
    reason = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (
            models.UniqueConstraint(fields=("site", "programme", "version"), name="readingrule_version_once"),
        )

    def __str__(self) -> str:
        return f"Reading rule {self.version} of {self.programme} at site {self.site_id}"


class Verdict(models.TextChoices):
    NORMAL = "normal", _("Normal")
    RECALL = "recall", _("Recall")


class Opinion(InsertOnly):
    """What one reader says of a study before anything is compared, or as arbiter. Never changed.

    ordinal: from 1. rule: the version it was given under, null before any was set. ai_band, ai_recall: what the AI
    had given when it was; null where nothing.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="opinions")
    reading = models.OneToOneField(Reading, on_delete=models.PROTECT, related_name="given")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ordinal = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict)
    note = models.CharField(max_length=500, blank=True)
    rule = models.ForeignKey(ReadingRule, null=True, on_delete=models.PROTECT, related_name="+")
    ai_band = models.PositiveSmallIntegerField(null=True)
    ai_recall = models.BooleanField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("ordinal",)
        constraints = (
            models.UniqueConstraint(fields=("study", "ordinal"), name="opinion_ordinal_once"),
            models.UniqueConstraint(fields=("study", "reader"), name="opinion_reader_once"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="opinion_verdict_known"),
        )

    def __str__(self) -> str:
        return f"Opinion {self.ordinal} on study {self.study_id}"
