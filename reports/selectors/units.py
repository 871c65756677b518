"""Intervals in words."""

from __future__ import annotations

from django.utils.translation import ngettext


def unit_words(number: int, unit: str) -> str:
    """ "3 months", in the reader's language."""
    if unit == "days":
        return ngettext("%(n)d day", "%(n)d days", number) % {"n": number}
    if unit == "weeks":
        return ngettext("%(n)d week", "%(n)d weeks", number) % {"n": number}
    return ngettext("%(n)d month", "%(n)d months", number) % {"n": number}


def minutes_words(minutes: int) -> str:
    """ "30 min", "4 h", "2 days": whole units only."""
    if minutes % (24 * 60) == 0:
        return unit_words(minutes // (24 * 60), "days")
    if minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
