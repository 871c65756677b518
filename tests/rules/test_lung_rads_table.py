"""Every row of the Lung-RADS v2022 table, each limit from both sides, in millimetres and in cubic millimetres."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from screening.rules.growth import Verdict
from screening.rules.lung_rads import AirwayNodule, AtypicalCyst, Before, NoduleMeasure, grade_lesion
from screening.rules.lung_rads_nodule import Change, NoduleType, grade_nodule

SOLID: NoduleType = "solid_nodule"
PART: NoduleType = "part_solid_nodule"
GLASS: NoduleType = "ground_glass_nodule"


def category(type_: NoduleType, size: float, solid: float | None = None, **more: Any) -> str | None:
    return grade_nodule(NoduleMeasure(type_, size, solid, **more)).category


def by_volume(type_: NoduleType, volume: float, solid: float | None = None, **more: Any) -> str | None:
    return grade_nodule(NoduleMeasure(type_, 0.0, volumes_mm3=(volume, solid), **more)).category


@pytest.mark.parametrize(
    ("change", "size", "volume", "expected"),
    [
        ("baseline", 5.9, 112, "2"),
        ("baseline", 6.0, 113, "3"),
        ("baseline", 7.9, 267, "3"),
        ("baseline", 8.0, 268, "4A"),
        ("baseline", 14.9, 1766, "4A"),
        ("baseline", 15.0, 1767, "4B"),
        ("new", 3.9, 33, "2"),
        ("new", 4.0, 34, "3"),
        ("new", 5.9, 112, "3"),
        ("new", 6.0, 113, "4A"),
        ("new", 7.9, 267, "4A"),
        ("new", 8.0, 268, "4B"),
        ("growing", 4.0, 34, "4A"),
        ("growing", 7.9, 267, "4A"),
        ("growing", 8.0, 268, "4B"),
        ("growing", 20.0, 4189, "4B"),
        ("slow_growth", 7.0, 180, "4B"),
    ],
)
def test_solid_nodules(change: Change, size: float, volume: float, expected: str) -> None:
    assert category(SOLID, size, change=change) == expected
    assert by_volume(SOLID, volume, change=change) == expected


@pytest.mark.parametrize(
    ("change", "size", "solid", "volumes", "expected"),
    [
        ("baseline", 5.9, 4.0, (112, 34), "2"),
        ("baseline", 6.0, 5.9, (113, 112), "3"),
        ("baseline", 12.0, 6.0, (905, 113), "4A"),
        ("baseline", 12.0, 7.9, (905, 267), "4A"),
        ("baseline", 12.0, 8.0, (905, 268), "4B"),
        ("new", 5.9, 3.0, (112, 14), "3"),
        ("new", 6.0, 3.9, (113, 33), "4A"),
        ("new", 6.0, 4.0, (113, 34), "4B"),
        ("growing", 9.0, 3.9, (382, 33), "4A"),
        ("growing", 9.0, 4.0, (382, 34), "4B"),
        ("slow_growth", 9.0, 3.0, (382, 14), "4B"),
    ],
)
def test_part_solid_nodules(
    change: Change, size: float, solid: float, volumes: tuple[float, float], expected: str
) -> None:
    assert category(PART, size, solid, change=change) == expected
    assert by_volume(PART, *volumes, change=change) == expected


@pytest.mark.parametrize(
    ("change", "solid_change", "solid", "expected"),
    [
        ("stable", "growing", 3.9, "4A"),
        ("stable", "new", 3.9, "4A"),
        ("stable", "growing", 4.0, "4B"),
        ("growing", "stable", 3.9, "3"),
        ("growing", "stable", 6.5, "4A"),
        ("growing", None, 3.9, "4A"),
    ],
)
def test_a_solid_component_that_is_new_or_grows_decides(
    change: Change, solid_change: Change | None, solid: float, expected: str
) -> None:
    assert category(PART, 10.0, solid, change=change, solid_change=solid_change) == expected


@pytest.mark.parametrize(
    ("change", "size", "volume", "expected"),
    [
        ("baseline", 29.9, 14136, "2"),
        ("new", 29.9, 14136, "2"),
        ("growing", 29.9, 14136, "2"),
        ("baseline", 30.0, 14137, "3"),
        ("new", 30.0, 14137, "3"),
        ("stable", 30.0, 14137, "2"),
        ("slow_growth", 30.0, 14137, "2"),
        ("increased", 30.0, 14137, "2"),
        ("decreased", 30.0, 14137, "2"),
        ("growing", 30.0, 14137, "3"),  # a gap of the table: the higher stands
    ],
)
def test_ground_glass_nodules(change: Change, size: float, volume: float, expected: str) -> None:
    assert category(GLASS, size, change=change) == expected
    assert by_volume(GLASS, volume, change=change) == expected


@pytest.mark.parametrize("pattern", ["complete", "central", "popcorn", "concentric", "fat"])
def test_benign_features_are_category_1_whatever_the_size(pattern: Literal["complete"]) -> None:
    assert category(SOLID, 25.0, benign=pattern) == "1"


@pytest.mark.parametrize(
    ("more", "size", "expected"),
    [
        ({}, 9.9, "2"),
        ({}, 10.0, "4A"),
        ({"change": "new"}, 9.9, "2"),
        ({"shape": "lentiform"}, 9.0, "2"),
        ({"shape": "triangular"}, 9.0, "2"),
        ({"shape": "round"}, 9.0, "4A"),
        ({"shape": None}, 9.0, "4A"),
        ({"smooth": False}, 9.0, "4A"),
        ({"juxtapleural": False}, 9.0, "4A"),
        ({"change": "growing"}, 9.0, "4B"),
    ],
)
def test_the_juxtapleural_row_needs_all_its_conditions(more: dict[str, Any], size: float, expected: str) -> None:
    given = {"juxtapleural": True, "smooth": True, "shape": "oval", **more}
    assert category(SOLID, size, **given) == expected


def test_the_juxtapleural_row_is_for_solid_nodules_and_has_a_volume_of_its_own() -> None:
    given: dict[str, Any] = {"juxtapleural": True, "smooth": True, "shape": "oval"}
    assert category(PART, 9.0, 7.0, **given) == "4A"
    assert by_volume(SOLID, 523, **given) == "2"
    assert by_volume(SOLID, 524, **given) == "4A"


@pytest.mark.parametrize(
    ("nodule", "expected"),
    [
        (AirwayNodule("subsegmental"), "2"),
        (AirwayNodule("subsegmental", "new"), "2"),
        (AirwayNodule("subsegmental", "stable"), "2"),
        (AirwayNodule("subsegmental", "growing", diameter_mm=7.0), "4A"),
        (AirwayNodule("subsegmental", "growing", diameter_mm=8.0), "4B"),
        (AirwayNodule("subsegmental", "growing"), "4A"),
        (AirwayNodule("segmental_or_more_proximal"), "4A"),
        (AirwayNodule("segmental_or_more_proximal", "new"), "4A"),
        (AirwayNodule("segmental_or_more_proximal", "stable"), "4B"),
        (AirwayNodule("segmental_or_more_proximal", "decreased"), "4B"),
        (AirwayNodule("segmental_or_more_proximal", "growing"), "4B"),
        (AirwayNodule("segmental_or_more_proximal", air_inside=True), "2"),
    ],
)
def test_airway_nodules(nodule: AirwayNodule, expected: str) -> None:
    assert grade_lesion(nodule).category == expected


@pytest.mark.parametrize(
    ("cyst", "expected"),
    [
        (AtypicalCyst(1.9), None),
        (AtypicalCyst(2.0), "4A"),
        (AtypicalCyst(2.0, change="new"), "4A"),
        (AtypicalCyst(2.0, change="growing"), "3"),
        (AtypicalCyst(3.0, change="stable", wall_growing=True), "4B"),
        (AtypicalCyst(1.0, multilocular=True), "4A"),
        (AtypicalCyst(1.0, multilocular=True, change="stable", was_multilocular=False), "4A"),
        (AtypicalCyst(3.0, multilocular=True, change="stable", was_multilocular=False), "4A"),
        (AtypicalCyst(1.0, multilocular=True, change="growing"), "4B"),
        (AtypicalCyst(1.0, multilocular=True, change="stable", more_loculi=True), "4B"),
        (AtypicalCyst(1.0, multilocular=True, change="stable", more_opacity=True), "4B"),
        (AtypicalCyst(5.0, cavitary=True, diameter_mm=16.0), "4B"),
        (AtypicalCyst(5.0, cavitary=True, diameter_mm=7.0), "3"),
        (AtypicalCyst(5.0, unclassified=True), None),
        (AtypicalCyst(2.0, change="stable", category_before="4A", days_since=91), "3"),
        (AtypicalCyst(2.0, change="stable", category_before="4A", days_since=40), "4A"),
        (AtypicalCyst(1.0, multilocular=True, change="decreased", category_before="3", days_since=183), "2"),
    ],
)
def test_atypical_cysts(cyst: AtypicalCyst, expected: str | None) -> None:
    assert grade_lesion(cyst).category == expected


def test_a_cavitary_nodule_needs_its_size() -> None:
    with pytest.raises(ValueError, match="cavitary"):
        grade_lesion(AtypicalCyst(5.0, cavitary=True))


@pytest.mark.parametrize(
    ("change", "size", "before", "expected"),
    [
        # category 3, stable or smaller at the 6-month CT
        ("stable", 7.0, Before("3", 7.0, 6), "2"),
        ("decreased", 5.0, Before("3", 7.0, 6), "2"),
        ("stable", 7.0, Before("3", 7.0, 12), "2"),
        ("stable", 7.0, Before("3", 7.0, 5), "3"),
        # 4A, stable or smaller at the 3-month CT: one step, also when it is far smaller
        ("stable", 9.0, Before("4A", 9.0, 3), "3"),
        ("decreased", 5.0, Before("4A", 9.0, 3), "3"),
        ("stable", 9.0, Before("4A", 9.0, 2), "4A"),
        ("stable", 9.0, Before("4A", 9.0, 12), "3"),
        # what was stepped down stays there while stable
        ("stable", 9.0, Before("3", 9.0, 6), "2"),
        ("stable", 9.0, Before("2", 9.0, 12), "2"),
        # 4B and 4X only after a work-up
        ("stable", 16.0, Before("4B", 16.0, 12), "4B"),
        ("stable", 16.0, Before("4X", 16.0, 12), "4X"),
        # over a size limit without growth: graded by size
        ("stable", 8.1, Before("3", 7.4, 6), "4A"),
        ("stable", 6.2, Before("2", 5.4, 12), "3"),
        # larger over years: no step down
        ("increased", 7.9, Before("3", 6.1, 24), "3"),
        ("increased", 9.0, Before("3", 6.5, 24), "4A"),
        # nothing known of then
        ("stable", 7.0, Before(None, 7.0, 12), "3"),
        ("stable", 7.0, Before("0", 7.0, 12), "3"),
        ("stable", 7.0, None, "3"),
    ],
)
def test_stable_nodules_step_down_by_the_interval_of_their_category(
    change: Change, size: float, before: Before | None, expected: str
) -> None:
    assert category(SOLID, size, change=change, before=before) == expected


def test_a_part_solid_nodule_steps_down_too_and_crosses_a_limit_by_its_solid_component() -> None:
    before = Before("4A", 10.0, 3, "part_solid_nodule", 6.5)
    assert category(PART, 10.0, 6.5, change="stable", solid_change="stable", before=before) == "3"
    assert category(PART, 10.0, 7.9, change="stable", solid_change="stable", before=before) == "3"
    assert category(PART, 10.0, 8.0, change="stable", solid_change="stable", before=before) == "4B"
    unknown = Before("4A", 10.0, 3, "part_solid_nodule")
    assert category(PART, 10.0, 8.0, change="stable", solid_change="stable", before=unknown) == "3"


def test_a_4b_lesion_proven_benign_is_category_2() -> None:
    assert category(SOLID, 18.0, change="stable", before=Before("4B", 18.0, 3), proven_benign=True) == "2"


@pytest.mark.parametrize(("size", "expected"), [(5.0, "2"), (7.0, "4X"), (9.0, "4X"), (16.0, "4X")])
def test_features_that_raise_suspicion_make_3_and_4_into_4x(size: float, expected: str) -> None:
    assert category(SOLID, size, suspicious=("spiculation",)) == expected


def test_the_reasons_name_the_measurement_and_the_limit_it_was_held_against() -> None:
    grade = grade_nodule(NoduleMeasure(PART, 12.0, 7.9))
    reasons = {reason.name: reason for reason in grade.reasons}
    assert reasons["mean_diameter"].value == 12.0
    assert reasons["mean_diameter"].threshold is None
    assert (reasons["solid_component"].value, reasons["solid_component"].threshold) == (7.9, 8.0)
    assert "below the limit of 8" in reasons["solid_component"].text
    assert grade.row == "solid component 6 to less than 8 mm, at baseline"


def test_a_stable_nodule_says_how_long_it_waited_and_how_long_a_step_takes() -> None:
    grade = grade_nodule(NoduleMeasure(SOLID, 7.0, change="stable", before=Before("3", 7.0, 5)))
    waited = grade.reasons[-1]
    assert (waited.name, waited.value, waited.threshold) == ("months", 5, 6.0)


@pytest.mark.parametrize(("size", "expected"), [(5.94, "2"), (5.95, "3"), (5.9499999, "2"), (7.95, "4A")])
def test_sizes_are_compared_as_they_are_printed(size: float, expected: str) -> None:
    assert category(SOLID, size) == expected


@pytest.mark.parametrize("change", ["baseline", "new", "growing"])
def test_a_part_solid_nodule_without_its_solid_size_is_not_guessed(change: Change) -> None:
    with pytest.raises(ValueError, match="solid component"):
        category(PART, 12.0, change=change)


def test_every_verdict_of_growth_is_a_change_the_table_knows() -> None:
    for verdict in Verdict.__args__:  # type: ignore[attr-defined]
        assert category(SOLID, 9.0, change=verdict) in ("4A", "4B")
