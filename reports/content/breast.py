"""Report of a screening mammogram; sections after the ACR BI-RADS report structure.

The model suggests; it never gives a BI-RADS category, so this content has no category scheme: the reader answers for
each breast, and the overall assessment follows (ACR BI-RADS, 5th edition).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.content.fields import Code, Computed, Field, Line, Option, Rule, Values, Words
from reports.content.schema import ReportContent, Section
from screening.rules.breast import DENSITY, overall_assessment

W = Words
_DENSITY_CODES = {"a": "129716005", "b": "129717001", "c": "129718006", "d": "129719003"}
_DENSITY_ZH = {
    "a": "几乎全为脂肪",
    "b": "散在纤维腺体",
    "c": "不均匀致密，可能掩盖小肿块",
    "d": "极度致密，降低乳腺摄影的敏感性",
}
_SHORT = {
    "a": W("fatty", "脂肪型"),
    "b": W("scattered", "散在"),
    "c": W("heterogeneous", "不均匀"),
    "d": W("extreme", "极度"),
}
# Category → words, code of SNOMED CT where there is one (none for the parts of 4, a national one for 6), what follows.
_BIRADS: tuple[tuple[str, Words, str, str], ...] = (
    ("0", W("incomplete", "评估不完整"), "397138000", "imaging"),
    ("1", W("negative", "阴性"), "397140005", "routine"),
    ("2", W("benign", "良性"), "397141009", "routine"),
    ("3", W("probably benign", "可能良性"), "397143007", "short"),
    ("4", W("suspicious", "可疑"), "397144001", "tissue"),
    ("4A", W("low suspicion", "低度可疑"), "", "tissue"),
    ("4B", W("moderate suspicion", "中度可疑"), "", "tissue"),
    ("4C", W("high suspicion", "高度可疑"), "", "tissue"),
    ("5", W("highly suggestive of malignancy", "高度提示恶性"), "397145000", "tissue"),
    ("6", W("known malignancy", "已证实恶性"), "", "known"),
)
_FOLLOWS = {category: follows for category, _words, _code, follows in _BIRADS}


def _categories(*, worded: bool) -> tuple[Option, ...]:
    """worded: "1: negative" in a sentence, else the number alone."""
    return tuple(
        Option(
            category,
            W(f"{category} {words.en}", f"{category} {words.zh}"),
            W(f"{category}: {words.en}", f"{category}：{words.zh}") if worded else W(category, category),
            Code("SCT", code, f"BI-RADS category {category}") if code else None,
        )
        for category, words, code, _follows in _BIRADS
    )


_ASSESSMENT = Code("DCM", "111005", "Assessment Category")
FIELDS = (
    Field(
        "density",
        "breast_composition",
        W("Density", "密度"),
        "single",
        tuple(
            Option(
                letter,
                W(f"{letter} {_SHORT[letter].en}", f"{letter} {_SHORT[letter].zh}"),
                W(f"{letter}: {words}", f"{letter}：{_DENSITY_ZH[letter]}"),
                Code("SCT", _DENSITY_CODES[letter], f"Breast composition {letter}"),
            )
            for letter, words in DENSITY.items()
        ),
        code=Code("SCT", "129715009", "Breast composition"),
        required=True,
        reads=(r"composition(?:, suggested by the model)?:? ?([abcd])\b", r"构成[^a-d]{0,12}([abcd])\b"),
    ),
    Field(
        "right",
        "assessment",
        W("Right", "右"),
        "single",
        _categories(worded=False),
        code=_ASSESSMENT,
        required=True,
        reads=(r"right breast: category ([0-6][abc]?)\b", r"右乳：([0-6][abc]?) 类"),
    ),
    Field(
        "left",
        "assessment",
        W("Left", "左"),
        "single",
        _categories(worded=False),
        code=_ASSESSMENT,
        required=True,
        reads=(r"left breast: category ([0-6][abc]?)\b", r"左乳：([0-6][abc]?) 类"),
    ),
    Field(
        "overall",
        "assessment",
        W("Overall", "总体"),
        "computed",
        _categories(worded=True),
        code=_ASSESSMENT,
        required=True,
        reads=(r"^BI-RADS:? ([0-6][abc]?)\b",),
    ),
    Field(
        "advice",
        "recommendation",
        W("Recommendation", "建议"),
        "computed",
        (
            Option(
                "routine",
                W("routine", "常规"),
                W("Routine screening.", "常规筛查。"),
                Code("DCM", "111140", "Normal interval follow-up"),
            ),
            Option(
                "imaging",
                W("more imaging", "补充影像"),
                W("Recall for additional imaging or prior mammograms.", "召回，补充影像检查或调取既往片。"),
                Code("DCM", "111135", "Additional projections"),
            ),
            Option(
                "short",
                W("short interval", "短期随访"),
                W("Follow-up in 6 months.", "6 个月后随访。"),
                Code("DCM", "111142", "Short interval follow-up"),
            ),
            Option(
                "tissue",
                W("tissue diagnosis", "组织学诊断"),
                W("Tissue diagnosis.", "建议组织学诊断。"),
                Code("DCM", "111148", "Biopsy should be strongly considered", False),
            ),
            Option(
                "known",
                W("known malignancy", "已知恶性"),
                W("Treatment of the known malignancy as planned.", "按既定方案治疗已知恶性病变。"),
                Code("DCM", "111122", "Known biopsy proven malignancy", False),
            ),
        ),
        code=Code("DCM", "111053", "Recommended Follow-up"),
    ),
)
LINES = (
    Line(
        "density",
        "breast_composition",
        (Rule(W("Breast composition {density}.", "乳腺构成 {density}。")),),
        drafted="template:composition",
    ),
    Line(
        "sides",
        "assessment",
        (
            Rule(
                W(
                    "Right breast: category {right}, left breast: category {left}.",
                    "右乳：{right} 类，左乳：{left} 类。",
                )
            ),
        ),
    ),
    Line("overall", "assessment", (Rule(W("BI-RADS {overall}.", "BI-RADS {overall}。")),)),
    Line("advice", "recommendation", (Rule(W("{advice}", "{advice}")),)),
)


def prefill(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The density it suggests; an assessment is never a model's to give."""
    return {"density": (result.get("attributes") or {}).get("density")}


