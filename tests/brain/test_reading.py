import json
from copy import deepcopy

import numpy as np
import pytest

from config.data import data_folder
from screening.scoring.brain import BrainScorer
from screening.scoring.registry import score_study
from screening.scoring.types import Cancelled, RunContext
from tests.brain.cast import head, reading, study_of


def overlaps(box, other, slack):
    return min(box[2], other[2] + slack) > max(box[0], other[0] - slack) and min(box[3], other[3] + slack) > max(
        box[1], other[1] - slack
    )


@pytest.mark.parametrize("name", ["bleed", "epidural"])
def test_a_drawn_bleed_is_found_at_its_place_and_about_its_size(name):
    result, truth = reading(name), head(name).truth["bleed"]
    assert result.state == "scored"
    assert result.above_threshold
    assert result.tier in ("critical", "urgent")
    first = result.findings[0]
    assert first.type == "haemorrhage"
    assert first.attributes["side"] == truth["side"]
    assert first.location.startswith(f"{truth['side']} hemisphere")
    assert first.attributes["slice"] in truth["slices"]
    assert overlaps(first.box, truth["box"], slack=6)
    assert 0.5 * truth["volume_ml"] < first.attributes["volume_ml"] < 1.5 * truth["volume_ml"]


def test_a_drawn_head_without_blood_scores_far_below_the_same_head_with_blood():
    assert reading("normal").score < 0.6 * reading("bleed").score


def test_a_head_below_the_threshold_has_no_findings_and_no_limitations():
    result = reading("calm")
    assert not result.above_threshold
    assert result.findings == ()
    assert result.limitations == ()
    assert result.tier == "routine"


def test_a_type_is_named_only_where_it_could_be_told_and_marked_exploratory():
    lines = BrainScorer()._bundle.operating_points["types"]
    told = {name for name, line in lines.items() if line is not None}
    attributes = reading("epidural").attributes
    assert set(attributes["types"]) == told
    assert attributes["types_are_exploratory"]
    assert attributes["types"]["epidural"] > reading("calm").attributes["types"]["epidural"]


def test_every_finding_lies_in_its_picture_and_names_an_image_of_the_study():
    uids = {str(item.SOPInstanceUID): item for item in head("bleed").datasets}
    for finding in reading("bleed").findings:
        image = uids[finding.sop_uid]
        x0, y0, x1, y1 = finding.box
        assert 0 <= x0 < x1 <= image.Columns
        assert 0 <= y0 < y1 <= image.Rows
        assert finding.frame == 1
        assert finding.series_uid == image.SeriesInstanceUID
        assert 0.0 <= finding.probability <= 1.0
        assert finding.attributes["slice"] == image.InstanceNumber


@pytest.mark.parametrize("name", ["bleed", "epidural"])
def test_the_outline_of_a_bleed_fills_its_box(name):
    finding = reading(name).findings[0]
    points = np.array(finding.contour)
    x0, y0, x1, y1 = finding.box
    assert (points.min(axis=0) >= (x0 - 0.01, y0 - 0.01)).all()
    assert (points.max(axis=0) <= (x1 + 0.01, y1 + 0.01)).all()
    assert points.mean(axis=0) == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.25 * (x1 - x0))


def test_uneven_slices_are_read_with_a_limitation():
    result = reading("uneven")
    assert result.limitations == ("the slices are unevenly spaced",)
    assert result.above_threshold
    assert result.findings[0].attributes["volume_ml"] == pytest.approx(
        head("uneven").truth["bleed"]["volume_ml"], rel=1.0
    )


def test_a_missing_slice_is_a_limitation():
    datasets = [item for index, item in enumerate(head("bleed").datasets) if index != 20]
    result = BrainScorer().score(study_of(datasets), RunContext())
    assert result.limitations == ("1 slice is missing inside the stack",)


def test_the_same_study_in_another_order_gives_the_same_result():
    study = study_of(list(reversed(head("bleed").datasets)))
    assert BrainScorer().score(study, RunContext()).as_json() == reading("bleed").as_json()


def test_a_stack_stored_upside_down_gives_the_same_side():
    turned = []
    for item in head("bleed").datasets:
        copy = deepcopy(item)
        copy.PixelData = np.ascontiguousarray(item.pixel_array[::-1, ::-1]).tobytes()
        copy.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
        x, y, z = (float(value) for value in item.ImagePositionPatient)
        step = float(item.PixelSpacing[0]) * 511
        copy.ImagePositionPatient = [x + step, y + step, z]
        turned.append(copy)
    first = BrainScorer().score(study_of(turned), RunContext()).findings[0]
    known = reading("bleed").findings[0]
    assert first.attributes["side"] == known.attributes["side"] == "right"
    x0, y0, x1, y1 = known.box
    assert first.box == pytest.approx((512 - x1, 512 - y1, 512 - x0, 512 - y0), abs=3)


def test_the_result_is_plain_json_and_carries_the_model():
    stored = json.loads(json.dumps(reading("bleed").as_json()))
    assert stored["programme"] == "brain"
    assert stored["category"] is None
    assert stored["model"]["name"] == "brain-haemorrhage"
    assert len(stored["model"]["sha256"]) == 64


def test_a_cancelled_run_stops():
    with pytest.raises(Cancelled):
        BrainScorer().score(study_of(head("normal").datasets), RunContext(cancelled=lambda: True))


def test_progress_rises_to_nearly_the_end():
    seen = []
    BrainScorer().score(study_of(head("normal").datasets), RunContext(progress=seen.append))
    assert seen == sorted(seen)
    assert 0.85 < seen[-1] <= 1.0


@pytest.mark.data
@pytest.mark.skipif(not (data_folder() / "dicom" / "head_ct_ge").is_dir(), reason="FIRSTREAD_DATA is absent")
def test_a_real_head_ct_with_a_tilted_gantry_is_read_as_incomplete():
    from pydicom import dcmread

    from screening.scoring.types import InstanceInput, StudyInput

    files = sorted((data_folder() / "dicom" / "head_ct_ge").glob("*.dcm"))
    instances = [InstanceInput(dcmread(path, stop_before_pixels=True), path.read_bytes) for path in files]
    study = StudyInput(str(instances[0].dataset.StudyInstanceUID), instances)
    result = score_study("brain", study, RunContext())
    assert result.state == "scored"
    assert "the slices are unevenly spaced" in result.limitations
    assert result.attributes["gantry_tilt_deg"] == pytest.approx(18.5, abs=0.5)
    assert result.attributes["slices"] == 28
    for finding in result.findings:
        assert 0 <= finding.box[0] < finding.box[2] <= 512
        assert 0 <= finding.box[1] < finding.box[3] <= 512
