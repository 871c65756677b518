"""Which scorer reads which programme."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from screening.scoring.brain import BrainScorer
from screening.scoring.breast import BreastScorer
from screening.scoring.bundle import Bundle
from screening.scoring.gates import admit
from screening.scoring.lung import LungScorer
from screening.scoring.types import Refusal, RunContext, Scorer, ScoreResult, StudyInput

SCORERS: dict[str, Callable[[Bundle | None], Scorer]] = {
    "lung": LungScorer,
    "breast": BreastScorer,
    "brain": BrainScorer,
}


def scorer_for(programme: str, bundle: Bundle | None = None) -> Scorer:
    """The scorer of a programme with this bundle, or the shipped one. KeyError for a programme that has none."""
    return SCORERS[programme](bundle)


def score_study(programme: str, study: StudyInput, context: RunContext, bundle: Bundle | None = None) -> ScoreResult:
    """Score one study with this bundle, or the shipped one; a refusal comes back as state "refused" with its sentence.

    `Cancelled` and every failure pass through to the caller.
    """
    started = time.monotonic()
    scorer = scorer_for(programme, bundle)
    try:
        result = scorer.score(admit(programme, study), context)
    except Refusal as refusal:
        result = ScoreResult(
            study_uid=study.study_uid,
            programme=programme,
            state="refused",
            reason=str(refusal),
            tier="routine",
            model=scorer.model,
        )
    return replace(result, seconds=time.monotonic() - started)
