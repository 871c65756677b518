"""Audit of acts that come in swarms: the many images of one look, or of one transfer, make one event."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User, Verb
from screening.models import Study

SWARM = timedelta(minutes=15)
# For so long this process need not ask again whether there was an event.
REMEMBERED_S = 60


def record_images_sent(
    *, study_uid: str, site_id: int, actor: User, request: HttpRequest | None = None, ahead: bool = False
) -> None:
    """`record_once` that images of a study were sent, without a query while the swarm lasts.

    ahead: before anybody asked to see them.
    """
    token = actor.grant.token_id if actor.grant else 0
    key = f"images-sent:{actor.pk}:{token}:{site_id}:{int(ahead)}:{study_uid}"
    if cache.get(key):
        return
    study = Study.objects.select_related("site").get(site=site_id, study_uid=study_uid)
    record_once(Verb.IMAGES_VIEWED, study=study, actor=actor, request=request, ahead=ahead)
    cache.set(key, True, REMEMBERED_S)


def record_once(
    verb: Verb,
    *,
    study: Study,
    actor: User | None,
    request: HttpRequest | None = None,
    ahead: bool = False,
    **detail: str | int,
) -> None:
    """Add an event about `study` unless the same person did the same to it in the last 15 minutes. One query.

    ahead: sent before anybody asked to see it, which is told apart from a look and does not stand for one.
    """
    known = AuditEvent.objects.filter(
        at__gte=timezone.now() - SWARM, verb=verb, actor=actor, site=study.site_id, object_id=study.study_uid
    )
    known = known.filter(detail__has_key="ahead") if ahead else known.exclude(detail__has_key="ahead")
    if actor is not None:
        # A program's look does not stand for its person's, nor one token's for another's.
        token = actor.grant.token_id if actor.grant else None
        known = known.filter(detail__token_id=token) if token else known.exclude(detail__has_key="token_id")
    if ahead:
        detail["ahead"] = 1
    if not known.exists():
        audit.record(
            verb,
            actor=actor,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail=detail,
            request=request,
        )
