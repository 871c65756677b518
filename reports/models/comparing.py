"""How a reader likes images to hang, and which lesions of two examinations a reader called one."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.layouts import KINDS
from screening.models import Finding, Study


class UserHangingProtocol(models.Model):
    """One reader's own way of hanging one kind of study; without one that is chosen the department's holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hanging_protocols")
    kind = models.CharField(max_length=16, help_text="as reports.layouts.KINDS")
    name = models.CharField(max_length=60)
    chosen = models.BooleanField(default=False, help_text="studies of the kind hang by it")
    protocol = models.JSONField(help_text="as reports.layouts.checked_protocol gives it")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "kind", "name"), name="hanging_protocol_name_once"),
            models.UniqueConstraint(
                fields=("user", "kind"), condition=Q(chosen=True), name="hanging_protocol_one_chosen"
            ),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="hanging_protocol_kind_known"),
        )

    def __str__(self) -> str:
        return f"Hanging protocol of user {self.user_id} for {self.kind}"


class MatchVerdict(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed")
    REJECTED = "rejected", _("Rejected")


class LesionMatch(models.Model):
    """A reader's word on whether two findings are one lesion. Rows are added; the newest of a finding counts.

    finding, prior_finding: the AI's, null for a reader's own; the keys tell which, as in decisions about findings.
    Sizes are copied: what the reader judged stays readable when a later score run finds otherwise.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="lesion_matches")
    prior = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="+")
    finding_key = models.CharField(max_length=16)
    prior_finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="+")
    prior_finding_key = models.CharField(max_length=16)
    verdict = models.CharField(max_length=10, choices=MatchVerdict)
    size_mm = models.FloatField(null=True)
    prior_size_mm = models.FloatField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(verdict__in=MatchVerdict.values), name="lesion_match_verdict_known"),
            models.CheckConstraint(condition=~Q(study=models.F("prior")), name="lesion_match_two_studies"),
        )

    def __str__(self) -> str:
        return f"Match {self.pk} of study {self.study_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A match is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("A match is never removed.")
