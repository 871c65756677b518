"""Moments in words, as signatures are shown."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone


def utc_words(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def both_times(moment: datetime) -> str:
    """UTC first, the site's own clock after it where that differs."""
    local = timezone.localtime(moment)
    return utc_words(moment) if not local.utcoffset() else f"{utc_words(moment)} ({local:%Y-%m-%d %H:%M:%S %Z})"
