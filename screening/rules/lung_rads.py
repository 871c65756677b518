"""ACR Lung-RADS v2022: the category of an examination, and what follows from it.

The most suspicious lesion decides. Category 0 says that the examination is incomplete; what a machine could
not assess turns 1 and 2 into 0 and hides nothing more suspicious. The modifier S, the features behind 4X, benign
patterns, airway nodules and cysts come from a reader.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from screening.rules.growth import tenths
from screening.rules.lung_rads_nodule import (
    CHANGE_WORDS,
    ORDER,
    VERSION,
    WORDS,
    Before,
    Change,
    Grade,
    NoduleMeasure,
    NoduleType,
    described,
    grade_nodule,
    mean_diameter,
    nodule_category,
    rank,
)
from screening.rules.lung_rads_other import AirwayNodule, AtypicalCyst, grade_airway, grade_cyst
from screening.rules.reasons import Reason

__all__ = [
    "CHANGE_WORDS",
    "INCOMPLETE",
    "MANAGEMENT",
    "ORDER",
    "VERSION",
    "WORDS",
    "AirwayNodule",
    "AtypicalCyst",
    "Before",
    "Change",
    "ExamGrade",
    "Grade",
    "Lesion",
    "Management",
    "NoduleMeasure",
    "NoduleType",
    "applicability",
    "due_date",
    "exam_category",
    "grade_exam",
    "grade_lesion",
    "infection_signs",
    "management_of",
    "mean_diameter",
    "nodule_category",
    "tier_of",
]

Lesion = NoduleMeasure | AirwayNodule | AtypicalCyst
IncompleteReason = Literal["prior_being_located", "lungs_not_evaluated", "infection"]
INCOMPLETE = {
    "prior_being_located": "an earlier chest CT is being located for comparison",
    "lungs_not_evaluated": "part or all of the lungs cannot be evaluated",
    "infection": "the findings suggest an inflammatory or infectious process",
}
LARGE_SOLID_MM = 8.0
MANY_NEW = 6
YOUNGEST = 50


@dataclass(frozen=True, slots=True)
class Management:
    """What the standard advises: the next low-dose CT after so many months, None for a referral or as the
    cause requires; prevalence among screening examinations and risk of malignancy (v1.1 figure) as printed."""

    text: str
    months: int | None
    prevalence: str
    risk: str


_REFERRAL = (
    "Refer for further clinical evaluation; diagnostic chest CT with or without contrast, PET/CT if the solid part is "
    "8 mm or more, and tissue sampling may be considered."
)
MANAGEMENT = {
    "0": Management(
        "Complete the assessment: compare with prior chest CT, acquire additional images, or repeat low-dose CT "
        "in 1 to 3 months, as the cause requires.",
        None,
        "about 1 %",
        "not stated",
    ),
    "1": Management("Low-dose CT in 12 months.", 12, "39 %", "less than 1 %"),
    "2": Management("Low-dose CT in 12 months.", 12, "45 %", "less than 1 %"),
    "3": Management("Low-dose CT in 6 months.", 6, "9 %", "1 to 2 %"),
    "4A": Management(
        "Low-dose CT in 3 months; PET/CT may be considered if the solid part is 8 mm (268 mm³) or more.",
        3,
        "4 %",
        "5 to 15 %",
    ),
    "4B": Management(_REFERRAL, None, "3 % with 4X", "more than 15 %"),
    "4X": Management(_REFERRAL, None, "3 % with 4B", "more than 15 %"),
}


@dataclass(frozen=True, slots=True)
class ExamGrade:
    """category: 0, 1, 2, 3, 4A, 4B or 4X. label: with the modifier, e.g. "2S". sentence: which rule gave it.

    decided_by: place of the deciding lesion among those given, None without one. grades: one a lesion.
    screen: "negative" for 1 and 2, "positive" for 3 and 4, "incomplete" for 0.
    """

    category: str
    label: str
    sentence: str
    decided_by: int | None
    grades: tuple[Grade, ...]
    reasons: tuple[Reason, ...]
    screen: Literal["negative", "positive", "incomplete"]


def grade_lesion(lesion: Lesion) -> Grade:
    """The category of one lesion of any kind."""
    if isinstance(lesion, AirwayNodule):
        return grade_airway(lesion)
    return grade_cyst(lesion) if isinstance(lesion, AtypicalCyst) else grade_nodule(lesion)


def grade_exam(
    lesions: Sequence[Lesion],
    limitations: Sequence[str] = (),
    *,
    incomplete: Sequence[IncompleteReason] = (),
    significant_other: bool = False,
    follow_up: bool = False,
) -> ExamGrade:
    """The examination's category.

    limitations: plain phrases for what could not be assessed; 1 and 2 become 0. incomplete: a reader's reasons
    for category 0, which holds unless a lesion is 4B or 4X. significant_other: the modifier S. follow_up: compared
    with an earlier examination, for the sentence.
    """
    grades = tuple(grade_lesion(lesion) for lesion in lesions)
    chosen = _deciding(lesions, grades)
    when = "compared with the earlier study" if follow_up else "baseline"
    if chosen is None:
        category, sentence = "1", f"{VERSION}, {when}: no nodule was marked, category 1."
        reasons: tuple[Reason, ...] = ()
    else:
        category = grades[chosen].category or "1"
        lesion = lesions[chosen]
        words = described(lesion) if isinstance(lesion, NoduleMeasure) else f"a lesion, {grades[chosen].row},"
        sentence = f"{VERSION}, {when}: {words} is category {category}."
        reasons = grades[chosen].reasons
    why = [INCOMPLETE[reason] for reason in incomplete] if category not in ("4B", "4X") else []
    if limitations and category in ("1", "2"):
        why.append(f"the lungs could not be fully assessed ({'; '.join(limitations)})")
    if why:
        category, sentence = "0", f"{VERSION}: {'; '.join(why)}, category 0."
        reasons = (*(Reason("incomplete", text, "", f"Incomplete: {text}.") for text in why), *reasons)
    screen: Literal["negative", "positive", "incomplete"]
    screen = "incomplete" if category == "0" else "negative" if category in ("1", "2") else "positive"
    label = f"{category}S" if significant_other else category
    return ExamGrade(category, label, sentence, chosen, grades, reasons, screen)


def exam_category(nodules: Sequence[NoduleMeasure], limitations: Sequence[str] = ()) -> tuple[str, str]:
    """The examination's category and the sentence that says why; see `grade_exam`."""
    grade = grade_exam(nodules, limitations)
    return grade.category, grade.sentence


