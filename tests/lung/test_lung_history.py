"""Nodules of two dates: matched by place, one to one, graded by the complete rule, with their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from screening.dicom.volume import Volume
from screening.scoring.lung_history import Assessed, assess, lungs_frame
from screening.scoring.priors import Box, PriorExam, prior_exam
from screening.scoring.types import FindingResult

FRAME: Box = ((-120.0, 120.0), (-90.0, 80.0), (-320.0, -60.0))
# The same lungs on another table, a little deeper in breath.
MOVED: Box = ((-110.0, 130.0), (-60.0, 110.0), (-930.0, -655.0))
PLACES = {"RUL": (-60.0, 0.0, -110.0), "LUL": (60.0, 10.0, -120.0), "LLL": (70.0, 30.0, -260.0)}


def header(day: str = "20260701", **fields: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in {"StudyDate": day, "PatientAge": "064Y", "PatientSex": "F", **fields}.items():
        setattr(dataset, keyword, value)
    return dataset


def moved(point: tuple[float, float, float]) -> list[float]:
    """The same place of the lungs in the other frame."""
    return [
        round(there[0] + (value - here[0]) / (here[1] - here[0]) * (there[1] - there[0]), 1)
        for value, here, there in zip(point, FRAME, MOVED, strict=True)
    ]


def nodule(lobe: str, size: float, kind: str = "solid_nodule", **attributes: Any) -> FindingResult:
    given = {
        "centre_mm": list(PLACES[lobe]),
        "lobe": lobe,
        "side": "left" if lobe.startswith("L") else "right",
        "long_axis_mm": size + 0.4,
        "short_axis_mm": size - 0.4,
        "volume_mm3": round(np.pi / 6 * size**3),
        "suspicion": 0.5,
        **attributes,
    }
    return FindingResult("f1", kind, lobe, size, 0.9, "1.2", "1.2.3", 1, (0.0, 0.0, 9.0, 9.0), given)


def prior_of(
    *nodules: FindingResult, day: str = "20260101", limitations: tuple[str, ...] = (), **more: Any
) -> PriorExam:
    """The earlier study as its own run would have recorded it, in another frame of reference."""
    elsewhere = [
        replace(each, attributes={**each.attributes, "centre_mm": moved(each.attributes["centre_mm"])})
        for each in nodules
    ]
    past = assess(elsewhere, header(day), MOVED, limitations, more.pop("prior", None))
    exam = prior_exam(as_result(past, limitations, **more), run=7)
    assert exam is not None
    return exam


def as_result(past: Assessed, limitations: tuple[str, ...] = (), **attributes: Any) -> dict[str, Any]:
    return {
        "study_uid": "1.9",
        "state": "scored",
        "limitations": list(limitations),
        "category": past.grade.category,
        "findings": [each.as_json() for each in past.findings],
        "attributes": {**past.attributes, **attributes},
        "model": {"name": "lung", "version": "3", "sha256": "0" * 64},
    }


def at(found: Assessed, lobe: str) -> dict[str, Any]:
    [finding] = [each for each in found.findings if each.attributes["lobe"] == lobe]
    return finding.attributes


def told(found: Assessed, lobe: str) -> dict[str, str]:
    """The finding's reasons, name → sentence."""
    return {reason["name"]: reason["text"] for reason in at(found, lobe)["reasons"]}


def test_a_grown_a_new_and_a_stable_nodule_are_told_apart() -> None:
    prior = prior_of(nodule("RUL", 8.4), nodule("LUL", 6.2))
    now = [nodule("LUL", 6.4), nodule("LLL", 5.0), nodule("RUL", 10.4)]
    found = assess(now, header(), FRAME, (), prior)
    assert at(found, "RUL")["history"]["status"] == "growing"
    assert (at(found, "RUL")["prior_size_mm"], at(found, "RUL")["growth_mm"]) == (8.4, 2.0)
    assert at(found, "RUL")["category"] == "4B"
    assert at(found, "LUL")["history"]["status"] == "stable"
    assert at(found, "LUL")["category"] == "2"  # a stable 3 at the 6-month CT
    assert at(found, "LLL")["history"]["status"] == "new"
    assert at(found, "LLL")["category"] == "3"  # 2 at baseline
    assert "prior_size_mm" not in at(found, "LLL")
    assert [each.id for each in found.findings] == ["f1", "f2", "f3"]
    assert [each.attributes["category"] for each in found.findings] == ["4B", "3", "2"]


