"""Figures of watching that other apps add to `/metrics` and to the status page: screening asks whoever has signed up.

reports may import screening, never the other way; so reports signs up here (`reports.receivers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Site


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a gauge `firstread_<name>`; labels never name a patient, a study or a person."""

    name: str
    help_text: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the status page. late: something must be done. url: where, "" for nowhere."""

    words: str
    late: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """figures, lines: of these sites at this moment; None for all."""

    figures: Callable[[datetime, Sequence[Site] | None], list[Figure]]
    lines: Callable[[datetime, Sequence[Site] | None], list[Line]]


_SOURCES: dict[str, Source] = {}


def sign_up(name: str, source: Source) -> None:
    """Under one name there is one source, however often its module is loaded."""
    _SOURCES[name] = source


def figures(now: datetime, sites: Sequence[Site] | None = None) -> list[Figure]:
    return [each for source in _SOURCES.values() for each in source.figures(now, sites)]


def lines(now: datetime, sites: Sequence[Site] | None = None) -> list[Line]:
    return [each for source in _SOURCES.values() for each in source.lines(now, sites)]
