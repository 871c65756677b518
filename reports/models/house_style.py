"""How a site's drafts are worded, as versioned records."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from screening.models.measuring import InsertOnly


class DraftLanguage(models.TextChoices):
    ENGLISH = "en", _("English")
    CHINESE = "zh", _("Simplified Chinese")


class Register(models.TextChoices):
    FULL = "full", _("Full sentences")
    TERSE = "terse", _("Terse")


class DraftStyle(InsertOnly):
    """A site's house style, from its version on; the newest version is in force.

    negatives: whether a study below the threshold gets its sentence of what was not found. orders: programme → the
    names of all its sections in the order they are shown; a programme that is absent keeps the usual one. model:
    folder under `drafters/` of the data folder that holds a model of the site's own; blank for the shipped one.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(help_text="from 1")
    language = models.CharField(max_length=2, choices=DraftLanguage)
    register = models.CharField(max_length=5, choices=Register)
    negatives = models.BooleanField(default=True)
    orders = models.JSONField(default=dict)
    model = models.CharField(max_length=80, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("version",)
        constraints = (
            models.UniqueConstraint(fields=("site", "version"), name="draftstyle_version_once"),
            models.CheckConstraint(condition=Q(language__in=DraftLanguage.values), name="draftstyle_language_known"),
            models.CheckConstraint(condition=Q(register__in=Register.values), name="draftstyle_register_known"),
        )

    def __str__(self) -> str:
        return f"House style {self.version} of site {self.site_id}"
