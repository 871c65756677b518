"""The examination's Lung-RADS category: the worst lesion, category 0, the modifier S, and what follows."""

from __future__ import annotations

from datetime import date

import pytest

from screening.rules.lung_rads import (
    MANAGEMENT,
    AirwayNodule,
    AtypicalCyst,
    NoduleMeasure,
    applicability,
    due_date,
    grade_exam,
    infection_signs,
    management_of,
)

SMALL = NoduleMeasure("solid_nodule", 5.0)
MIDDLE = NoduleMeasure("solid_nodule", 7.0)
GROWN = NoduleMeasure("solid_nodule", 8.4, change="growing")


def test_the_most_suspicious_lesion_of_any_kind_decides() -> None:
    grade = grade_exam([SMALL, AirwayNodule("segmental_or_more_proximal"), MIDDLE])
    assert (grade.category, grade.decided_by) == ("4A", 1)
    assert [each.category for each in grade.grades] == ["2", "4A", "3"]


def test_the_sentence_names_growth() -> None:
    grade = grade_exam([SMALL, GROWN], follow_up=True)
    assert grade.category == "4B"
    assert grade.sentence == (
        "Lung-RADS v2022, compared with the earlier study: a solid nodule of 8.4 mm, growing is category 4B."
    )


def test_of_equals_the_largest_decides() -> None:
    assert grade_exam([MIDDLE, NoduleMeasure("solid_nodule", 7.8)]).decided_by == 1


def test_what_is_not_classified_leaves_a_negative_examination() -> None:
    grade = grade_exam([AtypicalCyst(1.0)])
    assert (grade.category, grade.screen, grade.decided_by) == ("1", "negative", None)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("prior_being_located", "an earlier chest CT is being located"),
        ("lungs_not_evaluated", "cannot be evaluated"),
        ("infection", "inflammatory or infectious"),
    ],
)
def test_a_readers_reason_makes_the_examination_incomplete(reason: str, words: str) -> None:
    grade = grade_exam([MIDDLE], incomplete=[reason])  # type: ignore[list-item]
    assert (grade.category, grade.screen) == ("0", "incomplete")
    assert words in grade.sentence
    assert grade.reasons[0].name == "incomplete"


def test_no_reason_hides_a_4b_lesion() -> None:
    assert grade_exam([GROWN], incomplete=["infection"]).category == "4B"
    assert grade_exam([GROWN], ["3 slices are missing"]).category == "4B"


def test_limitations_turn_1_and_2_into_0_and_nothing_else() -> None:
    assert grade_exam([], ["motion"]).category == "0"
    assert grade_exam([SMALL], ["motion"]).category == "0"
    assert grade_exam([MIDDLE], ["motion"]).category == "3"


@pytest.mark.parametrize(
    ("lesions", "label"), [([], "1S"), ([SMALL], "2S"), ([NoduleMeasure("solid_nodule", 9.0)], "4AS")]
)
def test_the_modifier_s_is_appended(lesions: list[NoduleMeasure], label: str) -> None:
    assert grade_exam(lesions, significant_other=True).label == label


@pytest.mark.parametrize(
    ("lesions", "screen"), [([], "negative"), ([SMALL], "negative"), ([MIDDLE], "positive"), ([GROWN], "positive")]
)
def test_1_and_2_are_negative_screens_and_3_and_4_positive_ones(lesions: list[NoduleMeasure], screen: str) -> None:
    assert grade_exam(lesions).screen == screen


@pytest.mark.parametrize(
    ("category", "months", "prevalence", "risk"),
    [
        ("0", None, "about 1 %", "not stated"),
        ("1", 12, "39 %", "less than 1 %"),
        ("2", 12, "45 %", "less than 1 %"),
        ("3", 6, "9 %", "1 to 2 %"),
        ("4A", 3, "4 %", "5 to 15 %"),
        ("4B", None, "3 % with 4X", "more than 15 %"),
        ("4X", None, "3 % with 4B", "more than 15 %"),
    ],
)
def test_each_category_has_its_management(category: str, months: int | None, prevalence: str, risk: str) -> None:
    given = MANAGEMENT[category]
    assert (given.months, given.prevalence, given.risk) == (months, prevalence, risk)
    if months:
        assert f"in {months} months" in given.text


@pytest.mark.parametrize(("solid", "pet"), [(7.9, False), (7.94, False), (7.95, True), (8.0, True), (None, True)])
def test_pet_is_not_named_for_4a_where_the_solid_part_is_known_to_be_below_8_mm(solid: float | None, pet: bool) -> None:
    assert ("PET/CT" in management_of("4A", solid).text) is pet


@pytest.mark.parametrize(
    ("category", "examined", "due"),
    [
        ("2", date(2026, 3, 10), date(2027, 3, 10)),
        ("3", date(2026, 8, 31), date(2027, 2, 28)),
        ("4A", date(2026, 11, 30), date(2027, 2, 28)),
        ("3", date(2023, 8, 30), date(2024, 2, 29)),
        ("4B", date(2026, 3, 10), None),
        ("0", date(2026, 3, 10), None),
    ],
)
def test_the_next_ct_is_due_counted_from_the_examination_reported(
    category: str, examined: date, due: date | None
) -> None:
    assert due_date(category, examined) == due


def test_signs_of_infection_are_named_one_by_one() -> None:
    assert infection_signs([], new_nodules=6) == ()
    assert "7 new nodules" in infection_signs([], new_nodules=7)[0]
    assert infection_signs([7.9], new_nodules=1) == ()
    assert "8 mm or more" in infection_signs([8.0], new_nodules=1)[0]
    assert len(infection_signs([9.0], new_nodules=8, consolidation=True, immunocompromised=True)) == 4
    assert infection_signs([], new_nodules=0, immunocompromised=True) == ()


def test_lung_rads_is_for_screening_only() -> None:
    assert applicability(age=50) is None
    assert applicability(age=None) is None
    assert "49" in (applicability(age=49) or "")
    assert "symptoms" in (applicability(age=60, symptoms=True) or "")
    assert "cancer" in (applicability(age=60, cancer_within_5_years=True) or "")