def test_the_examination_is_graded_by_growth_and_says_so_with_the_numbers() -> None:
    found = assess([nodule("RUL", 10.4)], header(), FRAME, (), prior_of(nodule("RUL", 8.4)))
    assert found.grade.category == "4B"
    assert found.sentence == (
        "Lung-RADS v2022, compared with the earlier study: a solid nodule of 10.4 mm, growing is category 4B. "
        "It measured 8.4 mm 181 days before."
    )
    # the same nodule without an earlier study
    assert assess([nodule("RUL", 10.4)], header(), FRAME, (), None).grade.category == "4A"


def test_the_doubling_time_comes_from_the_volumes_and_is_absent_without_growth() -> None:
    prior = prior_of(nodule("RUL", 8.0, volume_mm3=268), nodule("LUL", 6.0))
    found = assess([nodule("RUL", 9.2, volume_mm3=400), nodule("LUL", 6.0)], header(), FRAME, (), prior)
    assert at(found, "RUL")["doubling_days"] == round(181 * np.log(2) / np.log(400 / 268))
    assert at(found, "RUL")["doubling_basis"] == "volume"
    assert "doubling_days" not in at(found, "LUL")
    assert "within the error" in told(found, "LUL")["doubling_time"]


def test_a_doubling_time_is_not_made_of_less_than_a_quarter_more_volume() -> None:
    prior = prior_of(nodule("RUL", 14.0, volume_mm3=1000), nodule("LUL", 9.0, volume_mm3=400))
    found = assess(
        [nodule("RUL", 14.1, volume_mm3=1249), nodule("LUL", 7.0, volume_mm3=200)], header(), FRAME, (), prior
    )
    assert "doubling_days" not in at(found, "RUL")
    assert "doubling_days" not in at(found, "LUL")
    assert "stable or decreasing" in told(found, "LUL")["doubling_time"]
    found = assess([nodule("RUL", 14.1, volume_mm3=1250)], header(), FRAME, (), prior)
    assert at(found, "RUL")["doubling_days"] == round(181 * np.log(2) / np.log(1.25))


def test_what_is_gone_is_named_and_the_examination_is_graded_by_what_remains() -> None:
    found = assess([nodule("LUL", 5.0)], header(), FRAME, (), prior_of(nodule("RUL", 9.0), nodule("LUL", 5.0)))
    assert [(each["location"], each["size_mm"]) for each in found.attributes["resolved"]] == [("RUL", 9.0)]
    assert found.grade.category == "2"


def test_the_study_says_what_it_was_compared_with_and_that_nobody_confirmed_it() -> None:
    found = assess([nodule("LUL", 5.0)], header(), FRAME, (), prior_of(nodule("LUL", 5.0)))
    told = found.attributes["compared_with"]
    assert (told["study_uid"], told["study_date"], told["days"], told["run"]) == ("1.9", "2026-01-01", 181, 7)
    assert told["confirmed"] is False
    assert at(found, "LUL")["history"]["confirmed"] is False


def test_a_match_is_one_to_one_by_the_least_distance() -> None:
    here = np.array(PLACES["RUL"])
    two = [nodule("RUL", 6.0, centre_mm=list(here)), nodule("RUL", 9.0, centre_mm=list(here + [0, 8, 0]))]
    found = assess(two, header(), FRAME, (), prior_of(nodule("RUL", 6.0, centre_mm=list(here + [0, 2, 0]))))
    assert [each.attributes["history"]["status"] for each in found.findings] == ["new", "stable"]
    assert found.findings[1].size_mm == 6.0


@pytest.mark.parametrize(("apart", "status"), [(13.0, "stable"), (17.0, "new")])
def test_nodules_are_one_within_15_mm_of_each_other(apart: float, status: str) -> None:
    centre = list(np.array(PLACES["RUL"]) + [0, apart, 0])
    found = assess([nodule("RUL", 6.0, centre_mm=centre)], header(), FRAME, (), prior_of(nodule("RUL", 6.0)))
    assert at(found, "RUL")["history"]["status"] == status


def test_nodules_of_two_lungs_are_never_one() -> None:
    left = nodule("LUL", 6.0, centre_mm=[2.0, 0.0, -110.0])
    right = nodule("RUL", 6.0, centre_mm=[-2.0, 0.0, -110.0])
    assert at(assess([left], header(), FRAME, (), prior_of(right)), "LUL")["history"]["status"] == "new"


