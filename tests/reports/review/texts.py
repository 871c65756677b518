"""Reports for the review, in few words."""

from __future__ import annotations

from datetime import date
from typing import Any

from reports.content import content_for
from reports.review import FindingSeen, PriorSeen, ReviewInput, SectionText, SentenceText, review

PRIOR = PriorSeen(date(2024, 3, 12))


def role_of(programme: str, name: str) -> str:
    content = content_for(programme)
    roles = {
        content.technique_section: "technique",
        content.comparison_section: "comparison",
        content.composition_section: "composition",
        content.recommendation_section: "recommendation",
        content.findings_section: "findings",
        content.assessment_section: "assessment",
    }
    return roles.get(name, "other")


def given(programme: str, texts: dict[str, Any], findings: tuple[FindingSeen, ...] = (), **more: Any) -> ReviewInput:
    """A review of `texts`, section name → text or list of sentences; sections that it lacks have the normal text."""
    content = content_for(programme)
    sections = []
    for section in content.sections:
        text = texts.get(section.name, content.normal.get(section.name, ""))
        sentences = [text] if isinstance(text, str) else list(text)
        sections.append(
            SectionText(
                section.name,
                role_of(programme, section.name),
                section.required and section.name not in texts.get("optional", ()),
                tuple(
                    each if isinstance(each, SentenceText) else SentenceText(f"{section.name}{number}", each)
                    for number, each in enumerate(sentences)
                    if each
                ),
            )
        )
    return ReviewInput(programme, tuple(sections), findings, **more)


def nodule(key: str = "f1", location: str = "right upper lobe", size: float = 8.2, **more: Any) -> FindingSeen:
    return FindingSeen(
        key,
        key[1:],
        more.pop("state", "ACCEPTED"),
        more.pop("type", "solid_nodule"),
        location,
        size,
        sizes_mm=more.pop("sizes", (size,)),
        **more,
    )


def rules(given: ReviewInput) -> set[str]:
    return {remark.rule for remark, _severity in review(given)}
