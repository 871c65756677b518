"""Report of a low-dose CT in lung cancer screening; sections after the ACR Lung-RADS v2022 report structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.content.fields import Code, Computed, Field, Line, Option, Rule, Values, Words
from reports.content.schema import ReportContent, Section
from screening.rules.lung_rads import (
    INCOMPLETE,
    MANAGEMENT,
    WORDS,
    AirwayNodule,
    Before,
    Change,
    NoduleMeasure,
    grade_exam,
)

W = Words
_YES_NO = (
    Option("no", W("no", "无"), code=Code("SCT", "272519000", "Absent")),
    Option("yes", W("yes", "有"), code=Code("SCT", "52101004", "Present")),
)
_GRADES = (
    Option("none", W("none", "无")),
    Option("mild", W("mild", "轻度")),
    Option("moderate", W("moderate", "中度")),
    Option("severe", W("severe", "重度")),
)
# Category → words, RadLex code (from published profiles, so to be checked), the advice that follows.
_CATEGORIES: tuple[tuple[str, Words, str, str], ...] = (
    ("0", W("incomplete", "评估不完整"), "RID50135", "complete"),
    ("1", W("negative", "阴性"), "RID50136", "months_12"),
    ("2", W("benign", "良性"), "RID50137", "months_12"),
    ("3", W("probably benign", "可能良性"), "RID50138", "months_6"),
    ("4A", W("suspicious", "可疑"), "RID50139", "months_3"),
    ("4B", W("very suspicious", "高度可疑"), "RID50140", "refer"),
    ("4X", W("very suspicious, with additional features", "高度可疑，伴附加征象"), "RID50141", "refer"),
)
_FOLLOWS = {category: follows for category, _words, _code, follows in _CATEGORIES}

FIELDS = (
    Field(
        "nodules",
        "nodules",
        W("Nodules", "结节"),
        "single",
        _YES_NO,
        code=Code("RADLEX", "RID50149", "Pulmonary nodule", False),
        required=True,
    ),
    Field(
        "benign",
        "nodules",
        W("Benign pattern", "良性特征"),
        "single",
        (
            Option("complete", W("complete calcification", "完全钙化")),
            Option("central", W("central calcification", "中心钙化")),
            Option("popcorn", W("popcorn calcification", "爆米花样钙化")),
            Option("concentric", W("concentric calcification", "同心圆样钙化")),
            Option("fat", W("fat", "脂肪")),
        ),
        per_finding=True,
    ),
    Field(
        "suspicious",
        "nodules",
        W("Suspicious features", "可疑征象"),
        "multi",
        (
            Option("spiculation", W("spiculation", "毛刺"), code=Code("DCM", "112136", "Spiculated")),
            Option("lymphadenopathy", W("lymphadenopathy", "淋巴结肿大")),
            Option("metastasis", W("metastasis", "转移")),
            Option(
                "doubled",
                W("doubled within a year", "一年内倍增"),
                W("doubling in size within a year", "一年内体积倍增"),
            ),
        ),
        per_finding=True,
    ),
    Field(
        "airway",
        "nodules",
        W("Airway nodule", "气道结节"),
        "single",
        (
            Option("none", W("none", "无")),
            Option("subsegmental", W("subsegmental", "亚段")),
            Option("segmental", W("segmental or central", "段或更近端"), W("segmental or more proximal", "段或更近端")),
            Option("air", W("with air inside", "内含气体")),
        ),
    ),
    Field(
        "airway_change",
        "nodules",
        W("Airway nodule is", "气道结节变化"),
        "single",
        (
            Option("baseline", W("at baseline", "基线")),
            Option("new", W("new", "新发"), code=Code("RADLEX", "RID5720", "New", False)),
            Option("stable", W("stable", "稳定"), code=Code("RADLEX", "RID39268", "Unchanged", False)),
            Option("growing", W("growing", "增大"), code=Code("RADLEX", "RID36043", "Increased", False)),
        ),
        when={"airway": ("subsegmental", "segmental")},
    ),
    Field("emphysema", "lungs_and_pleura", W("Emphysema", "肺气肿"), "single", _GRADES),
    Field("coronary", "other_findings", W("Coronary calcium", "冠脉钙化"), "single", _GRADES),
    Field("significant", "other_findings", W("Significant other finding (S)", "其他重要发现（S）"), "single", _YES_NO),
    Field(
        "incomplete",
        "assessment",
        W("Incomplete because", "不完整原因"),
        "single",
        (
            Option("none", W("complete", "完整")),
            Option(
                "prior_being_located",
                W("prior awaited", "等待既往片"),
                W(INCOMPLETE["prior_being_located"], "正在调取既往胸部 CT 以便比较"),
            ),
            Option(
                "lungs_not_evaluated",
                W("lungs not evaluated", "肺部未能评估"),
                W(INCOMPLETE["lungs_not_evaluated"], "部分或全部肺部无法评估"),
            ),
            Option("infection", W("infection likely", "可能感染"), W(INCOMPLETE["infection"], "表现提示炎症或感染")),
        ),
    ),
    Field(
        "category",
        "assessment",
        W("Lung-RADS", "Lung-RADS"),
        "computed",
        tuple(
            Option(
                category,
                W(category, category),
                W(f"{category}: {words.en}", f"{category}：{words.zh}"),
                Code("RADLEX", code, f"Lung-RADS {category}", False),
            )
            for category, words, code, _follows in _CATEGORIES
        ),
        code=Code("RADLEX", "RID50134", "Lung-RADS assessment", False),
        required=True,
        reads=(r"Lung-RADS(?: category| 类别)?[:：]? ?(4A|4B|4X|[0-3])(?![0-9])",),
    ),
    Field(
        "advice",
        "recommendation",
        W("Recommendation", "建议"),
        "computed",
        (
            Option(
                "months_12", W("LDCT in 12 months", "12 个月后 LDCT"), W(MANAGEMENT["1"].text, "12 个月后低剂量 CT。")
            ),
            Option("months_6", W("LDCT in 6 months", "6 个月后 LDCT"), W(MANAGEMENT["3"].text, "6 个月后低剂量 CT。")),
            Option(
                "months_3",
                W("LDCT in 3 months", "3 个月后 LDCT"),
                W(MANAGEMENT["4A"].text, "3 个月后低剂量 CT；实性成分达 8 mm（268 mm³）或以上者可考虑 PET/CT。"),
            ),
            Option(
                "refer",
                W("referral", "转诊"),
                W(
                    MANAGEMENT["4B"].text,
                    "转诊作进一步临床评估；可考虑胸部诊断性 CT（平扫或增强）、PET/CT（实性成分达 8 mm 或以上）及组织取样。",
                ),
            ),
            Option(
                "complete",
                W("complete first", "先完成评估"),
                W(
                    MANAGEMENT["0"].text,
                    "完成评估：按原因与既往胸部 CT 比较、补充扫描，或 1 至 3 个月后复查低剂量 CT。",
                ),
            ),
        ),
    ),
)
LINES = (
    Line("nodules", "nodules", (Rule(W("No pulmonary nodule.", "未见肺结节。"), {"nodules": ("no",)}),)),
    Line(
        "character",
        "nodules",
        (
            Rule(
                W(
                    "Nodule {n}: {benign}, a benign pattern[; also {suspicious}].",
                    "结节 {n}：{benign}，良性特征[；另见{suspicious}]。",
                )
            ),
            Rule(W("Nodule {n}: {suspicious}, which raises suspicion.", "结节 {n}：{suspicious}，可疑程度增加。")),
        ),
        per_finding=True,
    ),
    Line(
        "airway",
        "nodules",
        (
            Rule(W("No airway nodule.", "未见气道结节。"), {"airway": ("none",)}),
            Rule(
                W("Airway abnormality with air inside, which favours secretions.", "气道异常，内含气体，倾向分泌物。"),
                {"airway": ("air",)},
            ),
            Rule(W("{airway} airway nodule[, {airway_change}].", "{airway}气道结节[，{airway_change}]。")),
        ),
    ),
    Line(
        "emphysema",
        "lungs_and_pleura",
        (
            Rule(W("No emphysema.", "未见肺气肿。"), {"emphysema": ("none",)}),
            Rule(W("{emphysema} emphysema.", "{emphysema}肺气肿。")),
        ),
    ),
    Line(
        "coronary",
        "other_findings",
        (
            Rule(W("No coronary artery calcification.", "未见冠状动脉钙化。"), {"coronary": ("none",)}),
            Rule(W("{coronary} coronary artery calcification.", "{coronary}冠状动脉钙化。")),
        ),
    ),
    Line(
        "category",
        "assessment",
        (
            Rule(
                W(
                    "Lung-RADS {category:value}S: S for a significant other finding.",
                    "Lung-RADS {category:value}S：S 表示其他重要发现。",
                ),
                {"significant": ("yes",)},
            ),
            Rule(
                W("Lung-RADS {category}: {incomplete}.", "Lung-RADS {category}：{incomplete}。"),
                {"category": ("0",), "incomplete": tuple(INCOMPLETE)},
            ),
            Rule(W("Lung-RADS {category}.", "Lung-RADS {category}。")),
        ),
    ),
    Line("advice", "recommendation", (Rule(W("{advice}", "{advice}")),)),
)


def prefill(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The nodules it marked, and the category that followed from them."""
    category = result.get("category")
    stated = {"category": category, "advice": _FOLLOWS.get(str(category))}
    return {**stated, "nodules": "yes"} if result.get("findings") else stated


