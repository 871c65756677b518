"""Phantom mammograms and their readings, made once for the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

import pydicom
import pytest

from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.headers import PhantomStudy
from screening.scoring.breast import BreastScorer
from screening.scoring.types import InstanceInput, RunContext, ScoreResult, StudyInput


def study_of(files: Sequence[bytes]) -> StudyInput:
    instances = [
        InstanceInput(pydicom.dcmread(BytesIO(data), stop_before_pixels=True), lambda data=data: data) for data in files
    ]
    return StudyInput(str(instances[0].dataset.StudyInstanceUID), instances)


@pytest.fixture(scope="session")
def as_study() -> Callable[[Sequence[bytes]], StudyInput]:
    return study_of


@pytest.fixture(scope="session")
def scorer() -> BreastScorer:
    return BreastScorer()


@pytest.fixture(scope="session")
def with_mass() -> PhantomStudy:
    """Four views, an 18 mm spiculated mass in the upper outer left breast."""
    return mammogram(3, MassSpec(side="L", diameter_mm=18.0, margin="spiculated"), density="b")


@pytest.fixture(scope="session")
def with_mass_result(with_mass: PhantomStudy, scorer: BreastScorer) -> ScoreResult:
    return scorer.score(study_of(with_mass.files()), RunContext())
