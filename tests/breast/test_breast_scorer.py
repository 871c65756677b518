from dataclasses import replace
from io import BytesIO

import numpy as np
import pydicom
import pytest

from config.data import data_folder
from screening.phantoms.breast import mammogram
from screening.phantoms.headers import as_bytes
from screening.scoring.types import Cancelled, Refusal, RunContext

REAL = data_folder() / "dicom" / "mammogram_ge" / "rmlo.dcm"


def changed(data, **values):
    dataset = pydicom.dcmread(BytesIO(data))
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return as_bytes(dataset)


def flipped(data):
    """The same image stored upside down, with the header that says so."""
    dataset = pydicom.dcmread(BytesIO(data))
    dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[::-1]).tobytes()
    first, down = dataset.PatientOrientation
    dataset.PatientOrientation = [first, f"H{down[1:]}" if down.startswith("F") else {"L": "R", "R": "L"}[down]]
    return as_bytes(dataset)


def overlap(box, other):
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = ((box[2] - box[0]) * (box[3] - box[1]), (other[2] - other[0]) * (other[3] - other[1]))
    return common / (sum(areas) - common)


def test_a_clear_spiculated_mass_is_marked_where_it_is(with_mass, with_mass_result):
    truth = with_mass.truth["masses"][0]["boxes"]
    view_of_sop = {d.SOPInstanceUID: f"{d.ImageLaterality}{d.ViewPosition}" for d in with_mass.datasets}
    hits = [
        finding
        for finding in with_mass_result.findings
        if overlap(finding.box, truth.get(view_of_sop[finding.sop_uid], (0, 0, 0, 0))) > 0.3
    ]
    assert hits
    assert with_mass_result.findings[0] in hits
    assert {hit.attributes["side"] for hit in hits} == {"left"}
    assert {hit.location for hit in hits} <= {"left breast, upper", "left breast, outer"}
    assert all(12.0 <= hit.size_mm <= 30.0 for hit in hits)


def test_four_views_leave_no_limitation_and_every_field_in_range(with_mass_result):
    result = with_mass_result
    assert (result.state, result.reason, result.limitations) == ("scored", None, ())
    assert 0.0 <= result.score <= 1.0
    assert 1 <= result.band <= 10
    assert result.category is None
    assert result.attributes["density"] in "abcd"
    assert result.tier_rule
    assert [finding.id for finding in result.findings] == [f"f{n}" for n in range(1, len(result.findings) + 1)]
    probabilities = [finding.probability for finding in result.findings]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0.0 <= value <= 1.0 for value in probabilities)


def test_boxes_lie_inside_their_frames(with_mass, with_mass_result):
    sizes = {d.SOPInstanceUID: (d.Rows, d.Columns) for d in with_mass.datasets}
    for finding in with_mass_result.findings:
        x0, y0, x1, y1 = finding.box
        rows, columns = sizes[finding.sop_uid]
        assert 0 <= x0 < x1 <= columns
        assert 0 <= y0 < y1 <= rows
        assert finding.frame == 1


def test_the_same_study_scores_the_same_whatever_the_order_of_its_images(with_mass, with_mass_result, scorer, as_study):
    again = scorer.score(as_study(with_mass.files()[::-1]), RunContext())
    assert again == with_mass_result


def test_an_image_stored_upside_down_gives_the_same_mark_upside_down(with_mass, scorer, as_study):
    upright = with_mass.files()[3]
    plain = scorer.score(as_study([upright]), RunContext()).findings[0]
    turned = scorer.score(as_study([flipped(upright)]), RunContext()).findings[0]
    rows = with_mass.datasets[3].Rows
    assert turned.location == plain.location
    expected = (plain.box[0], rows - plain.box[3], plain.box[2], rows - plain.box[1])
    assert turned.box == pytest.approx(expected, abs=0.2)


def test_inverted_storage_does_not_change_what_is_seen(with_mass, scorer, as_study):
    plain = with_mass.files()[1]
    dataset = pydicom.dcmread(BytesIO(plain))
    dataset.PixelData = (4095 - dataset.pixel_array).astype("<u2").tobytes()
    dataset.PhotometricInterpretation = "MONOCHROME1"
    one, other = (scorer.score(as_study([data]), RunContext()) for data in (plain, as_bytes(dataset)))
    assert other.score == pytest.approx(one.score, abs=0.01)
    assert len(other.findings) == len(one.findings)


