"""What a way of spoiling a draft works on, and the register of all ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.drafting.hostile.bank import Bank, Line
from tests.drafting.hostile.studies import PROGRAMMES, Case

Spoilt = tuple[list[Line], str] | None


@dataclass
class Scene:
    """One true draft about to be spoilt. other: another study of the same programme, with its own true draft."""

    rng: Random
    bank: Bank
    case: Case
    lines: list[Line]
    other: Case
    other_lines: list[Line]

    def pick(self, wanted: Callable[[Line], bool]) -> Line | None:
        """The first line that is wanted: the one made to show the needed slots."""
        return next((line for line in self.lines if wanted(line)), None)

    def put(self, old: Line, new: Line) -> list[Line]:
        """The draft with one line exchanged."""
        return [new if line is old else line for line in self.lines]

    def without(self, wanted: Callable[[Line], bool]) -> list[Line]:
        return [line for line in self.lines if not wanted(line)]


@dataclass(frozen=True)
class Way:
    """One kind of error and the studies it can be made in.

    findings: how many the study has (least, most). slots: what the first finding's sentence must show.
    """

    kind: str
    spoil: Callable[[Scene], Spoilt]
    findings: tuple[int, int] = (1, 3)
    slots: tuple[str, ...] = ()
    programmes: tuple[str, ...] = PROGRAMMES
    languages: tuple[str, ...] = ("en", "zh")
    with_prior: bool = False
    limited: bool = False
    state: str = "scored"
    needs_solid: bool = False


@dataclass
class _Register:
    ways: list[Way] = field(default_factory=list)


_REGISTER = _Register()


def spoils(
    kind: str,
    *,
    findings: tuple[int, int] = (1, 3),
    slots: tuple[str, ...] = (),
    programmes: tuple[str, ...] = PROGRAMMES,
    languages: tuple[str, ...] = ("en", "zh"),
    with_prior: bool = False,
    limited: bool = False,
    state: str = "scored",
    needs_solid: bool = False,
) -> Callable[[Callable[[Scene], Spoilt]], Callable[[Scene], Spoilt]]:
    """Register one way of spoiling."""

    def register(spoil: Callable[[Scene], Spoilt]) -> Callable[[Scene], Spoilt]:
        _REGISTER.ways.append(
            Way(kind, spoil, findings, slots, programmes, languages, with_prior, limited, state, needs_solid)
        )
        return spoil

    return register


def all_ways() -> list[Way]:
    return list(_REGISTER.ways)
