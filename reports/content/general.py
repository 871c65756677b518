"""Report of a study outside every programme: no AI wording beyond saying that it was not read."""

from __future__ import annotations

from reports.content.schema import ReportContent, Section

CONTENT = ReportContent(
    programme=None,
    title="Report",
    sections=(
        Section("technique", "Technique"),
        Section("comparison", "Comparison", required=False),
        Section("findings", "Findings"),
        Section("impression", "Impression"),
    ),
    findings_section="findings",
    assessment_section="impression",
    comparison_section="comparison",
    noun="finding",
    types={},
    size_kind="long axis",
    normal={"findings": "No abnormality.", "impression": "Normal study."},
)
