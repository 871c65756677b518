"""After every migration what is shipped is registered: it appears by itself, at set-up and after an upgrade."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from screening.models import ModelBundle, TriageGrant
from screening.services.registry import register_shipped


@receiver(post_migrate, dispatch_uid="screening.register_shipped")
def on_migrated(sender: AppConfig, using: str, **_kwargs: Any) -> None:
    """A database migrated only part of the way has no place for bundles yet."""
    if sender.name != "screening" or using != "default":
        return
    tables = set(connections[using].introspection.table_names())
    if {ModelBundle._meta.db_table, TriageGrant._meta.db_table} <= tables:
        register_shipped()
