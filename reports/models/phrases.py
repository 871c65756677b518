"""A person's own phrases: words they write often, kept under a short name."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Phrase(models.Model):
    """`/name` in a report becomes `text`; {side} and the like in it are filled when it is used. One's own, not evidence:
    it may be changed and removed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="phrases")
    name = models.CharField(max_length=24)
    text = models.CharField(max_length=2000)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="phrase_name_once"),)

    def __str__(self) -> str:
        return f"/{self.name}"
