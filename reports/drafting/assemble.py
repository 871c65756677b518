"""Puts a draft together and lets the guard judge the whole of it. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.content import content_for
from reports.drafting.corpus import fill, target_of
from reports.drafting.facts import finding_facts
from reports.drafting.guard import check_sentence, check_study
from reports.drafting.study import study_sentences
from reports.drafting.template import ORIGIN, UNCHECKED, template_sentence
from reports.drafting.types import FindingFacts, GuardVerdict, HouseStyle, Sentence, StudyFacts


def assemble(
    study: StudyFacts, worded: Sequence[Sentence | None], reasons: Sequence[str] = ()
) -> tuple[dict[str, list[Sentence]], GuardVerdict]:
    """The sections of a report and the guard's verdict.

    worded: per finding the model's sentence, None where there is none or the guard refused it.
    reasons: what was off so far; with any, or with problems of the input, the verdict is not
    passed, although what was off has been replaced.
    """
    sections = study_sentences(study)
    findings = [sentence or _fixed(facts) for sentence, facts in zip(worded, study.findings, strict=True)]
    sections[content_for(study.programme).findings_section] += findings
    faults = check_study(as_json(sections), study)
    told = tuple(dict.fromkeys([*study.problems, *reasons, *faults]))
    return sections, GuardVerdict(not told, told)


def as_json(sections: Mapping[str, Sequence[Sentence]]) -> dict[str, list[dict[str, object]]]:
    """The form in which a draft is stored and checked."""
    return {name: [sentence.as_json() for sentence in sentences] for name, sentences in sections.items()}


def _fixed(facts: FindingFacts) -> Sentence:
    text = template_sentence(facts)
    # A sentence that says too little is better than one the guard cannot vouch for.
    return Sentence(text if not check_sentence(text, facts) else UNCHECKED[facts.language], ORIGIN, (facts.id,))


def example(style: HouseStyle) -> str:
    """A made-up finding as this style words it, for a page on which one is chosen."""
    content = content_for("lung")
    made_up = {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 8.1,
        "attributes": {"long_axis_mm": 9.0, "short_axis_mm": 7.2, "slice": 80, "prior_size_mm": 6.1},
    }
    facts = finding_facts(made_up, content, language=style.language)
    return fill(target_of(facts, 0, style.register), facts)
