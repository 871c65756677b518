"""The heads the brain tests look at, each drawn and read once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pydicom.dataset import Dataset

from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, as_bytes
from screening.scoring.brain import BrainScorer
from screening.scoring.types import InstanceInput, RunContext, ScoreResult, StudyInput

BLEED = BleedSpec("intraparenchymal", "right", 30.0)
EPIDURAL = BleedSpec("epidural", "left", 35.0)
UNEVEN = tuple([-50.0 + 4.0 * i for i in range(13)] + [2.0 + 7.0 * i for i in range(13)])


def study_of(datasets: Sequence[Dataset]) -> StudyInput:
    instances = [InstanceInput(item, lambda item=item: as_bytes(item)) for item in datasets]
    return StudyInput(str(datasets[0].StudyInstanceUID), instances)


@lru_cache
def head(name: str) -> PhantomStudy:
    if name == "normal":
        return head_ct(7)
    if name == "calm":
        return head_ct(62)
    if name == "bleed":
        return head_ct(7, BLEED)
    if name == "epidural":
        return head_ct(8, EPIDURAL)
    return head_ct(7, BLEED, positions_mm=UNEVEN)


@lru_cache
def reading(name: str) -> ScoreResult:
    return BrainScorer().score(study_of(head(name).datasets), RunContext())
