"""The drafting benchmark, bounded; `make soak` runs it whole. Its judge is first shown to judge."""

from __future__ import annotations

import random
import re

import pytest

from benchmarks.bench_drafting import FIRST_SEED, PROGRAMMES, Tally, judge, measure, prepared, run
from benchmarks.drafting_truth import PLACES, TYPES, finding_set, is_right
from reports.content import content_for
from reports.drafting.corpus import fill, target_of
from reports.drafting.generator import load_drafter
from reports.drafting.template import template_sentence
from reports.drafting.types import STYLES

BOUNDED = 300
WHOLE = 10_000


def sentences(seed: int, studies: int = 40):
    chance = random.Random(seed)
    for number in range(studies):
        one = prepared(finding_set(PROGRAMMES[number % 3], seed + number))
        for (facts, _style, register), truth in zip(one.jobs, one.given.truths, strict=True):
            yield fill(target_of(facts, chance.randrange(STYLES), register), facts), facts, truth, one.given.language


def test_the_truth_is_what_the_drafter_is_given_to_say():
    for _text, facts, truth, language in sentences(5):
        assert dict(facts.slots) == truth.slots[language]


def test_the_judge_confirms_the_grammar_and_the_fixed_sentences():
    for text, facts, truth, language in sentences(6):
        assert is_right(text, truth, language), text
        assert is_right(template_sentence(facts), truth, language), facts


def test_the_judge_refuses_one_wrong_sign():
    chance = random.Random(8)
    tried = 0
    for text, _facts, truth, language in sentences(7):
        places = [match.start() for match in re.finditer(r"\d", text)]
        if places:
            at = chance.choice(places)
            tried += 1
            assert not is_right(f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}", truth, language), text
        for old, new in (
            ("left", "right"),
            ("右", "左"),
            ("upper", "lower"),
            ("上叶", "下叶"),
            ("larger", "smaller"),
            ("增大", "缩小"),
        ):
            if old in text:
                tried += 1
                assert not is_right(text.replace(old, new), truth, language), text
        assert not is_right(f"No {text}", truth, language) and not is_right(f"{text} {text}", truth, language)
    assert tried > 200


def test_a_sentence_that_leaves_a_fact_out_is_not_confirmed():
    for text, facts, truth, language in sentences(9):
        for clause in re.findall(r"[,，；;][^,，；;。]+", text):
            shorter = text.replace(clause, "", 1)
            assert not is_right(shorter, truth, language), (text, shorter, facts.slots)


def test_a_draft_with_a_foreign_number_counts_as_wrong_when_nothing_stops_it():
    one = next(one for n in range(50) if (one := prepared(finding_set("lung", n))).jobs)
    tally = Tally()
    texts = [f"{target_of(*job)} 99 mm" for job in one.jobs]
    judge(tally, one, texts, [(text, []) for text in texts])
    assert (tally.drafts, tally.wrong, tally.complete) == (1, 1, 0)


def test_its_places_and_kinds_are_ones_that_the_reports_know():
    for programme in PROGRAMMES:
        assert {kind for kind, _en, _zh in TYPES[programme]} <= set(content_for(programme).types)
        assert len(PLACES[programme]) > 4


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_no_draft_invents_or_contradicts_a_fact_and_nearly_all_are_the_models_own(programme):
    found = measure(load_drafter(), programme, BOUNDED, FIRST_SEED, 0)
    assert found.drafts == BOUNDED
    assert found.wrong == 0, found.examples
    assert found.complete >= 0.99 * found.drafts
    assert found.replaced <= 0.02 * found.sentences
    assert len(found.phrasings) > 300


@pytest.mark.soak
def test_ten_thousand_sets_of_each_programme():
    found = run(WHOLE, PROGRAMMES, FIRST_SEED, timed=60)
    assert found["wrong_drafts"] == 0
    for each in found["programmes"].values():
        assert each["after_guard"]["complete"] >= 0.99 and each["after_guard"]["replaced"] <= 0.02
    assert found["speed"]["ratio"] >= 3
    assert found["one_draft"]["p95_s"] <= 1.5
