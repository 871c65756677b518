"""What the review reads and says. Pure data: no Django, no models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Span = tuple[int, int]

# The section that an addendum is, beside those of the report it adds to.
ADDENDUM = "addendum"
LIVE = ("OPEN", "ACCEPTED", "EDITED", "ADDED")
CONFIRMED = ("ACCEPTED", "EDITED", "ADDED")


@dataclass(frozen=True, slots=True)
class SentenceText:
    """One sentence of the report; state: "ai" (as drafted), "edited" or "human"; evidence: keys it rests on.

    accepted: a reader said that a drafted sentence stands.
    """

    id: str
    text: str
    state: str = "human"
    origin: str = "human"
    evidence: tuple[str, ...] = ()
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class SectionText:
    """One section: `role` says what it is for: "technique", "comparison", "composition", "findings", "assessment",
    "recommendation" or "other"."""

    name: str
    role: str
    required: bool
    sentences: tuple[SentenceText, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingSeen:
    """A finding as it counts now, after what a reader made of it.

    state: as in screening.states.FindingState. sizes_mm: every length that belongs to it (size, axes, solid
    component, distances). volumes_ml: its volumes. prior_mm: its size on the earlier study, where known.
    corrected: a reader gave another kind, place or size than the model did. category: what a rule gave it alone.
    """

    key: str
    number: str
    state: str
    type: str = ""
    location: str = ""
    size_mm: float | None = None
    solid_mm: float | None = None
    sizes_mm: tuple[float, ...] = ()
    volumes_ml: tuple[float, ...] = ()
    prior_mm: float | None = None
    corrected: bool = False
    category: str = ""

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def confirmed(self) -> bool:
        return self.state in CONFIRMED


@dataclass(frozen=True, slots=True)
class MeasurementSeen:
    """A reader's measurement on the images: its key ("m1") and lengths in mm."""

    key: str
    lengths_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorSeen:
    """An earlier study that can be compared with: its day, and the sizes found on it in mm."""

    day: date | None
    sizes_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A required coded answer that is asked for and missing: the section it is asked in, its key and its label."""

    section: str
    key: str
    label: str


@dataclass(frozen=True)
class ReviewInput:
    """Everything the review looks at.

    programme: "lung", "breast", "brain" or any other. sex: DICOM PatientSex ("M", "F", "O" or ""). studied: the day
    of the examination. category: what follows by rule from the findings as they stand, None where no rule gives one.
    shift_mm: the midline shift that was measured. priors: None where it is not known whether there are any.
    unanswered: required coded answers that are missing.
    """

    programme: str
    sections: tuple[SectionText, ...]
    findings: tuple[FindingSeen, ...] = ()
    measurements: tuple[MeasurementSeen, ...] = ()
    priors: tuple[PriorSeen, ...] | None = ()
    sex: str = ""
    studied: date | None = None
    category: str | None = None
    shift_mm: float | None = None
    limitations: tuple[str, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at.

    rule: its id in `rules.RULES`. message: key of the sentence in `reports.review_strings`; values: what fills it.
    section: where; sentence: the id, "" for the section as a whole; start, end: characters of the sentence's text.
    finding: key of the finding it is about, answer: of the coded answer; "" for none.
    """

    rule: str
    message: str
    section: str
    sentence: str = ""
    start: int = 0
    end: int = 0
    finding: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""

    @property
    def key(self) -> str:
        """The same remark has the same key as long as what it is about stays."""
        parts = (self.rule, self.section, self.sentence, self.finding, self.message)
        return ":".join((*parts, self.answer) if self.answer else parts)
