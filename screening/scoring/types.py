"""What goes into a scorer and what comes out of it.

Pure data: no Django, no torch. `ScoreResult.as_json` is the contract of `manage.py score --json`
and the only form in which a result is stored or handed to the report drafter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydicom.dataset import Dataset

from screening.scoring.priors import PriorExam

Programme = Literal["lung", "breast", "brain"]
ResultState = Literal["scored", "refused", "failed", "out_of_scope"]
Tier = Literal["critical", "urgent", "soon", "routine"]


class Refusal(Exception):
    """The model was not made for this input; `str(refusal)` is one plain sentence for a reader."""


class Cancelled(Exception):
    """The run was cancelled, or its lease was lost, between two batches."""


@dataclass(frozen=True, slots=True)
class InstanceInput:
    """One image of a study.

    `dataset` holds the parsed header without pixel data; `read` returns the whole DICOM file
    (Part 10 bytes as stored) and is called only when the pixels are needed.
    """

    dataset: Dataset
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class StudyInput:
    """One study as a scorer sees it; `instances` in no promised order, all series mixed.

    prior: what was found on the last comparable study of the same patient, where there is one.
    """

    study_uid: str
    instances: Sequence[InstanceInput]
    prior: PriorExam | None = None


@dataclass(frozen=True, slots=True)
class FindingResult:
    """One finding, with the image that shows it.

    id: unique within the result: "f1", "f2" … in order of falling importance.
    type: a word of the programme's vocabulary: lung "solid_nodule", "part_solid_nodule",
        "ground_glass_nodule"; breast "mass"; brain "haemorrhage".
    location: plain English, e.g. "right upper lobe", "left breast, upper", "right hemisphere".
    size_mm: mean diameter (lung), long axis (others), to 0.1 mm; None when it cannot be measured.
    probability: 0–1.
    frame: from 1. box: [x0, y0, x1, y1] in pixels of that frame, from 0, end excluded.
    attributes: further facts by name, e.g. {"long_axis_mm": 8.1, "short_axis_mm": 6.5, "side": "right",
        "volume_mm3": 214, "view": "MLO", "slice": 80}. "reasons" lists what led to a category, as
        `rules.reasons.Reason.as_json` writes it; what makes a study comparable is in `priors`.
    contour: polygon [[x, y], …] in pixels of that frame, or None.
    heat_map: how strongly each place of that frame spoke for the finding, as `evidence.heat_map`
        gives it, or None.
    """

    id: str
    type: str
    location: str
    size_mm: float | None
    probability: float
    series_uid: str
    sop_uid: str
    frame: int
    box: tuple[float, float, float, float]
    attributes: dict[str, Any] = field(default_factory=dict)
    contour: list[list[float]] | None = None
    heat_map: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "location": self.location,
            "size_mm": self.size_mm,
            "probability": self.probability,
            "series_uid": self.series_uid,
            "sop_uid": self.sop_uid,
            "frame": self.frame,
            "box": list(self.box),
            "attributes": self.attributes,
            "contour": self.contour,
            "heat_map": self.heat_map,
        }


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model spoke: name and version from the bundle, sha256 of its weights (hex)."""

    name: str
    version: str
    sha256: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The outcome for one study.

    state: "failed" is never returned by a scorer: an exception becomes it at the edge.
    reason: None if scored, else one plain sentence.
    limitations: plain phrases ("left CC view is missing"); with any, the assessment is
        *incomplete* and may never look negative.
    score: 0–1, None unless scored. above_threshold: the operating point's verdict on `score`.
    category: by rule, from measurements (lung: 0, 1, 2, 3, 4A, 4B, 4X; otherwise None unless a
        rule gives one). category_rule: the sentence that says which rule gave it.
    band: 1–10 for breast, else None.
    tier: how soon it should be read, by rule. tier_rule: the sentence that says why.
    attributes: study-level facts by name, e.g. {"density": "c", "positive_slices": 4}.
    """

    study_uid: str
    programme: str | None
    state: ResultState
    reason: str | None = None
    limitations: tuple[str, ...] = ()
    score: float | None = None
    above_threshold: bool | None = None
    category: str | None = None
    category_rule: str = ""
    band: int | None = None
    tier: Tier = "routine"
    tier_rule: str = ""
    findings: tuple[FindingResult, ...] = ()
    model: ModelInfo | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "study_uid": self.study_uid,
            "programme": self.programme,
            "state": self.state,
            "reason": self.reason,
            "limitations": list(self.limitations),
            "score": self.score,
            "above_threshold": self.above_threshold,
            "category": self.category,
            "category_rule": self.category_rule,
            "band": self.band,
            "tier": self.tier,
            "tier_rule": self.tier_rule,
            "findings": [finding.as_json() for finding in self.findings],
            "model": self.model.as_json() if self.model else None,
            "attributes": self.attributes,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a scorer may use while it runs.

    device: "cpu" or "cuda". progress: called with 0–1 between batches.
    cancelled: asked between batches; a scorer that hears True raises `Cancelled`.
    """

    device: str = "cpu"
    progress: Callable[[float], None] = lambda _done: None
    cancelled: Callable[[], bool] = lambda: False

    def step(self, done: float) -> None:
        """Report progress and stop here when the run was cancelled."""
        if self.cancelled():
            raise Cancelled
        self.progress(done)


class Scorer(Protocol):
    """One programme's reader. Deterministic: the same input gives the same result."""

    @property
    def model(self) -> ModelInfo:
        """The bundle this scorer runs."""
        ...

    def score(self, study: StudyInput, context: RunContext) -> ScoreResult:
        """Score one study.

        Returns a result whose state is "scored"; raises `Refusal` for input it was not made
        for, `Cancelled` when told to stop, anything else when it failed.
        """
        ...
