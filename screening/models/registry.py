"""Model bundles, which of them reads which programme, and where one may move the queue. All of it is history:
rows are added, and the newest counts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Site


class ModelBundle(models.Model):
    """One version of one model, kept for as long as it is registered under `<name>@<version>`."""

    name = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    programme = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64, help_text="of weights.safetensors")
    metadata = models.JSONField(help_text="model.json as it was registered; the rights are read from here")
    shipped = models.BooleanField(default=False, help_text="came with Firstread; else installed by an administrator")
    installed_at = models.DateTimeField()
    installed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("programme", "name", "id")
        constraints = (models.UniqueConstraint(fields=("name", "version"), name="modelbundle_once"),)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def folder_name(self) -> str:
        return f"{self.name}@{self.version}"


class ModelActivation(models.Model):
    """From `at` on this bundle reads the programme. The newest row of a programme counts."""

    programme = models.CharField(max_length=40)
    bundle = models.ForeignKey(ModelBundle, on_delete=models.PROTECT, related_name="activations")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # A person's choice stands until a person chooses again; the program's own follows what is shipped.
    automatic = models.BooleanField(default=False)
    reason = models.CharField(max_length=400)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("programme", "-id"), name="modelactivation_newest"),)

    def __str__(self) -> str:
        return f"{self.bundle} reads {self.programme} since {self.at:%Y-%m-%d %H:%M}"


class TriageGrant(models.Model):
    """The right to bring due times forward, given to or taken from one version at one site. The newest row counts."""

    bundle = models.ForeignKey(ModelBundle, on_delete=models.PROTECT, related_name="grants")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    granted = models.BooleanField()
    for_show = models.BooleanField(default=False, help_text="made by the demonstration, which says so on its pages")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=400)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("bundle", "site", "-id"), name="triagegrant_newest"),)

    def __str__(self) -> str:
        return f"{'granted to' if self.granted else 'taken from'} {self.bundle} at {self.site}"
