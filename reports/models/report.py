"""Reports, their insert-only revisions and addenda, and signatures chained over canonical bytes."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from reports.states import ReportStatus
from screening.models import ScoreRun, Study


class Report(models.Model):
    """The one report of a study. Its text is that of its newest accepted revision."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="report")
    programme = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=12, choices=ReportStatus, default=ReportStatus.DRAFTING)
    created_at = models.DateTimeField()
    # Lease of the drafting job; a draft is a help, so a lost one is simply made again.
    draft_attempt = models.PositiveSmallIntegerField(default=0)
    draft_lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(status__in=ReportStatus.values), name="report_status_known"),)

    def __str__(self) -> str:
        return f"Report {self.pk}"


class Revision(models.Model):
    """One state of the text. Rows are added, never changed.

    sections: {section name: [{"id": str, "text": str, "origin": str, "evidence": [finding keys],
    "state": "ai" | "edited" | "human"}]}; the order of sections is the content schema's.
    answers: the coded answers beside the text, as `reports.coded` has them; null where none were ever asked for.
    number: from 0 (the first AI or template draft) or 1; `parent` is the number it was made from.
    offered: an AI draft that came after a person's first revision: shown beside, not current.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.PositiveIntegerField(null=True)
    sections = models.JSONField()
    # Null, so that adding it changed no row of a table whose rows are never changed.
    answers = models.JSONField(null=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="null: the AI"
    )
    origin = models.CharField(max_length=120, blank=True, help_text="model name@version of an AI draft")
    run = models.ForeignKey(ScoreRun, null=True, on_delete=models.PROTECT, related_name="+")
    guard = models.JSONField(default=dict)
    offered = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints = (
            # Two readers who save the same parent at once: the second insert fails, and is told.
            models.UniqueConstraint(fields=("report", "number"), name="revision_number_once"),
        )

    def __str__(self) -> str:
        return f"Revision {self.number} of report {self.report_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A revision is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("A revision is never removed.")


class Meaning(models.TextChoices):
    FINAL = "final", _("I have read the study and this is my report")
    PRELIMINARY = "preliminary", _("Preliminary report, to be confirmed")
    ADDENDUM = "addendum", _("I add this to the signed report")
    AMENDED = "amended", _("I have corrected the signed report; this text replaces it")
    COSIGNED = "cosigned", _("I have read this report and agree with it")
    ERASED = "erased", _("I have erased what was signed, as the law asks")


# What stands under a whole text; the others say something of one that was signed before.
TEXTS = (Meaning.FINAL, Meaning.PRELIMINARY, Meaning.AMENDED)


class Signature(models.Model):
    """A person's signature over the canonical bytes of a revision, or of what they say of a signed one, chained per site.

    canonical: the exact bytes signed (JSON, UTF-8). content_sha256 = sha256(canonical);
    chain_sha256 = sha256(previous_sha256 + content_sha256, as lower-case hex text).
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="signatures")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signer_name = models.CharField(max_length=150)
    meaning = models.CharField(max_length=16, choices=Meaning)
    signed_at = models.DateTimeField()
    sequence = models.PositiveIntegerField(help_text="place in the site's chain, from 1")
    canonical = models.TextField()
    content_sha256 = models.CharField(max_length=64)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    chain_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("sequence",)
        constraints = (
            models.UniqueConstraint(fields=("site", "sequence"), name="signature_sequence_once"),
            models.UniqueConstraint(fields=("report",), condition=Q(meaning=Meaning.FINAL), name="signature_one_final"),
            models.CheckConstraint(condition=Q(meaning__in=Meaning.values), name="signature_meaning_known"),
        )

    def __str__(self) -> str:
        return f"Signature {self.sequence} of site {self.site_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A signature is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("A signature is never removed.")


class Addendum(models.Model):
    """What was added to a signed report, in order from 1. Rows are added, never changed; the old text stays.

    signature: its own, of meaning `addendum`. adds_to: the signature of the report text it adds to.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="addenda")
    number = models.PositiveIntegerField()
    adds_to = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="addendum")
    reason = models.CharField(max_length=300)
    text = models.TextField()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("report", "number"), name="addendum_number_once"),)

    def __str__(self) -> str:
        return f"Addendum {self.number} to report {self.report_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An addendum is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("An addendum is never removed.")