def test_a_solid_part_that_is_new_or_grows_decides_a_part_solid_nodule() -> None:
    glass = prior_of(nodule("RUL", 10.0, "ground_glass_nodule"))
    part = nodule("RUL", 10.2, "part_solid_nodule", solid_component_mm=3.0)
    found = assess([part], header(), FRAME, (), glass)
    assert (at(found, "RUL")["history"]["solid_change"], at(found, "RUL")["category"]) == ("new", "4A")
    before = prior_of(nodule("RUL", 10.0, "part_solid_nodule", solid_component_mm=3.0))
    grown = nodule("RUL", 10.2, "part_solid_nodule", solid_component_mm=5.0)
    found = assess([grown], header(), FRAME, (), before)
    assert (at(found, "RUL")["history"]["solid_change"], at(found, "RUL")["category"]) == ("growing", "4B")
    same = nodule("RUL", 10.2, "part_solid_nodule", solid_component_mm=3.2)
    assert at(assess([same], header(), FRAME, (), before), "RUL")["history"]["solid_change"] == "stable"


def test_a_subsolid_nodule_that_became_solid_has_grown_in_its_solid_part() -> None:
    before = prior_of(nodule("RUL", 9.0, "part_solid_nodule", solid_component_mm=4.0))
    found = assess([nodule("RUL", 9.0)], header(), FRAME, (), before)
    assert at(found, "RUL")["history"]["status"] == "growing"
    assert "from 4.0 to 9.0 mm" in told(found, "RUL")["growth"]


def test_slow_growth_is_seen_along_the_trail_of_several_examinations() -> None:
    first = prior_of(nodule("RUL", 6.0), day="20240101")
    second = prior_of(nodule("RUL", 7.2, centre_mm=list(PLACES["RUL"])), day="20250101", prior=first)
    found = assess([nodule("RUL", 8.0)], header("20260101"), FRAME, (), second)
    told = at(found, "RUL")["history"]
    assert [step["size_mm"] for step in told["trail"]] == [6.0, 7.2, 8.0]
    assert (told["status"], at(found, "RUL")["category"]) == ("slow_growth", "4B")


def test_an_earlier_study_that_was_not_wholly_read_makes_nothing_new() -> None:
    for prior in (
        prior_of(nodule("LUL", 5.0), limitations=("3 slices are missing",)),
        prior_of(nodule("LUL", 5.0), findings_left_out=2),
    ):
        found = assess([nodule("RUL", 9.0), nodule("LUL", 5.0)], header(), FRAME, (), prior)
        assert at(found, "RUL")["history"]["status"] == "baseline"
        assert at(found, "RUL")["category"] == "4A"
        assert "not wholly read" in told(found, "RUL")["change"]
        assert at(found, "LUL")["history"]["status"] == "stable"


@pytest.mark.parametrize("day", ["20260701", "20260702", "20301231"])
def test_a_study_that_is_not_older_is_not_compared_with(day: str) -> None:
    found = assess([nodule("RUL", 10.4)], header("20260701"), FRAME, (), prior_of(nodule("RUL", 8.4), day=day))
    assert found.grade.category == "4A"
    assert "not older" in found.attributes["not_compared"]
    assert "history" not in at(found, "RUL")
    assert "compared_with" not in found.attributes


def test_a_study_without_a_date_is_not_compared() -> None:
    found = assess([nodule("RUL", 10.4)], header(""), FRAME, (), prior_of(nodule("RUL", 8.4)))
    assert "no date" in found.attributes["not_compared"]
    assert prior_exam(as_result(found)) is None


def test_lungs_of_another_extent_are_not_compared() -> None:
    cut: Box = (FRAME[0], FRAME[1], (-320.0, -200.0))
    found = assess([nodule("RUL", 10.4)], header(), cut, (), prior_of(nodule("RUL", 8.4)))
    assert "another part of the lungs" in found.attributes["not_compared"]


def test_many_new_nodules_are_named_as_a_sign_of_infection_and_graded_all_the_same() -> None:
    many = [nodule("RUL", 5.0, centre_mm=[-60.0, -60.0 + 20 * place, -110.0]) for place in range(7)]
    found = assess(many, header(), FRAME, (), prior_of())
    assert found.attributes["infection_signs"] == ["7 new nodules, more than 6"]
    assert found.grade.category == "3"


def test_the_follow_up_is_due_from_the_date_of_this_study() -> None:
    found = assess([nodule("RUL", 7.0)], header("20260831"), FRAME, (), None)
    assert found.attributes["follow_up_due"] == "2027-02-28"
    assert "follow_up_due" not in assess([nodule("RUL", 16.0)], header(), FRAME, (), None).attributes


def test_a_patient_below_the_screening_age_is_noted() -> None:
    found = assess([], header(PatientAge="041Y"), FRAME, (), None)
    assert "41" in found.attributes["category_note"]
    assert "category_note" not in assess([], header(), FRAME, (), None).attributes


