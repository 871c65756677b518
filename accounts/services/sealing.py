"""Sealing new audit events, and the key and the latest head outside the database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import AuditEvent, AuditSeal
from accounts.sealing import FIRST, Head, Seal, Verdict, event_mac, event_text, judge, seal_digest

log = structlog.get_logger(__name__)
KEY_BYTES = 32
BATCH = 5000
# What an event is sealed as. A column that is added later belongs to no event that was sealed before: it
# needs a second list and a mark in the seal, not a place here.
SEALED = (
    "id",
    "verb",
    "outcome",
    "actor_id",
    "actor_name",
    "site_id",
    "object_type",
    "object_id",
    "address",
    "request_id",
)
# A number that was passed over belongs to a transaction that is still under way, or was rolled back.
GAP_STAYS_OPEN = timedelta(minutes=10)
MOST_GAPS = 1000


class KeyMissing(Exception):
    """There are seals, but the key they were made with is not where the settings say."""


def audit_key(*, create: bool = False) -> bytes:
    """The sealing key. `create`: make one where there is none yet. Raises KeyMissing."""
    path: Path = settings.AUDIT_KEY
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not create or AuditSeal.objects.exists():
            raise KeyMissing(f"The key of the audit trail is not at {path.name}.") from None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return audit_key()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        return audit_key()
    if len(key) < KEY_BYTES:
        raise KeyMissing(f"The key of the audit trail needs {KEY_BYTES} bytes.")
    return key


def seal_events() -> AuditSeal | None:
    """Seal what no seal covers yet; None when there is nothing, or another process was quicker.

    Afterwards the file of the head names the new seal. Raises KeyMissing."""
    key = audit_key(create=True)
    now = timezone.now()
    last = AuditSeal.objects.order_by("-number").first()
    newest = last.last_event if last else 0
    gaps = _open_gaps(last, now)
    fresh = list(_texts(AuditEvent.objects.filter(Q(pk__gt=newest) | Q(pk__in=gaps)).order_by("pk")[:BATCH]))
    if not fresh:
        return None
    covered = {number for number, _text in fresh}
    highest = max(newest, *covered)
    missed = [number for number in range(newest + 1, highest) if number not in covered][-MOST_GAPS:]
    still = {number: since for number, since in gaps.items() if number not in covered}
    still |= {number: now.isoformat() for number in missed}
    rows = [(number, event_mac(key, text)) for number, text in fresh]
    number, previous = (last.number + 1, last.digest) if last else (1, FIRST)
    at = now.isoformat()
    digest = seal_digest(key, number=number, at=at, rows=rows, gaps=sorted(still), previous=previous)
    try:
        with transaction.atomic():
            seal = AuditSeal.objects.create(
                number=number,
                at=now,
                rows=rows,
                gaps=[[gap, still[gap]] for gap in sorted(still)],
                last_event=highest,
                previous=previous,
                digest=digest,
            )
    except IntegrityError:
        return None
    _keep_head(Head(number, digest))
    return seal


def _open_gaps(last: AuditSeal | None, now: Any) -> dict[int, str]:
    if last is None:
        return {}
    oldest = (now - GAP_STAYS_OPEN).isoformat()
    return {number: since for number, since in last.gaps if since >= oldest}


def _texts(events: QuerySet[AuditEvent]) -> Iterator[tuple[int, bytes]]:
    """Number and sealed text of each, read as text where a changed row may no longer be a time or JSON."""
    rows = events.annotate(_at=Cast("at", TextField()), _detail=Cast("detail", TextField()))
    for row in rows.values(*SEALED, "_at", "_detail").iterator(chunk_size=2000):
        at, detail = row.pop("_at"), row.pop("_detail")
        yield row["id"], event_text({**row, "at": at, "detail": detail})


def _keep_head(head: Head) -> None:
    """Replaced as one, so that a crash leaves the old head or the new one. The log, outside the database
    as well, says it too: a file that cannot be written stops no sealing."""
    path: Path = settings.AUDIT_HEAD
    log.info("audit_sealed", head=str(head))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        with beside.open("w", encoding="ascii") as file:
            file.write(f"{head}\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        log.error("audit_head_not_written", head=str(head), errno=error.errno)


def kept_head() -> Head | None:
    """The head in its file; None when there is none. Raises ValueError when the file holds something else."""
    try:
        return Head.parse(settings.AUDIT_HEAD.read_text("ascii"))
    except FileNotFoundError:
        return None


def verify(head: Head | None) -> Verdict:
    """Hold every event and seal of the database against the key and `head`. Raises KeyMissing."""
    seals = [_stored(seal) for seal in AuditSeal.objects.order_by("number").iterator(chunk_size=500)]
    if not seals and not settings.AUDIT_KEY.exists():
        verdict = judge(_texts(AuditEvent.objects.order_by("pk")), [], b"", head)
        verdict.notes.append("Nothing was sealed yet.")
        return verdict
    return judge(_texts(AuditEvent.objects.order_by("pk")), seals, audit_key(), head)


def _stored(seal: AuditSeal) -> Seal:
    rows = [(int(number), str(mac)) for number, mac in seal.rows]
    gaps = [int(number) for number, _since in seal.gaps]
    return Seal(seal.number, seal.at.isoformat(), rows, gaps, seal.previous, seal.digest)
