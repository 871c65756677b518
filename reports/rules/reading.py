"""Who reads a study: once, twice and blind, or with the AI as second reader; and what a rule would have cost.

A rule is data. `next_step` says from it, from what the AI gave and from the opinions so far what happens next;
`replay` does the same over past reads. An opinion is True for recall (or abnormal), False for normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

BANDS = range(1, 11)


class RuleError(ValueError):
    """The data is no reading rule; `str(error)` is one sentence."""


class Kind(StrEnum):
    SINGLE = "single"
    DOUBLE = "double"
    # The AI's band decides between one reader and two (MASAI: 1 to 9 once, 10 twice).
    BANDS = "bands"
    # The AI is the second reader itself: a person who differs from it is arbitrated.
    AI_READER = "ai_reader"


@dataclass(frozen=True, slots=True)
class Rule:
    """single_bands: of kind BANDS, read once. arbitrate_recalls: every recall goes to the third reader, agreed or not."""

    kind: Kind = Kind.SINGLE
    single_bands: frozenset[int] = frozenset()
    arbitrate_recalls: bool = False

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Rule:
        """From {"kind", "single_bands", "arbitrate_recalls"}. Raises `RuleError`."""
        try:
            kind = Kind(str(data.get("kind", "")))
        except ValueError:
            raise RuleError("There is no such kind of reading.") from None
        bands = data.get("single_bands") or ()
        if not isinstance(bands, Sequence) or not all(type(band) is int and band in BANDS for band in bands):
            raise RuleError("Bands are numbers from 1 to 10.")
        if kind == Kind.BANDS and not bands:
            raise RuleError("Name the bands that are read once.")
        if kind != Kind.BANDS and bands:
            raise RuleError("Bands belong to reading by bands only.")
        every = bool(data.get("arbitrate_recalls", False))
        if kind == Kind.SINGLE and every:
            raise RuleError("Single reading has nothing to arbitrate.")
        return cls(kind, frozenset(bands), every)

    def as_data(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "single_bands": sorted(self.single_bands),
            "arbitrate_recalls": self.arbitrate_recalls,
        }


MASAI = Rule(Kind.BANDS, frozenset(range(1, 10)))


@dataclass(frozen=True, slots=True)
class AiRead:
    """What the AI gave: band 1 to 10 and whether it would recall; None where it gave none or saw not all."""

    band: int | None = None
    recall: bool | None = None


class Act(StrEnum):
    READ = "read"
    ARBITRATE = "arbitrate"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    """act: what comes next. ordinal: whose turn, from 1 (of DONE: how many people have read). outcome: of DONE."""

    act: Act
    ordinal: int
    outcome: bool | None = None


def readers(rule: Rule, ai: AiRead) -> int:
    """How many people read blind of each other before anything is compared.

    Where the AI gave nothing to go by, two read: its silence never saves a reader.
    """
    if rule.kind == Kind.DOUBLE:
        return 2
    if rule.kind == Kind.BANDS:
        return 1 if ai.band in rule.single_bands else 2
    if rule.kind == Kind.AI_READER:
        return 1 if ai.recall is not None else 2
    return 1


def is_single(rule: Rule, ai: AiRead) -> bool:
    """Is one reader's report all there is, with nothing to compare it with?"""
    return readers(rule, ai) == 1 and rule.kind != Kind.AI_READER and not rule.arbitrate_recalls


def next_step(rule: Rule, ai: AiRead, opinions: Sequence[bool]) -> Step:
    """What follows `opinions`, the people's in the order in which they read."""
    people = readers(rule, ai)
    if len(opinions) < people:
        return Step(Act.READ, len(opinions) + 1)
    votes = list(opinions[:people])
    if rule.kind == Kind.AI_READER and people == 1 and ai.recall is not None:
        votes.append(ai.recall)
    if len(set(votes)) == 1 and not (rule.arbitrate_recalls and votes[0]):
        return Step(Act.DONE, people, votes[0])
    if len(opinions) == people:
        return Step(Act.ARBITRATE, people + 1)
    return Step(Act.DONE, people + 1, opinions[people])


@dataclass(frozen=True, slots=True)
class PastRead:
    """One study of the past. opinions: each person's, in order. cancer: what came out, None where unknown."""

    ai: AiRead
    opinions: tuple[bool, ...]
    cancer: bool | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a rule would have made of past reads.

    readings: by people, arbitrations included. recalls, arbitrations: of the `settled` studies, whose past opinions
    say how they would have ended; the `open_` ones lack an opinion that the rule asks for, and may add to them.
    An arbitration that is certain counts, though nobody knows how it would have ended.
    cancers: known ones among the settled; found: of them recalled.
    """

    studies: int
    readings: int
    twice: int
    arbitrations: int
    recalls: int
    open_: int
    cancers: int
    found: int

    @property
    def settled(self) -> int:
        return self.studies - self.open_

    @property
    def most_recalls(self) -> int:
        return self.recalls + self.open_


def replay(rule: Rule, past: Iterable[PastRead]) -> Forecast:
    """Count readings, arbitrations and recalls as they would have been under `rule`."""
    studies = readings = twice = arbitrations = recalls = open_ = cancers = found = 0
    for read in past:
        studies += 1
        people = readers(rule, read.ai)
        twice += people == 2
        given: list[bool] = []
        step = next_step(rule, read.ai, given)
        while step.act != Act.DONE and len(given) < len(read.opinions):
            given.append(read.opinions[len(given)])
            step = next_step(rule, read.ai, given)
        arbitrated = step.act == Act.ARBITRATE or (step.act == Act.DONE and step.ordinal > people)
        arbitrations += arbitrated
        readings += people + arbitrated
        if step.act != Act.DONE:
            open_ += 1
            continue
        recalls += bool(step.outcome)
        cancers += bool(read.cancer)
        found += bool(read.cancer and step.outcome)
    return Forecast(studies, readings, twice, arbitrations, recalls, open_, cancers, found)
