"""Sentences about the study as a whole: by rule, word for word, so that honesty does not depend on a model."""

from __future__ import annotations

import re
from functools import lru_cache

from reports.content import ReportContent, content_for
from reports.drafting.facts import UNSAID
from reports.drafting.language import UNREPEATABLE
from reports.drafting.types import Sentence, StudyFacts

INCOMPLETE = "Assessment incomplete"
UNREAD = {
    "refused": "The AI did not read this study",
    "failed": "The AI could not finish reading this study",
    "pending": "The AI has yet to read this study",
    "out_of_scope": "The AI did not read this study, which is outside its programmes",
    "unknown": "The AI did not read this study, as far as its record says",
}
READ_IN_FULL = "All images need to be read in full by a person."
BELOW = "The score of the study is below the model's threshold."
ABOVE = "The score of the study is above the model's threshold."
UNMARKED_ABOVE = "The model marked no single place; the images need to be read with this in mind."
UNMARKED_UNKNOWN = "The model marked no place, and its record does not say how its score lies to its threshold."
UNMARKED_INCOMPLETE = "The model marked no place in what it could read."
BY_RULE = "by rule from the measurements"
COMPLETE_FIRST = "Complete the assessment before a follow-up interval is chosen."
BAND = "The model's suspicion band is"
SUGGESTION = "this is a suggestion and no assessment category"
COMPOSITION = "Breast composition, suggested by the model"
COMPARED = "Compared with the study of"
PAIRED = "Which finding is which on that study is the model's own match, unconfirmed."
MARKED = "Every place the model marked needs the reader's judgement."


def nothing_above(content: ReportContent) -> str:
    """What a complete study below the threshold without findings says."""
    return f"No {content.noun} above the model's threshold was found."


@lru_cache(maxsize=8)
def _words_of(programme: str | None) -> frozenset[str]:
    content = content_for(programme)
    texts = [INCOMPLETE, *UNREAD.values(), READ_IN_FULL, BELOW, ABOVE, UNMARKED_ABOVE, UNMARKED_UNKNOWN]
    texts += [UNMARKED_INCOMPLETE, BY_RULE, COMPLETE_FIRST, BAND, SUGGESTION, COMPOSITION, COMPARED, PAIRED, MARKED]
    texts += [
        UNREPEATABLE,
        UNSAID,
        nothing_above(content),
        content.technique,
        content.category_scheme,
        "category incomplete rule",
    ]
    texts += [*content.management.values(), *content.composition.values()]
    return frozenset(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(texts).lower()))


def study_words(content: ReportContent) -> frozenset[str]:
    """Every lower-case word a sentence about the study may hold besides quotes of the input."""
    return _words_of(content.programme)


def study_sentences(study: StudyFacts) -> dict[str, list[Sentence]]:
    """Section name → sentences, every section of the report present and in its order."""
    content = content_for(study.programme)
    sections: dict[str, list[Sentence]] = {section.name: [] for section in content.sections}
    assessment = sections[content.assessment_section]
    if not study.was_read:
        why = f": {study.reason}" if study.reason else ""
        assessment.append(Sentence(f"{UNREAD[study.state]}{why}.", f"rule:ai-{study.state.replace('_', '-')}"))
        assessment += _incomplete(study)
        assessment.append(Sentence(READ_IN_FULL, "rule:read-in-full"))
        return sections
    if content.technique:
        sections[content.technique_section].append(Sentence(content.technique, "template:technique"))
    if study.prior_date and content.comparison_section:
        sections[content.comparison_section].append(Sentence(f"{COMPARED} {study.prior_date}.", "template:comparison"))
        if study.paired:
            sections[content.comparison_section].append(Sentence(PAIRED, "rule:unconfirmed-match"))
    if study.composition and content.composition_section:
        text = f"{COMPOSITION}: {study.composition}, {content.composition[study.composition]}."
        sections[content.composition_section].append(Sentence(text, "template:composition"))
    if study.may_look_negative:
        sections[content.findings_section].append(Sentence(nothing_above(content), "rule:below-threshold"))
    assessment += _assessment(study, content)
    if content.recommendation_section:
        sections[content.recommendation_section] += _recommendation(study, content)
    return sections


def _incomplete(study: StudyFacts) -> list[Sentence]:
    if not study.limitations:
        return []
    return [Sentence(f"{INCOMPLETE}: {'; '.join(study.limitations)}.", "rule:incomplete")]


def _assessment(study: StudyFacts, content: ReportContent) -> list[Sentence]:
    sentences = _incomplete(study)
    ids = tuple(dict.fromkeys(facts.id for facts in study.findings))
    if study.may_state_category and study.category:
        text = f"{content.category_scheme} category {study.category}"
        text += ", incomplete" if study.category == "0" else ""
        text += f", {BY_RULE}" if study.findings else ", by rule"
        sentences.append(Sentence(f"{text}.", f"rule:{content.category_source}", ids))
        if study.category_rule:
            sentences.append(Sentence(f"Rule: {study.category_rule}.", f"rule:{content.category_source}", ids))
    if study.band is not None:
        sentences.append(Sentence(f"{BAND} {study.band}; {SUGGESTION}.", "rule:suspicion-band"))
    if study.below_threshold is False:
        sentences.append(Sentence(ABOVE, "rule:threshold"))
        if not study.findings:
            sentences.append(Sentence(UNMARKED_ABOVE, "rule:threshold"))
    elif study.below_threshold is None and not study.findings and not study.may_look_negative:
        sentences.append(Sentence(UNMARKED_INCOMPLETE if study.limitations else UNMARKED_UNKNOWN, "rule:threshold"))
    elif study.below_threshold and not study.limitations:
        sentences.append(Sentence(BELOW, "rule:threshold"))
    if study.findings:
        sentences.append(Sentence(MARKED, "rule:suggestion", ids))
    return sentences


def _recommendation(study: StudyFacts, content: ReportContent) -> list[Sentence]:
    if study.may_state_category and study.category and study.category in content.management:
        return [Sentence(content.management[study.category], f"rule:{content.category_source}")]
    if study.limitations and content.category_scheme:
        return [Sentence(COMPLETE_FIRST, "rule:incomplete")]
    return []
