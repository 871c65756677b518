"""Studies of another site, seen in an emergency: by whom, why, and until when."""

from __future__ import annotations

import math

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from screening.models.study import Study


class GlassBreak(models.Model):
    """One person's sight of one study, to look and nothing else. It ends by hand or by the clock, whichever is first."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "study"), condition=Q(ended_at__isnull=True), name="glass_once_at_a_time"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("opened_at")), name="glass_ends"),
            models.CheckConstraint(condition=~Q(reason=""), name="glass_has_reason"),
        )

    @property
    def seconds_left(self) -> int:
        """At least 1: after so many the page asks again, and the door is shut."""
        return max(1, math.ceil((self.expires_at - timezone.now()).total_seconds()))

    @property
    def holds(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()

    def __str__(self) -> str:
        return f"Emergency access {self.pk}"
