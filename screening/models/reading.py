"""Readings: who read which study, in which turn of the programme's protocol."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from screening.models.study import Study
from screening.states import ReadingStatus


class Reading(models.Model):
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="readings")
    ordinal = models.PositiveSmallIntegerField(default=1, help_text="1: first reader, 2: second …")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings")
    status = models.CharField(max_length=10, choices=ReadingStatus, default=ReadingStatus.OPEN)
    opinion = models.CharField(max_length=32, blank=True)
    first_opinion = models.CharField(max_length=32, blank=True, help_text="before AI marks were shown")
    first_opinion_text = models.CharField(max_length=1000, blank=True)
    first_opinion_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # The instance count the reader has seen: late images beyond it block signing.
    instances_seen = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("study", "ordinal"), condition=Q(status=ReadingStatus.OPEN), name="reading_one_open"
            ),
            models.UniqueConstraint(
                fields=("study", "ordinal"),
                condition=Q(status=ReadingStatus.COMPLETED),
                name="reading_one_completed",
            ),
            models.CheckConstraint(condition=Q(status__in=ReadingStatus.values), name="reading_status_known"),
        )

    def __str__(self) -> str:
        return f"Reading {self.ordinal} of study {self.study_id}"
