"""What signing in keeps: counters that all web processes share, and whom a site asks for a second factor."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action, Role, roles_with


class SecondFactor(models.TextChoices):
    """Who must have a second factor at a site."""

    NOBODY = "nobody", _("Whoever wants one")
    ADMINISTRATORS = "administrators", _("Administrators must have one")
    SIGNING = "signing", _("Administrators and who signs reports")
    EVERYBODY = "everybody", _("Everybody must have one")


ROLES_ASKED: dict[str, frozenset[str]] = {
    SecondFactor.NOBODY: frozenset(),
    SecondFactor.ADMINISTRATORS: frozenset({Role.ADMINISTRATOR}),
    SecondFactor.SIGNING: frozenset({Role.ADMINISTRATOR, *roles_with(Action.SIGN_REPORT)}),
    SecondFactor.EVERYBODY: frozenset(Role.values),
}


class Counter(models.Model):
    """An entry of the cache where there is no Redis: tries that failed, codes that were used.

    key: SHA-256 of the cache's key, hex. value: JSON, so that who writes to the database runs nothing here.
    """

    key = models.CharField(max_length=64, primary_key=True)
    value = models.JSONField()
    ends_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return f"Counter {self.key[:8]}"
