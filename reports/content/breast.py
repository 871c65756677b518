"""Report of a screening mammogram; sections after the ACR BI-RADS report structure.

The model suggests; it never gives a BI-RADS category, so this content has no category scheme.
"""

from __future__ import annotations

from reports.content.schema import ReportContent, Section

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
        "assessment": "BI-RADS 1: negative.",
        "recommendation": "Routine screening.",
    },
)
