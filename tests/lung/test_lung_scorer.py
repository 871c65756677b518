"""The lung reading end to end, on synthetic chests and, where they are, on real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from config.data import data_folder
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.headers import PhantomStudy, as_bytes, ct_datasets, fictional_patient
from screening.scoring.lung import LungScorer
from screening.scoring.priors import prior_exam
from screening.scoring.types import Cancelled, InstanceInput, Refusal, RunContext, ScoreResult, StudyInput

REAL = data_folder() / "dicom" / "chest_ct_screening_nlst"
HEAD = data_folder() / "dicom" / "head_ct_ge"


def study_of(datasets: Sequence[Dataset]) -> StudyInput:
    instances = [InstanceInput(dataset, lambda dataset=dataset: as_bytes(dataset)) for dataset in datasets]
    return StudyInput(str(datasets[0].StudyInstanceUID), instances)


def real_study(folder: Path) -> StudyInput:
    paths = sorted(folder.glob("*.dcm"))
    instances = [InstanceInput(pydicom.dcmread(path, stop_before_pixels=True), path.read_bytes) for path in paths]
    return StudyInput(str(instances[0].dataset.StudyInstanceUID), instances)


@pytest.fixture(scope="module")
def chest() -> PhantomStudy:
    return chest_ct(3, [NoduleSpec(14.0, "solid", "RLL")], slices=76)


@pytest.fixture(scope="module")
def result(chest: PhantomStudy) -> ScoreResult:
    return LungScorer().score(study_of(chest.datasets), RunContext())


def test_a_planted_nodule_is_found_where_it_is_and_about_as_large(chest: PhantomStudy, result: ScoreResult) -> None:
    truth = chest.truth["nodules"][0]
    x0, y0, x1, y1 = truth["box"]
    uids = [str(dataset.SOPInstanceUID) for dataset in chest.datasets]
    hits = [
        finding
        for finding in result.findings
        if abs(uids.index(finding.sop_uid) - truth["slice"]) <= 2
        and x0 <= (finding.box[0] + finding.box[2]) / 2 <= x1
        and y0 <= (finding.box[1] + finding.box[3]) / 2 <= y1
    ]
    assert len(hits) == 1
    assert hits[0].size_mm == pytest.approx(14.0, abs=3.0)
    assert hits[0].type == "solid_nodule"
    assert hits[0].location == "right lower lobe"
    assert hits[0].attributes["side"] == "right"


def test_the_result_holds_what_a_later_study_is_compared_with(chest: PhantomStudy, result: ScoreResult) -> None:
    exam = prior_exam(result.as_json())
    assert exam is not None
    assert exam.study_date.strftime("%Y%m%d") == chest.datasets[0].StudyDate
    truth = chest.truth["nodules"][0]["position_mm"]
    nearest = min(exam.findings, key=lambda finding: np.linalg.norm(np.subtract(finding.centre_mm, truth)))
    assert np.linalg.norm(np.subtract(nearest.centre_mm, truth)) < 5.0
    assert all(low <= at <= high for at, (low, high) in zip(nearest.centre_mm, exam.frame_mm, strict=True))
    assert nearest.attributes["brock_2b"]["low"] < nearest.attributes["brock_2b"]["high"]


def test_the_category_follows_from_the_measured_nodules(result: ScoreResult) -> None:
    categories = [finding.attributes["category"] for finding in result.findings]
    assert result.category == max(categories)
    assert result.above_threshold is True
    assert result.category_rule.startswith("Lung-RADS v2022")


def test_the_result_can_be_written_as_json_numbers(result: ScoreResult) -> None:
    content = result.as_json()
    assert content["state"] == "scored"
    assert 0.0 <= content["score"] <= 1.0
    for finding in content["findings"]:
        assert all(isinstance(value, float) for value in finding["box"])
        assert round(finding["size_mm"], 1) == finding["size_mm"]


def test_missing_slices_leave_an_incomplete_assessment_that_never_looks_negative(chest: PhantomStudy) -> None:
    kept = [dataset for index, dataset in enumerate(chest.datasets) if index not in (30, 31)]
    result = LungScorer().score(study_of(kept), RunContext())
    assert "2 slices are missing" in result.limitations
    assert result.category not in ("1", "2")


def test_lungs_that_are_cut_off_are_said(chest: PhantomStudy) -> None:
    result = LungScorer().score(study_of(chest.datasets[:48]), RunContext())
    assert "the lungs are cut off at the upper end" in result.limitations


def test_too_few_slices_are_refused_with_their_number(chest: PhantomStudy) -> None:
    with pytest.raises(Refusal, match="12 slices"):
        LungScorer().score(study_of(chest.datasets[30:42]), RunContext())


def test_a_study_with_many_slices_missing_is_refused(chest: PhantomStudy) -> None:
    kept = [dataset for index, dataset in enumerate(chest.datasets) if not 20 <= index < 30]
    with pytest.raises(Refusal, match="missing"):
        LungScorer().score(study_of(kept), RunContext())


def test_a_ct_without_lungs_is_refused() -> None:
    hu = np.full((40, 96, 96), -1000.0)
    hu[:, 16:80, 16:80] = 40.0
    with pytest.raises(Refusal, match="lungs"):
        LungScorer().score(study_of(ct_datasets(hu, (2.5, 3.0, 3.0), fictional_patient(1), key="block")), RunContext())


def test_slices_too_far_apart_are_refused() -> None:
    hu = np.full((40, 32, 32), -1000.0)
    with pytest.raises(Refusal, match="7.0 mm apart"):
        LungScorer().score(study_of(ct_datasets(hu, (7.0, 3.0, 3.0), fictional_patient(1), key="thick")), RunContext())


def test_a_cancelled_run_stops_while_it_reads(chest: PhantomStudy) -> None:
    with pytest.raises(Cancelled):
        LungScorer().score(study_of(chest.datasets), RunContext(cancelled=lambda: True))


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason="FIRSTREAD_DATA has no screening chest CT")
def test_a_real_screening_ct_is_scored_with_few_marks() -> None:
    result = LungScorer().score(real_study(REAL), RunContext())
    assert result.state == "scored"
    assert result.limitations == ()
    assert len(result.findings) <= 4
    assert result.attributes["findings_left_out"] == 0
    assert result.attributes["slices"] == 143


@pytest.mark.data
@pytest.mark.skipif(not HEAD.is_dir(), reason="FIRSTREAD_DATA has no head CT")
def test_a_real_head_ct_is_refused() -> None:
    with pytest.raises(Refusal):
        LungScorer().score(real_study(HEAD), RunContext())
