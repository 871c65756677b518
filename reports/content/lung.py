"""Report of a low-dose CT in lung cancer screening; sections after the ACR Lung-RADS v2022 report structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from reports.content.fields import Computed, Values
from reports.content.lung_form import FIELDS, FOLLOWS, LINES, SOURCE
from reports.content.lung_other import CYSTS, PLEURAL
from reports.content.schema import ReportContent, Section
from reports.content.standing import Said, whether_any_stands
from screening.rules.growth import MONTH_DAYS, growth, whole_months
from screening.rules.lung_rads import (
    INCOMPLETE,
    MANAGEMENT,
    WORDS,
    AirwayNodule,
    AtypicalCyst,
    Before,
    Change,
    Lesion,
    NoduleMeasure,
    grade_exam,
    grade_lesion,
)


def prefill(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The nodules it marked, and the category that followed from them."""
    category = result.get("category")
    stated = {"category": category, "advice": FOLLOWS.get(str(category))}
    return {**stated, "nodules": "yes"} if result.get("findings") else stated


def compute(values: Values, findings: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Mapping[str, Computed]:
    """Lung-RADS v2022 from the nodules that stand and what only a reader can say of them; whether any stands."""
    category = _category(values, findings, result)
    stands = values.get("category") or category.value
    follows = FOLLOWS.get(str(stands)) if stands else None
    return {
        "nodules": whether_any_stands(findings, "nodule"),
        "category": category,
        "advice": Computed(follows, f"After Lung-RADS {stands}." if stands else ""),
    }


def _category(values: Values, findings: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Computed:
    standing = [each for each in findings if not each["gone"]]
    for each in standing:
        if each["type"] not in WORDS or not each["size_mm"]:
            return Computed(None, f"Nodule {each['number']} has no type or size that the rule knows.")
    scored = result.get("state") == "scored"
    asked = values.get("incomplete")
    # Whoever reads all images knows better than the machine what could be assessed.
    limitations = () if asked == "none" or not scored else tuple(map(str, result.get("limitations") or ()))
    complete = bool(((result.get("attributes") or {}).get("compared_with") or {}).get("complete"))
    try:
        lesions: list[Lesion] = [_measure(each, values, complete) for each in standing]
        lesions += [*_airway(values), *_cyst(values)]
        if not lesions and not scored and values.get("nodules") != "no":
            return Computed(None, "Nothing says yet whether there is a nodule.")
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


def _measure(finding: Mapping[str, Any], values: Values, complete: bool) -> NoduleMeasure:
    """complete: the earlier study was wholly read, so that what has no counterpart on it is new."""
    attributes, key = finding["attributes"], finding["key"]
    change, solid_change, before = _since(finding, complete)
    return NoduleMeasure(
        finding["type"],
        float(finding["size_mm"]),
        attributes.get("solid_component_mm"),
        change=change,
        solid_change=solid_change,
        before=before,
        benign=values.get(f"benign.{key}"),
        juxtapleural=values.get(f"pleura.{key}") in PLEURAL,
        smooth=values.get(f"margin.{key}") == "smooth",
        shape=values.get(f"shape.{key}"),
        suspicious=tuple(values.get(f"suspicious.{key}") or ()),
    )


def _since(finding: Mapping[str, Any], complete: bool) -> tuple[Change, Change | None, Before | None]:
    """What became of the nodule since the earlier study, of its solid component, and what it was then."""
    attributes = finding["attributes"]
    pair: Said | None = finding.get("pair")
    history = attributes.get("history") or {}
    if pair is None:
        before = None
        if history.get("prior_id") is not None:
            months = whole_months(int(history.get("days") or 0))
            before = Before(history.get("prior_category"), attributes.get("prior_size_mm"), months)
        return history.get("status") or "baseline", history.get("solid_change"), before
    if pair.parted:
        # A reader said that these are two nodules: of this one there is no earlier size to have grown from.
        return "new" if complete else "baseline", None, None
    if pair.prior_mm is None:
        # Of an earlier study that was erased since, what was concluded from it stays.
        return (history.get("status") if history.get("erased") else None) or "baseline", None, None
    grown = growth(pair.prior_mm, float(finding["size_mm"]), pair.days)
    return grown.verdict, None, Before(pair.category, pair.prior_mm, whole_months(pair.days))


def _airway(values: Values) -> list[AirwayNodule]:
    if values.get("airway") not in ("subsegmental", "segmental", "air"):
        return []
    change: Change = values.get("airway_change") or "baseline"
    level: Literal["subsegmental", "segmental_or_more_proximal"]
    level = "segmental_or_more_proximal" if values["airway"] == "segmental" else "subsegmental"
    return [AirwayNodule(level, change, values["airway"] == "air", values.get("airway_mm"))]


def _cyst(values: Values) -> list[AtypicalCyst]:
    """The cyst that a reader described; none where it is not of a kind that is classified. Raises ValueError for one
    whose wall is not measured and decides."""
    if values.get("cyst") not in CYSTS:
        return []
    since = values.get("cyst_since") or ()
    cyst = AtypicalCyst(
        values.get("cyst_wall_mm"),
        multilocular=values["cyst"] == "multilocular",
        change=values.get("cyst_change") or "baseline",
        was_multilocular="became" not in since,
        wall_growing="wall" in since,
        more_loculi="loculi" in since,
        more_opacity="opacity" in since,
        diameter_mm=values.get("cyst_mm"),
        category_before=values.get("cyst_before"),
        days_since=round((values.get("cyst_months") or 0) * MONTH_DAYS),
    )
    return [cyst] if grade_lesion(cyst).category is not None else []


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
    category_source=SOURCE,
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
