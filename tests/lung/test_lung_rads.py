"""Lung-RADS v2022 at baseline: every threshold from both sides."""

from __future__ import annotations

import pytest

from screening.rules.lung_rads import NoduleMeasure, exam_category, mean_diameter, nodule_category, tier_of


@pytest.mark.parametrize(
    ("diameter", "category"),
    [(5.9, "2"), (5.95, "3"), (6.0, "3"), (7.9, "3"), (8.0, "4A"), (14.9, "4A"), (15.0, "4B"), (40.0, "4B")],
)
def test_a_solid_nodule_is_graded_by_its_mean_diameter(diameter: float, category: str) -> None:
    assert nodule_category(NoduleMeasure("solid_nodule", diameter)) == category


@pytest.mark.parametrize(
    ("diameter", "solid", "category"),
    [(5.9, 5.0, "2"), (6.0, 5.9, "3"), (12.0, 6.0, "4A"), (12.0, 7.9, "4A"), (12.0, 8.0, "4B"), (6.0, 0.0, "3")],
)
def test_a_part_solid_nodule_is_graded_by_its_solid_component(diameter: float, solid: float, category: str) -> None:
    assert nodule_category(NoduleMeasure("part_solid_nodule", diameter, solid)) == category


@pytest.mark.parametrize(("diameter", "category"), [(29.9, "2"), (30.0, "3"), (60.0, "3")])
def test_a_ground_glass_nodule_changes_category_at_30_mm_only(diameter: float, category: str) -> None:
    assert nodule_category(NoduleMeasure("ground_glass_nodule", diameter)) == category


def test_a_large_part_solid_nodule_without_its_solid_size_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="solid component"):
        nodule_category(NoduleMeasure("part_solid_nodule", 12.0))


@pytest.mark.parametrize(
    ("long", "short", "mean"), [(5.95, 6.05, 6.1), (5.9, 6.0, 6.0), (5.8, 6.0, 5.9), (8.1, 6.4, 7.3), (8.0, 7.9, 8.0)]
)
def test_the_mean_of_two_axes_is_rounded_half_up_to_a_tenth(long: float, short: float, mean: float) -> None:
    assert mean_diameter(long, short) == mean


def test_the_most_suspicious_nodule_decides_and_the_sentence_names_it() -> None:
    category, rule = exam_category(
        [
            NoduleMeasure("ground_glass_nodule", 25.0),
            NoduleMeasure("solid_nodule", 8.4),
            NoduleMeasure("solid_nodule", 6),
        ]
    )
    assert category == "4A"
    assert "solid nodule of 8.4 mm" in rule


def test_no_nodule_is_category_1_only_without_limitations() -> None:
    assert exam_category([])[0] == "1"
    category, rule = exam_category([], ["3 slices are missing"])
    assert category == "0"
    assert "3 slices are missing" in rule


def test_limitations_hide_no_suspicious_nodule() -> None:
    assert exam_category([NoduleMeasure("solid_nodule", 16.0)], ["3 slices are missing"])[0] == "4B"
    assert exam_category([NoduleMeasure("solid_nodule", 5.0)], ["3 slices are missing"])[0] == "0"


@pytest.mark.parametrize(
    ("category", "tier"), [("4B", "soon"), ("4X", "soon"), ("4A", "routine"), ("1", "routine"), (None, "routine")]
)
def test_only_4b_and_4x_are_read_soon(category: str | None, tier: str) -> None:
    assert tier_of(category)[0] == tier