def test_missing_views_make_the_assessment_incomplete_never_normal(with_mass, scorer, as_study):
    result = scorer.score(as_study(with_mass.files()[2:3]), RunContext())
    assert result.limitations == (
        "right CC view is missing",
        "left CC view is missing",
        "left MLO view is missing",
    )
    assert result.attributes["suggested_opinion"] != "normal"


def test_without_pixel_spacing_sizes_are_unknown_and_said_to_be(with_mass, scorer, as_study):
    data = changed(with_mass.files()[3], ImagerPixelSpacing=None)
    result = scorer.score(as_study([data]), RunContext())
    assert "pixel size is not given, so sizes are unknown" in result.limitations
    assert {finding.size_mm for finding in result.findings} == {None}


def test_a_view_without_a_breast_is_a_limitation_and_alone_a_refusal(with_mass, scorer, as_study):
    files = with_mass.files()
    dataset = pydicom.dcmread(BytesIO(files[1]))
    dataset.PixelData = bytes(len(dataset.PixelData))
    black = as_bytes(dataset)
    result = scorer.score(as_study([files[0], black]), RunContext())
    assert "no breast is found in the left CC view" in result.limitations
    assert "left CC view is missing" in result.limitations
    with pytest.raises(Refusal, match="No breast is found"):
        scorer.score(as_study([black]), RunContext())


def test_unreadable_pixels_are_a_limitation_and_alone_a_refusal(with_mass, scorer, as_study):
    files = with_mass.files()
    dataset = pydicom.dcmread(BytesIO(files[0]))
    dataset.PixelData = dataset.PixelData[:1000]
    broken = as_bytes(dataset)
    result = scorer.score(as_study([broken, files[1]]), RunContext())
    assert "right CC view cannot be read" in result.limitations
    with pytest.raises(Refusal):
        scorer.score(as_study([broken]), RunContext())


def test_images_for_processing_are_refused_in_one_sentence(with_mass, scorer, as_study):
    data = changed(with_mass.files()[0], PresentationIntentType="FOR PROCESSING")
    with pytest.raises(Refusal) as refusal:
        scorer.score(as_study([data]), RunContext())
    assert str(refusal.value) == "The mammograms are for processing, not for presentation."


def test_a_cancelled_run_stops_between_views(with_mass, scorer, as_study):
    heard = []

    def cancelled():
        heard.append(True)
        return len(heard) > 1

    with pytest.raises(Cancelled):
        scorer.score(as_study(with_mass.files()), RunContext(cancelled=cancelled))
    assert len(heard) == 2


def test_progress_rises_to_one(scorer, as_study):
    told = []
    phantom = mammogram(9, views=("RCC", "LCC"))
    scorer.score(as_study(phantom.files()), replace(RunContext(), progress=told.append))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="FIRSTREAD_DATA is absent")
@pytest.mark.filterwarnings("ignore:The value length")
def test_a_real_digital_mammogram_of_one_view_is_scored_as_incomplete(scorer, as_study):
    result = scorer.score(as_study([REAL.read_bytes()]), RunContext())
    assert result.state == "scored"
    assert result.attributes["views"] == ["RMLO"]
    assert len(result.limitations) == 3
    for finding in result.findings:
        x0, y0, x1, y1 = finding.box
        assert 0 <= x0 < x1 <= 2394
        assert 0 <= y0 < y1 <= 3062
        assert finding.location.startswith("right breast")


def test_a_mass_seen_in_both_views_is_one_pair_and_its_breast_the_more_suspicious(with_mass_result):
    first, second = with_mass_result.findings[:2]
    assert first.attributes["matched_with"] == second.id
    assert second.attributes["matched_with"] == first.id
    assert {first.attributes["view"], second.attributes["view"]} == {"CC", "MLO"}
    assert first.attributes["seen_in_views"] == 2
    assert with_mass_result.attributes["more_suspicious_side"] == "left"
    assert with_mass_result.attributes["asymmetry"] > 1.0


def test_one_breast_alone_is_compared_with_none(with_mass, scorer, as_study):
    result = scorer.score(as_study(with_mass.files()[1:2]), RunContext())
    assert not {"asymmetry", "more_suspicious_side"} & set(result.attributes)
    assert all("seen_in_views" not in finding.attributes for finding in result.findings)