def compute(values: Values, findings: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Mapping[str, Computed]:
    """Lung-RADS v2022 from the nodules that stand and what only a reader can say of them."""
    category = _category(values, findings, result)
    stands = values.get("category") or category.value
    follows = _FOLLOWS.get(str(stands)) if stands else None
    return {"category": category, "advice": Computed(follows, f"After Lung-RADS {stands}." if stands else "")}


def _category(values: Values, findings: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Computed:
    standing = [each for each in findings if not each["gone"]]
    lesions: list[NoduleMeasure | AirwayNodule] = []
    for each in standing:
        if each["type"] not in WORDS or not each["size_mm"]:
            return Computed(None, f"Nodule {each['number']} has no type or size that the rule knows.")
        lesions.append(_measure(each, values))
    if values.get("airway") in ("subsegmental", "segmental", "air"):
        lesions.append(_airway(values))
    scored = result.get("state") == "scored"
    if not lesions and not scored and values.get("nodules") != "no":
        return Computed(None, "Nothing says yet whether there is a nodule.")
    asked = values.get("incomplete")
    # Whoever reads all images knows better than the machine what could be assessed.
    limitations = () if asked == "none" or not scored else tuple(map(str, result.get("limitations") or ()))
    try:
        grade = grade_exam(
            lesions,
            limitations,
            incomplete=[asked] if asked in INCOMPLETE else [],
            significant_other=values.get("significant") == "yes",
            follow_up=any((each["attributes"].get("history") or {}) for each in standing),
        )
    except ValueError as error:
        return Computed(None, str(error))
    return Computed(grade.category, grade.sentence)


def _measure(finding: Mapping[str, Any], values: Values) -> NoduleMeasure:
    attributes, key = finding["attributes"], finding["key"]
    history = attributes.get("history") or {}
    before = None
    if history.get("prior_id") is not None:
        months = round(float(history.get("days") or 0) / 30.4375)
        before = Before(history.get("prior_category"), attributes.get("prior_size_mm"), months)
    return NoduleMeasure(
        finding["type"],
        float(finding["size_mm"]),
        attributes.get("solid_component_mm"),
        change=history.get("status") or "baseline",
        solid_change=history.get("solid_change"),
        before=before,
        benign=values.get(f"benign.{key}"),
        suspicious=tuple(values.get(f"suspicious.{key}") or ()),
    )


def _airway(values: Values) -> AirwayNodule:
    change: Change = values.get("airway_change") or "baseline"
    central = values["airway"] == "segmental"
    return AirwayNodule(
        "segmental_or_more_proximal" if central else "subsegmental", change, air_inside=values["airway"] == "air"
    )


CONTENT = ReportContent(
    programme="lung",
    title="Low-dose CT of the chest, lung cancer screening",
    sections=(
        Section("technique", "Technique"),
        Section("comparison", "Comparison", required=False),
        Section("nodules", "Nodules"),
        Section("lungs_and_pleura", "Lungs and pleura"),
        Section("other_findings", "Other findings", required=False),
        Section("assessment", "Assessment"),
        Section("recommendation", "Recommendation"),
    ),
    findings_section="nodules",
    assessment_section="assessment",
    recommendation_section="recommendation",
    comparison_section="comparison",
    noun="nodule",
    types={
        "solid_nodule": "a solid nodule",
        "part_solid_nodule": "a part-solid nodule",
        "ground_glass_nodule": "a ground-glass nodule",
        "nodule": "a nodule",
    },
    size_kind="mean diameter",
    technique="CT of the chest.",
    category_scheme="Lung-RADS",
    category_source="lung-rads-v2022",
    management={category: advice.text for category, advice in MANAGEMENT.items()},
    normal={
        "technique": "Low-dose CT of the chest without contrast.",
        "nodules": "No pulmonary nodule.",
        "lungs_and_pleura": "The lungs are clear. No pleural effusion or thickening.",
        "other_findings": "No enlarged mediastinal or hilar lymph node. Heart of normal size.",
        "assessment": "Lung-RADS 1: negative.",
        "recommendation": "Low-dose CT in 12 months.",
    },
    normal_zh={
        "technique": "胸部低剂量 CT 平扫。",
        "nodules": "未见肺结节。",
        "lungs_and_pleura": "双肺清晰。 未见胸腔积液或胸膜增厚。",
        "other_findings": "纵隔及肺门淋巴结未见肿大。 心影大小正常。",
        "assessment": "Lung-RADS 1：阴性。",
        "recommendation": "12 个月后低剂量 CT。",
    },
    schema="lung-1",
    fields=FIELDS,
    lines=LINES,
    normal_answers={"nodules": "no", "category": "1", "advice": "months_12"},
    prefill=prefill,
    compute=compute,
)
