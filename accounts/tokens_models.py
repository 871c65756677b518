"""The rows of API tokens."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.tokens import NAME_LENGTH, Grant, actions_of


class ApiToken(models.Model):
    """A key that a program acts with in a person's name, within `scopes`. Only its digest is kept.

    prefix: its first signs, by which it is found and told apart. site: the only one it reaches, null for all of the
    person's. last_used_at: to the hour. revoked_at: ended before its time, revoked_by whom, null for the program.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=NAME_LENGTH)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hex")
    scopes = models.JSONField(default=list)
    site = models.ForeignKey("accounts.Site", null=True, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="apitoken_ends"),
            # Two of a name could not be told apart in the audit trail.
            models.UniqueConstraint(
                fields=("user", "name"), condition=Q(revoked_at__isnull=True), name="apitoken_name_once"
            ),
        )

    def __str__(self) -> str:
        return self.prefix

    def grant(self) -> Grant:
        return Grant(self.pk, self.name, actions_of(self.scopes), self.site_id)
