"""What a report of one programme is made of: its sections, their titles and its fixed wording.

Pure data. Titles and sentences are plain English; the edge passes titles through gettext.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Section:
    """One section: `name` is stored, `title` is shown, `required` sections may not be signed empty."""

    name: str
    title: str
    required: bool = True


@dataclass(frozen=True)
class ReportContent:
    """Everything the report of one programme needs to know about its programme.

    programme: None for the general report (out of scope, unknown programme).
    technique_section, findings_section, assessment_section, recommendation_section,
        comparison_section, composition_section: names out of `sections`, None where there is none.
    noun: what the model looks for, singular ("nodule").
    types: finding type word → phrase with its article ("a solid nodule").
    size_kind: what `size_mm` means in words ("mean diameter", "long axis").
    technique: one sentence, true of every study the programme's scorer accepts; "" when none is.
    category_scheme: the name before a category ("Lung-RADS"), "" when the model gives none;
        category_source: the rule's id and edition ("lung-rads-v2022").
    management: category → one sentence; its numbers are the only ones not found in a result.
    composition: code → words, where the model suggests one (breast density).
    normal: section name → text that a person inserts with one key: the person's words, not AI.
    """

    programme: str | None
    title: str
    sections: tuple[Section, ...]
    findings_section: str
    assessment_section: str
    noun: str
    types: Mapping[str, str]
    size_kind: str
    normal: Mapping[str, str]
    technique: str = ""
    technique_section: str = "technique"
    recommendation_section: str | None = None
    comparison_section: str | None = None
    composition_section: str | None = None
    category_scheme: str = ""
    category_source: str = ""
    management: Mapping[str, str] = field(default_factory=dict)
    composition: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [section.name for section in self.sections]
        if len(set(names)) != len(names):
            raise ValueError(f"Two sections of {self.title} have the same name.")
        used = {self.findings_section, self.assessment_section, self.technique_section, *self.normal}
        used |= {
            name for name in (self.recommendation_section, self.comparison_section, self.composition_section) if name
        }
        if unknown := used - set(names):
            raise ValueError(f"{self.title} names sections it does not have: {', '.join(sorted(unknown))}.")

    def section(self, name: str) -> Section:
        """The section called `name`. Raises KeyError."""
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)