def test_each_finding_carries_the_reasons_of_its_category() -> None:
    row, size = at(assess([nodule("RUL", 7.0)], header(), FRAME, (), None), "RUL")["reasons"]
    assert (row["name"], row["text"]) == ("row", "Category 3: solid 6 to less than 8 mm, at baseline.")
    assert (size["name"], size["value"], size["threshold"]) == ("mean_diameter", 7.0, 8.0)


def test_the_reasons_of_a_compared_finding_say_what_it_was_compared_with() -> None:
    found = assess([nodule("RUL", 10.4), nodule("LLL", 5.0)], header(), FRAME, (), prior_of(nodule("RUL", 8.4)))
    assert list(told(found, "RUL")) == ["row", "mean_diameter", "change", "growth", "doubling_time"]
    assert "2026-01-01: growing" in told(found, "RUL")["change"]
    assert "unconfirmed" in told(found, "RUL")["change"]
    assert "No nodule was matched" in told(found, "LLL")["change"]


def test_the_brock_range_is_given_where_an_age_is_known_and_says_what_is_not() -> None:
    risk = at(assess([nodule("RUL", 8.0)], header(), FRAME, (), None), "RUL")["brock_2b"]
    assert 0.0 < risk["low"] < risk["high"] < 1.0
    assert risk["unknown"] == ["family history", "emphysema", "spiculation"]
    values = {reason["name"]: reason["value"] for reason in risk["reasons"]}
    assert (values["size"], values["age"], values["count"], values["upper_lobe"]) == (8.4, 64.0, 1, True)
    assert "not a diagnosis" in risk["reasons"][-1]["text"]
    wider = at(assess([nodule("RUL", 8.0)], header(PatientSex="O"), FRAME, (), None), "RUL")["brock_2b"]
    assert wider["unknown"][0] == "sex"
    assert wider["low"] < risk["low"]
    assert "brock_2b" not in at(assess([nodule("RUL", 8.0)], header(PatientAge=""), FRAME, (), None), "RUL")


def test_the_brock_age_falls_back_to_the_birth_date() -> None:
    birth = header("20260701", PatientAge="", PatientBirthDate="19620702")
    risk = at(assess([nodule("RUL", 8.0)], birth, FRAME, (), None), "RUL")["brock_2b"]
    assert {reason["name"]: reason["value"] for reason in risk["reasons"]}["age"] == 63.0


@pytest.mark.parametrize(
    "change",
    [
        {"state": "refused"},
        {"attributes": {}},
        {"attributes": {"study_date": "2026-13-01", "place_frame_mm": [[0, 1], [0, 1], [0, 1]]}},
        {"attributes": {"study_date": "2026-01-01", "place_frame_mm": [[0, 1], [1, 1], [0, 1]]}},
        {"attributes": {"study_date": "2026-01-01", "place_frame_mm": [[0, 1], [0, 1]]}},
        {"findings": [{"id": "f1", "size_mm": 8.0, "attributes": {}}]},
        {"findings": [{"id": "f1", "size_mm": None, "attributes": {"centre_mm": [1, 2, 3]}}]},
    ],
)
def test_a_result_without_date_box_or_places_is_no_earlier_study(change: dict[str, Any]) -> None:
    whole = as_result(assess([nodule("RUL", 8.0)], header(), FRAME, (), None))
    assert prior_exam(whole) is not None
    assert prior_exam({**whole, **change}) is None


def test_the_box_of_the_lungs_is_in_patient_space() -> None:
    mask = np.zeros((40, 50, 60), bool)
    mask[5:35, 10:40, 20:50] = True
    origins = np.array([[-90.0, -80.0, -300.0 + 2.5 * index] for index in range(40)])
    volume = Volume(
        hu=np.zeros((40, 100, 120), np.int16),
        spacing=(2.5, 1.5, 1.5),
        origin=(-90.0, -80.0, -300.0),
        direction=np.eye(3),
        positions=origins[:, 2],
        slice_origins=origins,
        sop_uids=("1",) * 40,
        numbers=tuple(range(1, 41)),
        series_uid="1",
    )
    (x0, x1), (y0, y1), (z0, z1) = lungs_frame(volume, mask, 2)
    assert (x0, x1) == (-90.0 + 20 * 3.0, -90.0 + 49 * 3.0)
    assert (y0, y1) == (-80.0 + 10 * 3.0, -80.0 + 39 * 3.0)
    assert (z0, z1) == (-300.0 + 5 * 2.5, -300.0 + 34 * 2.5)
