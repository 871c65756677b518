"""What the drafter reads and writes. Pure data: no Django, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

SLOTS = ("type", "place", "size", "axes", "solid", "volume", "view", "extent", "slice", "change", "prior")
CHANGES = {"larger": "larger than", "smaller": "smaller than", "stable": "about as large as"}
LANGUAGES = ("en", "zh")
REGISTERS = ("full", "terse")
# A style is a head, a wording of the clauses and their order, in one of two registers.
HEADS, WORDINGS, ORDERS = 4, 3, 4
STYLES = HEADS * WORDINGS * ORDERS


class DraftInputError(ValueError):
    """The input cannot be drafted from; `str(error)` is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a finding with the part it plays.

    role: "size", "axes", "solid", "prior", "volume", "slice", "extent" or "other".
    unit: "mm", "mm3", "ml", "" …
    """

    value: Decimal
    unit: str
    role: str


@dataclass(frozen=True)
class FindingFacts:
    """One finding, checked and in words.

    slots: slot name → the exact words that stand for it; a slot that is absent is unknown.
    change: one of `CHANGES` when both sizes are known and comparable, else None.
    quantities: every number that belongs in the sentence, from the input, not from the words.
    problems: what of the input could not be used, one sentence each.
    language: of the words in `slots`; english: the same slots in English, which the guard holds a
    sentence of any language against.
    """

    id: str
    programme: str
    size_kind: str
    slots: Mapping[str, str]
    quantities: tuple[Quantity, ...] = ()
    change: str | None = None
    problems: tuple[str, ...] = ()
    language: str = "en"
    english: Mapping[str, str] = field(default_factory=dict)

    @property
    def meant(self) -> Mapping[str, str]:
        """The slots in English."""
        return self.english or self.slots


@dataclass(frozen=True)
class HouseStyle:
    """How a site words its drafts.

    language: "en" or "zh". register: "full" sentences or "terse" ones. negatives: whether a study
    below the threshold is told section by section in a sentence, or only in its assessment. orders: programme →
    section names in the order they are shown. version: of the site's record, 0 for the default. model: folder of a
    Hugging Face model of the site's own, "" for the shipped one.
    """

    language: str = "en"
    register: str = "full"
    negatives: bool = True
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a draft.

    origin: "model:<name>@<version>", "rule:<id>" or "template:<id>".
    evidence: ids of the findings it rests on.
    """

    text: str
    origin: str
    evidence: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "origin": self.origin, "evidence": list(self.evidence)}


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """`passed` is False when anything was off, also when it has been put right; `reasons` say what."""

    passed: bool
    reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"passed": self.passed, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class StudyFacts:
    """One line of `score --json`, checked.

    state: "scored", "refused", "failed", "pending", "out_of_scope" or "unknown".
    below_threshold: True, False, or None when the input does not say.
    category: a category of the programme's scheme, or None.
    quotes: texts from the input that may stand in the draft word for word, already cleaned.
    paired: the model itself matched the findings with those of the earlier study.
    """

    programme: str | None
    state: str
    reason: str
    limitations: tuple[str, ...]
    below_threshold: bool | None
    category: str | None
    category_rule: str
    band: int | None
    composition: str | None
    prior_date: str | None
    findings: tuple[FindingFacts, ...] = ()
    problems: tuple[str, ...] = ()
    quotes: tuple[str, ...] = field(default=())
    paired: bool = False
    language: str = "en"
    register: str = "full"
    negatives: bool = True

    @property
    def was_read(self) -> bool:
        return self.state == "scored"

    @property
    def may_look_negative(self) -> bool:
        """Only scored, below threshold, without limitations and without findings.

        Where the input does not say how the score lies to the threshold, a category given by rule
        for "no nodule" says as much.
        """
        below = self.below_threshold if self.below_threshold is not None else self.category in ("1", "2")
        return self.was_read and below and not self.limitations and not self.findings

    @property
    def may_state_category(self) -> bool:
        """A category that reassures does not stand while the assessment is incomplete."""
        return self.was_read and self.category is not None and not (self.limitations and self.category in ("1", "2"))
