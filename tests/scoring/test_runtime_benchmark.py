"""The benchmark of scoring counts windows and compares results as it says."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from benchmarks.bench_score import write_phantom
from benchmarks.score_once import compared, covering, files_of, half_overlap_windows
from screening.phantoms.head import head_ct


@pytest.mark.parametrize(
    ("extent", "window", "count"),
    [(190.0, 190.0, 1), (191.0, 190.0, 2), (285.0, 190.0, 2), (286.0, 190.0, 3), (50, 190, 1)],
)
def test_windows_that_overlap_by_half_cover_the_extent(extent, window, count):
    assert covering(extent, window) == count
    assert window + (count - 1) * window / 2 >= extent


def finding(**changes):
    return {"type": "mass", "sop_uid": "1.2", "location": "left", "probability": 0.5, "size_mm": 10.0, **changes}


def result(*findings, **changes):
    said = dict.fromkeys(("state", "reason", "above_threshold", "category", "band", "tier", "limitations"))
    return {**said, "score": 0.4, "findings": list(findings), **changes}


def test_results_are_equal_when_they_say_the_same_whatever_the_last_digit():
    told = compared(result(finding()), result(finding(probability=0.504, size_mm=10.1), score=0.402))
    assert told["equal"]
    assert (told["score_difference"], told["probability_difference"], told["size_difference_mm"]) == (0.002, 0.004, 0.1)


@pytest.mark.parametrize(
    "other",
    [
        result(),
        result(finding(sop_uid="1.3")),
        result(finding(type="calcification")),
        result(finding(), tier="urgent"),
        result(finding(), category="4A"),
        result(finding(), finding()),
    ],
)
def test_another_verdict_place_or_number_of_findings_is_not_equal(other):
    assert not compared(result(finding()), other)["equal"]


def test_a_phantom_drawn_out_has_as_many_slices_as_asked_at_even_heights(tmp_path, monkeypatch):
    monkeypatch.setitem(write_phantom.__globals__["PHANTOMS"], "brain", lambda: head_ct(3, slices=4))
    write_phantom("brain", tmp_path, 7)
    study = files_of(tmp_path)
    heights = sorted(float(one.dataset.ImagePositionPatient[2]) for one in study.instances)
    assert [round(b - a, 3) for a, b in zip(heights, heights[1:], strict=False)] == [2.5] * 6
    assert len({str(one.dataset.SOPInstanceUID) for one in study.instances}) == 7
    assert half_overlap_windows("brain", study) == (28, 7)