def compute(
    values: Values, _findings: Sequence[Mapping[str, Any]], _result: Mapping[str, Any]
) -> Mapping[str, Computed]:
    """The overall assessment is that of the breast of most concern; the advice follows from it."""
    sides = [str(values[side]) for side in ("right", "left") if values.get(side)]
    overall = overall_assessment(sides) if len(sides) == 2 else None
    stands = values.get("overall") or overall
    why = "Of most concern, in the order 1, 2, 3, 6, 0, 4, 5." if overall else "Both breasts need an assessment."
    return {
        "overall": Computed(overall, why),
        "advice": Computed(_FOLLOWS.get(str(stands)) if stands else None, f"After BI-RADS {stands}." if stands else ""),
    }


CONTENT = ReportContent(
    programme="breast",
    title="Screening mammography",
    sections=(
        Section("technique", "Technique"),
        Section("comparison", "Comparison", required=False),
        Section("breast_composition", "Breast composition"),
        Section("findings", "Findings"),
        Section("assessment", "Assessment"),
        Section("recommendation", "Recommendation"),
    ),
    findings_section="findings",
    assessment_section="assessment",
    recommendation_section="recommendation",
    comparison_section="comparison",
    composition_section="breast_composition",
    noun="mass",
    types={
        "mass": "a mass",
        "calcification": "a calcification",
        "calcifications": "a group of calcifications",
        "asymmetry": "an asymmetry",
        "architectural_distortion": "an architectural distortion",
    },
    size_kind="long axis",
    technique="Mammography.",
    composition={
        "a": "almost entirely fatty",
        "b": "scattered areas of fibroglandular density",
        "c": "heterogeneously dense, which may obscure small masses",
        "d": "extremely dense, which lowers the sensitivity of mammography",
    },
    normal={
        "technique": "Digital mammography, CC and MLO views of both breasts.",
        "findings": "No suspicious mass, calcification, asymmetry or architectural distortion.",
        "assessment": "Right breast: category 1, left breast: category 1. BI-RADS 1: negative.",
        "recommendation": "Routine screening.",
    },
    normal_zh={
        "technique": "双乳数字化乳腺摄影，CC 位及 MLO 位。",
        "findings": "未见可疑肿块、钙化、不对称或结构扭曲。",
        "assessment": "右乳：1 类，左乳：1 类。 BI-RADS 1：阴性。",
        "recommendation": "常规筛查。",
    },
    schema="breast-1",
    fields=FIELDS,
    lines=LINES,
    normal_answers={"right": "1", "left": "1", "overall": "1", "advice": "routine"},
    prefill=prefill,
    compute=compute,
)
