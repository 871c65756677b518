"""The latest head of each site's chain, written outside the database at each signature.

With it a cut tail is seen; whoever can change the database alone cannot take it back.
"""

from __future__ import annotations

import os
from datetime import UTC
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction

from reports.models import Signature
from reports.verify.verify_reports import Head, head_line, latest_head

log = structlog.get_logger(__name__)


def note_head(signature: Signature) -> None:
    """Once the signature is committed, add its line to the file of heads. A file that cannot be written
    stops no signature: the log, outside the database too, then says the head."""
    head = Head(signature.sequence, signature.chain_sha256)
    line = head_line(signature.site.slug, head, signature.signed_at.astimezone(UTC).isoformat())
    transaction.on_commit(partial(_append, line), robust=True)


def _append(line: str) -> None:
    path = settings.SIGNATURE_HEADS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            # One write, so that lines of several processes never mix.
            os.write(handle, line.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        log.error("head_not_written", head=line.strip(), errno=error.errno)


def noted_head(site_slug: str) -> Head | None:
    """The latest head that was written for the site; None when there is none."""
    try:
        return latest_head(settings.SIGNATURE_HEADS.read_text("utf-8", errors="replace"), site_slug)
    except FileNotFoundError:
        return None
