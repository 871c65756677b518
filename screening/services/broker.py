"""Keeping the embedded broker's file small."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.utils import timezone

PREFIX = "sqla+sqlite:///"


def purge_delivered(*, older_than: timedelta) -> int:
    """Delete delivered messages, which the SQL transport only marks; returns how many.

    Does nothing for any other broker, or before the first message has made the file.
    """
    url = settings.CELERY_BROKER_URL
    if not url.startswith(PREFIX):
        return 0
    path = Path(unquote(url.removeprefix(PREFIX)))
    if not path.exists():
        return 0
    # The transport stamps rows with the local wall clock, without a zone.
    before: datetime = timezone.make_naive(timezone.now() - older_than, timezone.get_default_timezone())
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        deleted = connection.execute(
            "DELETE FROM kombu_message WHERE visible = 0 AND timestamp < ?", (before.isoformat(sep=" "),)
        )
        return deleted.rowcount
