"""Report of a low-dose CT in lung cancer screening; sections after the ACR Lung-RADS v2022 report structure."""

from __future__ import annotations

from reports.content.schema import ReportContent, Section
from screening.rules.lung_rads import MANAGEMENT

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
)
