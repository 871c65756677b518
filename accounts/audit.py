"""Writing the audit trail. Detail holds ids, UIDs and counts, never patients' data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AuditEvent, Site, User, Verb
from config.logs import REQUEST_ID

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def record(
    verb: Verb,
    *,
    actor: User | AnonymousUser | None,
    site: Site | None = None,
    object_type: str = "",
    object_id: str | int = "",
    detail: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
    denied: bool = False,
) -> AuditEvent:
    """Add one event. Called inside the transaction of the act it tells of, so both stand or fall."""
    person = actor if isinstance(actor, User) else None
    told = dict(detail or {})
    if person is not None and person.grant is not None:
        told |= {"token": person.grant.name, "token_id": person.grant.token_id}
    return AuditEvent.objects.create(
        at=timezone.now(),
        verb=verb,
        outcome="denied" if denied else "ok",
        actor=person,
        actor_name=person.username if person else "",
        site=site,
        object_type=object_type,
        object_id=str(object_id),
        detail=told,
        address=address_of(request) if request else None,
        request_id=REQUEST_ID.get(),
    )


def address_of(request: HttpRequest) -> str | None:
    """Where the request came from, seen through the proxies that the settings trust; None on a local socket."""
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return None
    return address
