"""The review of mammograms and heads: one mass left upper outer of 14.2 mm; one right subdural of 41 mm."""

from __future__ import annotations

from typing import Any

import pytest

from reports.review import FindingSeen
from tests.reports.review.texts import given, rules

MASS = FindingSeen("f1", "1", "ACCEPTED", "mass", "left breast, upper outer", 14.2, sizes_mm=(14.2, 10.1))
BREAST = {
    "breast_composition": "Density b.",
    "assessment": "BI-RADS 0.",
    "recommendation": "Recall for ultrasound of the left breast.",
}
LEFT = "Mass of 14 mm in the upper outer quadrant of the left breast."
BLEED = FindingSeen("f1", "1", "ACCEPTED", "subdural_haemorrhage", "right hemisphere", 41.0, sizes_mm=(41.0, 6.0))
BRAIN = {
    "technique": "CT of the head.",
    "ventricles_and_midline": "No midline shift.",
    "other": "No fracture.",
    "impression": "Acute right subdural haematoma.",
    "recommendation": "Urgent neurosurgical referral.",
}
RIGHT = "Right subdural haematoma, 41 mm by 6 mm."


def breast(texts: Any, findings: Any = (MASS,), category: str | None = "0") -> set[str]:
    whole = {"findings": texts} if isinstance(texts, str) else texts
    return rules(given("breast", {**BREAST, **whole}, findings, category=category, sex="F"))


def brain(texts: Any, findings: Any = (BLEED,), **more: Any) -> set[str]:
    whole = {"findings": texts} if isinstance(texts, str) else texts
    return rules(given("brain", {**BRAIN, **whole}, findings, **more))


@pytest.mark.parametrize(
    "text",
    [
        LEFT,
        "Left breast: irregular mass at 2 o'clock, 1.4 cm. Right breast: negative.",
        "Left UOQ mass, 14 mm. Benign vascular calcifications in both breasts.",
        "Mass in the outer upper left breast, 14 x 10 mm, 5 cm from the nipple. No axillary adenopathy.",
        "There is a 14 mm mass in the left upper outer breast. No mass, calcification or distortion in the right breast.",
        "An irregular mass (14 mm) is seen in the upper outer left breast on the MLO view only.",
        "左乳外上象限肿块，约14mm。右乳未见异常。",
        "左乳2点方向见肿块，14×10mm。",
    ],
)
def test_a_mass_that_is_told_of_as_it_is_is_left_alone(text):
    assert breast(text) == set()


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("side", "Mass of 14 mm in the upper outer quadrant of the Right breast."),
        ("side", "右乳外上象限肿块，约14mm。左乳未见异常。"),
        ("side", {"findings": LEFT, "recommendation": "Recall for ultrasound of the right breast."}),
        ("side", {"findings": LEFT, "assessment": "BI-RADS 0: mass in the right breast."}),
        ("side", {"findings": LEFT, "assessment": "Right: BI-RADS 0. Left: BI-RADS 1."}),
        ("level", "Mass of 14 mm in the lower inner quadrant of the left breast."),
        ("level", "Left breast: irregular mass at 8 o'clock, 1.4 cm."),
        ("level", "左乳内下象限肿块，约14mm。"),
        ("impossible", "Mass of 14 mm at 14 o'clock in the left breast."),
        ("category", {"findings": LEFT, "assessment": "BI-RADS 1", "recommendation": "Routine screening"}),
        ("category", {"findings": LEFT, "assessment": "BI-RADS 7", "recommendation": "Recall."}),
        ("recommendation", {"findings": LEFT, "recommendation": "Routine screening in two years."}),
        ("section-missing", {"findings": LEFT, "recommendation": ""}),
    ],
)
def test_what_differs_is_told_of_a_breast(rule, texts):
    assert breast(texts) == {rule}


@pytest.mark.parametrize(
    ("category", "recommendation", "rule"),
    [
        ("2", "Return to routine screening.", None),
        ("2", "Next mammogram in 24 months.", None),
        ("2", "两年后复查", None),
        ("2", "Core biopsy", "recommendation"),
        ("2", "6-month follow-up", "recommendation"),
    ],
)
def test_what_follows_from_benign_calcifications(category, recommendation, rule):
    texts = {
        "findings": "Scattered benign calcifications in both breasts.",
        "assessment": f"BI-RADS {category}",
        "recommendation": recommendation,
    }
    assert breast(texts, (), category) == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("category", "recommendation", "rule"),
    [
        ("4C", "Ultrasound-guided core biopsy.", None),
        ("4", "建议穿刺活检", None),
        ("5", "Routine screening", "recommendation"),
        ("4", "Follow-up in 6 months", "recommendation"),
    ],
)
def test_what_follows_from_a_suspicious_mass(category, recommendation, rule):
    texts = {"findings": LEFT, "assessment": f"BI-RADS {category}", "recommendation": recommendation}
    assert breast(texts, category=category) == ({rule} if rule else set())


@pytest.mark.parametrize(
    "texts",
    [
        RIGHT,
        "Acute subdural haematoma over the right convexity, 41 mm long and 6 mm deep. No subarachnoid blood.",
        "Right SDH 4.1 cm. No other haemorrhage.",
        "右侧硬膜下血肿，约41mm×6mm。未见蛛网膜下腔出血。",
        {"findings": RIGHT, "ventricles_and_midline": "Midline shift of 4 mm to the left."},
        {"findings": RIGHT, "ventricles_and_midline": "中线向左移位约4mm。"},
    ],
)
def test_a_bleed_that_is_told_of_as_it_is_is_left_alone(texts):
    assert brain(texts) == set()


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("side", {"findings": "Left subdural haematoma, 41 mm.", "impression": "Acute subdural haematoma."}),
        ("side", {"findings": RIGHT, "impression": "Acute left subdural haematoma."}),
        ("type", "Right epidural haematoma, 41 mm."),
        ("category", {"findings": RIGHT, "impression": "No acute intracranial abnormality."}),
        ("impossible", {"findings": RIGHT, "ventricles_and_midline": "Midline shift of 80 mm to the left."}),
        ("recommendation-missing", {"findings": RIGHT, "recommendation": ""}),
        ("recommendation", {"findings": RIGHT, "recommendation": "No follow-up."}),
        ("recommendation", {"findings": RIGHT, "recommendation": "无需复查。"}),
    ],
)
def test_what_differs_is_told_of_a_head(rule, texts):
    assert brain(texts) == {rule}


def test_a_measured_shift_is_held_against_what_is_said():
    texts = {"findings": RIGHT, "ventricles_and_midline": "Midline shift of 9 mm to the left."}
    assert brain(texts, shift_mm=4.2) == {"measurement"}
    assert brain(texts, shift_mm=9.3) == set()


def test_a_head_without_a_finding_is_left_alone():
    normal = {"findings": "No intracranial haemorrhage.", "impression": "No acute haemorrhage.", "recommendation": ""}
    assert brain(normal, ()) == set()
    chinese = {
        "findings": "未见颅内出血。",
        "ventricles_and_midline": "脑室系统不大，中线结构居中。",
        "impression": "颅脑CT平扫未见异常。",
    }
    assert brain({**chinese, "recommendation": ""}, ()) == set()
