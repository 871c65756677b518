"""Report of a CT of the head, read first for haemorrhage."""

from __future__ import annotations

from reports.content.schema import ReportContent, Section

CONTENT = ReportContent(
    programme="brain",
    title="CT of the head",
    sections=(
        Section("technique", "Technique"),
        Section("comparison", "Comparison", required=False),
        Section("findings", "Haemorrhage"),
        Section("ventricles_and_midline", "Ventricles and midline"),
        Section("other", "Other findings", required=False),
        Section("impression", "Impression"),
        Section("recommendation", "Recommendation", required=False),
    ),
    findings_section="findings",
    assessment_section="impression",
    recommendation_section="recommendation",
    comparison_section="comparison",
    noun="haemorrhage",
    types={
        "haemorrhage": "haemorrhage",
        "hemorrhage": "haemorrhage",
        "intracranial_haemorrhage": "intracranial haemorrhage",
        "epidural_haemorrhage": "epidural haemorrhage",
        "subdural_haemorrhage": "subdural haemorrhage",
        "subarachnoid_haemorrhage": "subarachnoid haemorrhage",
        "intraparenchymal_haemorrhage": "intraparenchymal haemorrhage",
        "intraventricular_haemorrhage": "intraventricular haemorrhage",
    },
    size_kind="long axis",
    technique="CT of the head.",
    normal={
        "technique": "CT of the head without contrast.",
        "findings": "No intracranial haemorrhage.",
        "ventricles_and_midline": "Ventricles of normal size. No midline shift.",
        "other": "Grey and white matter well differentiated. No fracture.",
        "impression": "Normal CT of the head.",
    },
)
