"""Sentences about the study as a whole: by rule, word for word, so that honesty does not depend on a model."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from functools import lru_cache

from reports.content import ReportContent, content_for
from reports.drafting.facts import UNSAID
from reports.drafting.language import UNREPEATABLE
from reports.drafting.study_words import ENGLISH, WORDS, StudyWords, words_in
from reports.drafting.types import REGISTERS, Sentence, StudyFacts

INCOMPLETE = ENGLISH.incomplete
PAIRED = ENGLISH.paired


@lru_cache(maxsize=8)
def _words_of(programme: str | None) -> frozenset[str]:
    content = content_for(programme)
    texts: list[str] = []
    for each in fields(ENGLISH):
        value = getattr(ENGLISH, each.name)
        texts += [value] if isinstance(value, str) else list(value.values())
    texts += [
        UNREPEATABLE,
        UNSAID,
        content.noun,
        content.technique,
        content.category_scheme,
        "category incomplete rule",
    ]
    texts += [*content.management.values(), *content.composition.values()]
    plain = re.sub(r"\{\w*\}", " ", " ".join(texts).lower())
    return frozenset(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", plain))


def study_words(content: ReportContent) -> frozenset[str]:
    """Every lower-case word an English sentence about the study may hold besides quotes of the input."""
    return _words_of(content.programme)


def every_wording(study: StudyFacts) -> list[frozenset[str]]:
    """The sentences about this study in each language and house style: a draft holds those of one."""
    found = []
    for language in WORDS:
        for register in REGISTERS:
            for negatives in (True, False):
                styled = replace(study, language=language, register=register, negatives=negatives)
                sections = study_sentences(styled)
                found.append(frozenset(each.text for sentences in sections.values() for each in sentences))
    return list(dict.fromkeys(found))


def study_sentences(study: StudyFacts) -> dict[str, list[Sentence]]:
    """Section name → sentences, every section of the report present and in its order."""
    content, words = content_for(study.programme), words_in(study.language)
    sections: dict[str, list[Sentence]] = {section.name: [] for section in content.sections}
    assessment = sections[content.assessment_section]
    if not study.was_read:
        why = f"{words.why}{study.reason}" if study.reason else ""
        text = f"{words.unread[study.state]}{why}{words.stop}"
        assessment.append(Sentence(text, f"rule:ai-{study.state.replace('_', '-')}"))
        assessment += _incomplete(study, words)
        assessment.append(Sentence(words.read_in_full, "rule:read-in-full"))
        return sections
    if content.technique:
        sections[content.technique_section].append(Sentence(words.technique(content), "template:technique"))
    if study.prior_date and content.comparison_section:
        text = words.compared.format(study.prior_date)
        sections[content.comparison_section].append(Sentence(text, "template:comparison"))
        if study.paired:
            sections[content.comparison_section].append(Sentence(words.paired, "rule:unconfirmed-match"))
    if study.composition and content.composition_section:
        text = words.composition.format(study.composition, words.composed(content, study.composition))
        sections[content.composition_section].append(Sentence(text, "template:composition"))
    if study.may_look_negative and study.negatives:
        text = words.nothing.format(words.noun(content))
        sections[content.findings_section].append(Sentence(text, "rule:below-threshold"))
    assessment += _assessment(study, content, words)
    if content.recommendation_section:
        sections[content.recommendation_section] += _recommendation(study, content, words)
    return sections


def _incomplete(study: StudyFacts, words: StudyWords) -> list[Sentence]:
    if not study.limitations:
        return []
    text = f"{words.incomplete}{words.why}{words.listed.join(study.limitations)}{words.stop}"
    return [Sentence(text, "rule:incomplete")]


def _assessment(study: StudyFacts, content: ReportContent, words: StudyWords) -> list[Sentence]:
    sentences = _incomplete(study, words)
    ids = tuple(dict.fromkeys(facts.id for facts in study.findings))
    if study.may_state_category and study.category:
        text = words.category.format(scheme=content.category_scheme, category=study.category)
        text += words.category_incomplete if study.category == "0" else ""
        text += words.by_measurements if study.findings else words.by_rule
        sentences.append(Sentence(f"{text}{words.stop}", f"rule:{content.category_source}", ids))
        if study.category_rule and study.register == "full":
            text = words.rule.format(study.category_rule)
            sentences.append(Sentence(text, f"rule:{content.category_source}", ids))
    if study.band is not None:
        sentences.append(Sentence(words.band.format(study.band), "rule:suspicion-band"))
    if study.below_threshold is False:
        sentences.append(Sentence(words.above, "rule:threshold"))
        if not study.findings:
            sentences.append(Sentence(words.unmarked_above, "rule:threshold"))
    elif study.below_threshold is None and not study.findings and not study.may_look_negative:
        unmarked = words.unmarked_incomplete if study.limitations else words.unmarked_unknown
        sentences.append(Sentence(unmarked, "rule:threshold"))
    elif study.below_threshold and not study.limitations:
        sentences.append(Sentence(words.below, "rule:threshold"))
    if study.findings:
        sentences.append(Sentence(words.marked, "rule:suggestion", ids))
    return sentences


def _recommendation(study: StudyFacts, content: ReportContent, words: StudyWords) -> list[Sentence]:
    if study.may_state_category and study.category and study.category in content.management:
        return [Sentence(words.advice(content, study.category), f"rule:{content.category_source}")]
    if study.limitations and content.category_scheme:
        return [Sentence(words.complete_first, "rule:incomplete")]
    return []
