"""The review of chest reports: one nodule of 8.2 mm in the right upper lobe, category 4A, said in many ways."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reports.review import PriorSeen
from tests.reports.review.texts import given, nodule, rules

ADVICE = {"assessment": "Lung-RADS 4A.", "recommendation": "Low-dose CT in 3 months."}
ONE = "Solid nodule in the right upper lobe, 8.2 mm."
PRIOR = (PriorSeen(date(2025, 11, 3), (6.1,)),)
REJECTED = (nodule(), nodule("f2", "left lower lobe", 5.0, state="REJECTED"))


NODULE = (nodule(),)


def said(texts: Any, findings: Any = NODULE, category: str | None = "4A", **more: Any) -> set[str]:
    whole = {"nodules": texts} if isinstance(texts, str | list) else texts
    advice = ADVICE if category == "4A" else {}
    return rules(given("lung", {**advice, **whole}, findings, category=category, **more))


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        "RIGHT UPPER LOBE: 8 MM SOLID NODULE.",
        "There is an 8-mm solid nodule within the apical segment of the right upper lobe.",
        "A 0.8 cm nodule is seen in the RUL. The remaining lung parenchyma is clear.",
        "Right upper lobe solid nodule, 8.2 mm. No suspicious nodule in the left lung.",
        "Nodule: right upper lobe, solid, mean diameter 8.2 mm. No further nodules larger than 4 mm.",
        "In the right upper lobe there is a solid nodule of approximately 8 mm. The left lung shows no nodule.",
        "A solid, smoothly marginated nodule measuring 8 mm is present in the right upper lobe, without calcification.",
        "There is one solid nodule. It lies in the right upper lobe and measures 8 mm.",
        "Right lung: 8 mm solid nodule, upper lobe. Left lung: clear.",
        "Solid right upper lobe nodule measures 8 mm (below the 15 mm threshold for 4B).",
        "8 mm solid nodule RUL (series 3, image 45).",
        "RUL solid 8 mm.",
        "右上肺见一枚实性结节，约8mm，左肺未见结节。",
        "右肺上叶尖段可见实性结节，平均直径约8.2毫米，边界清楚。余肺未见明确结节影。",
        "右肺上叶结节8mm左右，实性。",
        "右肺：上叶见8.2mm实性结节。左肺：未见异常。",
    ],
)
def test_what_is_true_is_left_alone(text):
    assert said(text) == set()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("side", "Solid nodule in the Left upper lobe, 8.2 mm."),
        ("side", "LEFT UPPER LOBE: 8 MM SOLID NODULE."),
        ("side", "8 mm solid nodule in the left lung apex."),
        ("side", "There is one solid nodule. It lies in the left upper lobe and measures 8 mm."),
        ("side", "左上肺见一枚实性结节，约8mm。"),
        ("level", "Solid nodule in the right lower lobe, 8.2 mm."),
        ("level", "RML nodule, solid, 8 mm."),
        ("level", "Right lung: 8 mm solid nodule, lower lobe. Left lung: clear."),
        ("level", "右下肺见一枚实性结节，约8mm。"),
        ("level", "右肺中叶实性结节8.2mm。"),
        ("type", "Ground-glass nodule in the right upper lobe, 8 mm."),
        ("type", "右肺上叶磨玻璃结节，8mm。"),
        ("measurement", "Solid nodule in the right upper lobe, 6.2 mm."),
        ("measurement", "RUL nodule, solid, 1.2 cm."),
        ("measurement", "Solid nodule of the right upper lobe measuring 82 mm."),
        ("measurement", "右肺上叶实性结节约18mm。"),
        ("impossible", "Solid nodule of the right upper lobe measuring 8.2 m."),
        ("impossible", "Solid nodule of the right upper lobe measuring 820 mm."),
        ("impossible", "Solid nodule of the right upper lobe measuring 0 mm."),
        ("impossible", "Part-solid nodule, 8 mm, with a solid component of 12 mm."),
        ("denied", "No nodule."),
        ("denied", "The lungs are clear without nodule."),
        ("denied", "双肺未见结节。"),
        ("finding-unreported", "The lungs are clear."),
        ("prior-none", "Solid nodule in the right upper lobe, 8.2 mm, unchanged."),
        ("prior-none", "8.2 mm solid nodule in the right upper lobe, increased since the prior CT."),
        ("prior-none", "New 8 mm solid nodule in the right upper lobe compared with the earlier scan."),
        ("prior-none", "右肺上叶实性结节8.2mm，较前增大。"),
        ("blank", "Solid nodule in the right upper lobe, 8 mm, segment [   ]."),
    ],
)
def test_what_differs_is_told(rule, text):
    assert rule in said(text)


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("side", {"assessment": "Lung-RADS 4A. 8 mm left upper lobe nodule."}),
        ("side", {"assessment": "Lung-RADS 4A, suspicious left-sided nodule."}),
        ("level", {"assessment": "4A类，右肺下叶结节。"}),
        ("side", {"recommendation": "Low-dose CT in 3 months to reassess the left upper lobe nodule."}),
        ("category", {"assessment": "Lung-RADS 2.", "recommendation": "Low-dose CT in 12 months."}),
        ("category", {"assessment": "Lung-RADS category 3", "recommendation": "LDCT in 6 months"}),
        ("category", {"assessment": "Lung-RADS 5"}),
        ("category", {"assessment": "Lung-RADS 4A", "recommendation": "Category 3: CT in 3 months."}),
        ("recommendation", {"recommendation": "6 months LDCT"}),
        ("recommendation", {"recommendation": "年度筛查"}),
        ("recommendation", {"recommendation": "一年后复查"}),
        ("recommendation", {"recommendation": "Annual screening."}),
        ("section-missing", {"recommendation": ""}),
        ("section-missing", {"recommendation": " - "}),
        ("sex", {"other_findings": "The uterus is not enlarged.", "sex": "M"}),
        ("sex", {"other_findings": "前列腺增大。", "sex": "F"}),
    ],
)
def test_one_section_is_held_against_another(rule, texts):
    sex = texts.pop("sex", "") if "sex" in texts else ""
    assert said({"nodules": ONE, **texts}, sex=sex) == {rule}


@pytest.mark.parametrize(
    ("assessment", "recommendation"),
    [
        ("Lung-RADS 4A", "Three-month follow-up CT."),
        ("Lung-RADS 4A", "LDCT at 3 months or PET-CT"),
        ("Lung-RADS 4AS", "3-month LDCT"),
        ("Lung-RADS 4X: spiculated", "Refer to thoracic clinic"),
        ("Category 4A by Lung-RADS v2022.", "3个月复查"),
    ],
)
def test_advice_that_follows_is_left_alone(assessment, recommendation):
    assert said({"nodules": ONE, "assessment": assessment, "recommendation": recommendation}) == set()


@pytest.mark.parametrize(
    "comparison",
    [
        "No prior examination for comparison.",
        "None.",
        "Baseline screening examination.",
        "There are no prior studies available.",
        "Prior imaging was requested but is not available.",
        "无既往片对比。",
        "无。",
        "首次检查。",
    ],
)
def test_no_earlier_study_is_said_in_many_ways(comparison):
    assert said({"nodules": ONE, "comparison": comparison}) == set()


@pytest.mark.parametrize(
    "comparison",
    [
        "Compared with the CT of 2025-11-03.",
        "CT chest 3 November 2025.",
        "Prior LDCT from last year.",
        "对比2025-11-03前片。",
    ],
)
def test_an_earlier_study_is_claimed_in_many_ways(comparison):
    assert said({"nodules": ONE, "comparison": comparison}) == {"prior-none"}
    assert said({"nodules": ONE, "comparison": comparison}, priors=PRIOR) == set()
    # Where nobody knows whether there is one, nothing is held against it.
    assert said({"nodules": ONE, "comparison": comparison}, priors=None) == set()


def test_the_earlier_study_that_is_there_is_neither_denied_nor_of_another_day():
    assert said({"nodules": ONE, "comparison": "No prior available."}, priors=PRIOR) == {"prior-present"}
    assert said({"nodules": ONE, "comparison": "CT of 2024-05-01."}, priors=PRIOR) == {"prior-date"}


def test_a_change_is_held_against_both_sizes():
    grown = (nodule(prior_mm=5.1),)
    text = "Solid nodule in the right upper lobe, 8.2 mm, {}."
    assert said(text.format("unchanged"), grown, priors=PRIOR) == {"change"}
    assert said(text.format("larger than before"), grown, priors=PRIOR) == set()


def test_a_rejected_finding_is_not_told_of():
    assert said(ONE, REJECTED) == set()
    assert said([ONE, "Left lower lobe nodule 5 mm."], REJECTED) == {"rejected-reported"}
    assert said([ONE, "The opacity marked in the left lower lobe is a vessel, not a nodule."], REJECTED) == set()


@pytest.mark.parametrize(
    ("sex", "text", "found"),
    [
        ("F", "She is a smoker.", False),
        ("M", "Her previous surgery is noted.", True),
        ("F", "Mother had ovarian cancer.", False),
        ("M", "Wife had ovarian cancer.", False),
        ("M", "HER2 unknown.", False),
        ("F", "Gynaecomastia.", True),
        ("O", "Uterus and prostate.", False),
    ],
)
def test_words_of_the_other_sex(sex, text, found):
    assert ("sex" in said({"other_findings": text}, (), "1", sex=sex)) is found
