"""Who somebody is at the OpenID provider, and which roles it gave them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.roles import Role


class ExternalIdentity(models.Model):
    """One person at one provider: `issuer` and `subject` together are theirs for ever (OpenID Connect Core 1.0 section 5.7);
    a name or an e-mail address there is not."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("issuer", "subject"), name="identity_is_one_persons"),
            models.UniqueConstraint(fields=("issuer", "user"), name="identity_one_at_a_provider"),
        )

    def __str__(self) -> str:
        return f"Identity {self.pk} of user {self.user_id}"


class ProviderRole(models.Model):
    """A role that the provider gave, and may take again. A membership without such a row was given by hand."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="provider_roles")
    site = models.ForeignKey("accounts.Site", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("user", "site"), name="providerrole_one_per_site"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="providerrole_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.role} · site {self.site_id}"
