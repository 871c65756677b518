"""What a report of one programme is made of: its sections, their titles and its fixed wording.

Pure data. Titles and sentences are plain English; the edge passes titles through gettext.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.content.fields import Compute, Field, Line, Prefill, Values, is_answered, is_asked, key_of


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
    normal: section name → text that a person inserts with one key: the person's words, not AI. normal_zh: the
        same in Chinese, where there is one.
    schema: id and edition of the coded answers ("lung-1"); fields, lines: what is asked, and the sentences that
        answers write. normal_answers: what the normal text says. prefill: what an AI result states, field → answer.
        compute: what rules make of answers, findings and result; `findings` as `reports.selectors.answers` gives them.
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
    normal_zh: Mapping[str, str] = field(default_factory=dict)
    schema: str = ""
    fields: tuple[Field, ...] = ()
    lines: tuple[Line, ...] = ()
    normal_answers: Mapping[str, Any] = field(default_factory=dict)
    prefill: Prefill | None = None
    compute: Compute | None = None

    def __post_init__(self) -> None:
        names = [section.name for section in self.sections]
        if len(set(names)) != len(names):
            raise ValueError(f"Two sections of {self.title} have the same name.")
        used = {self.findings_section, self.assessment_section, self.technique_section, *self.normal}
        used |= {
            name for name in (self.recommendation_section, self.comparison_section, self.composition_section) if name
        }
        used |= {each.section for each in self.fields} | {each.section for each in self.lines} | set(self.normal_zh)
        if unknown := used - set(names):
            raise ValueError(f"{self.title} names sections it does not have: {', '.join(sorted(unknown))}.")
        known = self.by_id
        asked = {name for line in self.lines for name in line.fields} | set(self.normal_answers)
        asked |= {name for each in self.fields for name in each.when}
        if len(known) != len(self.fields) or asked - set(known):
            raise ValueError(f"{self.title} asks for the same twice, or for what it has no field for.")

    @property
    def by_id(self) -> dict[str, Field]:
        return {each.id: each for each in self.fields}

    def field_of(self, key: str) -> Field | None:
        """The field of an answer's key: "density", or "benign.f1" of a finding."""
        name, _dot, finding = key.partition(".")
        asked = self.by_id.get(name)
        return asked if asked is not None and asked.per_finding == bool(finding) else None

    def missing(self, values: Values, findings: Iterable[str] = ()) -> list[str]:
        """Keys of required fields that are asked and not answered; findings: keys of those that count."""
        keys = [
            key_of(each.id, finding)
            for each in self.fields
            if each.required
            for finding in (findings if each.per_finding else ("",))
            if is_asked(each, values, finding)
        ]
        return [key for key in keys if not is_answered(values.get(key))]

    def section(self, name: str) -> Section:
        """The section called `name`. Raises KeyError."""
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)