def management_of(category: str, solid_mm: float | None = None) -> Management:
    """What the standard advises for a category; solid_mm: of a solid nodule, or of the solid component.

    All intervals count from the date of the examination reported. Raises KeyError for an unknown category.
    """
    given = MANAGEMENT[category]
    if category == "4A" and solid_mm is not None and tenths(solid_mm) < LARGE_SOLID_MM:
        return replace(given, text="Low-dose CT in 3 months.")
    return given


def due_date(category: str, examined: date) -> date | None:
    """When the next low-dose CT is due, counted from the examination reported; None where no interval is given."""
    months = MANAGEMENT[category].months
    if months is None:
        return None
    year, month = divmod(examined.month - 1 + months, 12)
    year, month = examined.year + year, month + 1
    return date(year, month, min(examined.day, calendar.monthrange(year, month)[1]))


def infection_signs(
    new_solid_mm: Sequence[float], *, new_nodules: int, consolidation: bool = False, immunocompromised: bool = False
) -> tuple[str, ...]:
    """What makes infection the likelier cause, for a reader to judge; none of it sets category 0 by itself.

    new_solid_mm: mean diameters of new solid nodules that came within a short interval. new_nodules: how many
    nodules of any kind are new.
    """
    signs = []
    if consolidation:
        signs.append("segmental or lobar consolidation")
    if new_nodules > MANY_NEW:
        signs.append(f"{new_nodules} new nodules, more than {MANY_NEW}")
    if any(size >= LARGE_SOLID_MM for size in new_solid_mm):
        signs.append("a new solid nodule of 8 mm or more in a short interval")
    if immunocompromised and new_nodules:
        signs.append("new nodules in an immunocompromised patient")
    return tuple(signs)


def applicability(*, age: float | None, symptoms: bool = False, cancer_within_5_years: bool = False) -> str | None:
    """Why Lung-RADS does not apply, as one sentence; None where nothing known speaks against it."""
    if age is not None and age < YOUNGEST:
        return f"Lung-RADS is for screening from {YOUNGEST} years on; this patient is {age:.0f}."
    if symptoms:
        return "Lung-RADS is for screening without symptoms."
    return "Lung-RADS does not apply within 5 years of a cancer." if cancer_within_5_years else None


def tier_of(category: str | None) -> tuple[Literal["soon", "routine"], str]:
    """How soon to read, and the sentence that says why: 4B and 4X soon, all others as routine."""
    if category in ("4B", "4X"):
        return "soon", f"Lung-RADS category {category} is to be read soon."
    if category is None:
        return "routine", "Without a category the study keeps its routine place."
    return "routine", f"Lung-RADS category {category} keeps its routine place."


def _deciding(lesions: Sequence[Lesion], grades: Sequence[Grade]) -> int | None:
    """The lesion of the highest category, the largest of equals; None when nothing is classified."""
    order = [
        (rank(grade.category), lesion.diameter_mm or 0.0, -place)
        for place, (lesion, grade) in enumerate(zip(lesions, grades, strict=True))
        if grade.category is not None
    ]
    return -max(order)[2] if order else None
