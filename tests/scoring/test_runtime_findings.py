"""The quick engine changes no verdict: what is found with it is what the network as it was trained finds."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from benchmarks.score_once import Metered, bundle_of, compared, files_of
from config.data import data_folder
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.scoring import runtime
from screening.scoring.registry import score_study
from screening.scoring.runtime import Engine
from screening.scoring.types import RunContext, StudyInput
from tests.scoring.test_runtime_memory import headers_and_files

PROBABILITY = 0.01
PHANTOMS = {
    "lung": lambda: chest_ct(5, [NoduleSpec(11.0, "solid", "RUL"), NoduleSpec(15.0, "part_solid", "LLL")], slices=76),
    "brain": lambda: head_ct(21, BleedSpec("subdural", volume_ml=30.0)),
    "breast": lambda: mammogram(22, MassSpec(diameter_mm=16.0)),
}
REAL = {"lung": "chest_ct_screening_nlst", "brain": "head_ct_ge", "breast": "mammogram_ge"}


def both_ways(programme: str, study: StudyInput, monkeypatch) -> dict:
    """The results of the quick and of the plain engine, compared."""
    quick = score_study(programme, study, RunContext()).as_json()
    bundle = bundle_of(programme)
    key = (str(bundle.folder), bundle.metadata["sha256"], "cpu")
    monkeypatch.setitem(runtime._ENGINES, key, Metered(Engine(bundle, "cpu", plain=True), one_by_one=True))
    return compared(quick, score_study(programme, study, RunContext()).as_json())


@pytest.mark.soak
@pytest.mark.parametrize("programme", PHANTOMS)
def test_a_phantom_reads_the_same(programme, monkeypatch):
    phantom = PHANTOMS[programme]()
    told = both_ways(programme, StudyInput(phantom.study_uid, headers_and_files(phantom.datasets)), monkeypatch)
    assert told["equal"]
    assert max(told["score_difference"], told["probability_difference"]) <= PROBABILITY


@pytest.mark.soak
@pytest.mark.data
@pytest.mark.parametrize("programme", REAL)
def test_a_real_study_reads_the_same(programme, monkeypatch):
    folder = data_folder() / "dicom" / REAL[programme]
    if not folder.is_dir():
        pytest.skip("FIRSTREAD_DATA is not here")
    told = both_ways(programme, files_of(folder), monkeypatch)
    assert told["equal"]
    assert max(told["score_difference"], told["probability_difference"]) <= PROBABILITY
