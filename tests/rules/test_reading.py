"""Reading rules as data: every step of every kind, and the MASAI-like rule counted by hand."""

from __future__ import annotations

import itertools

import pytest

from reports.rules.reading import (
    MASAI,
    Act,
    AiRead,
    Kind,
    PastRead,
    Rule,
    RuleError,
    Step,
    is_single,
    next_step,
    readers,
    replay,
)

NO, YES = False, True
DOUBLE, SINGLE, AI = Rule(Kind.DOUBLE), Rule(Kind.SINGLE), Rule(Kind.AI_READER)
EVERY = Rule(Kind.DOUBLE, arbitrate_recalls=True)
LOW, HIGH, SILENT = AiRead(3, NO), AiRead(10, YES), AiRead()

STEPS = [
    (SINGLE, SILENT, [], Step(Act.READ, 1)),
    (SINGLE, HIGH, [YES], Step(Act.DONE, 1, YES)),
    (DOUBLE, LOW, [], Step(Act.READ, 1)),
    (DOUBLE, LOW, [YES], Step(Act.READ, 2)),
    (DOUBLE, LOW, [NO, NO], Step(Act.DONE, 2, NO)),
    (DOUBLE, LOW, [YES, YES], Step(Act.DONE, 2, YES)),
    (DOUBLE, LOW, [YES, NO], Step(Act.ARBITRATE, 3)),
    (DOUBLE, LOW, [YES, NO, NO], Step(Act.DONE, 3, NO)),
    (DOUBLE, LOW, [NO, YES, YES], Step(Act.DONE, 3, YES)),
    (EVERY, LOW, [NO, NO], Step(Act.DONE, 2, NO)),
    (EVERY, LOW, [YES, YES], Step(Act.ARBITRATE, 3)),
    (EVERY, LOW, [YES, YES, NO], Step(Act.DONE, 3, NO)),
    (MASAI, LOW, [], Step(Act.READ, 1)),
    (MASAI, LOW, [NO], Step(Act.DONE, 1, NO)),
    (MASAI, LOW, [YES], Step(Act.DONE, 1, YES)),
    (MASAI, HIGH, [NO], Step(Act.READ, 2)),
    (MASAI, HIGH, [NO, YES], Step(Act.ARBITRATE, 3)),
    (MASAI, SILENT, [NO], Step(Act.READ, 2)),
    (AI, LOW, [NO], Step(Act.DONE, 1, NO)),
    (AI, LOW, [YES], Step(Act.ARBITRATE, 2)),
    (AI, LOW, [YES, NO], Step(Act.DONE, 2, NO)),
    (AI, HIGH, [NO], Step(Act.ARBITRATE, 2)),
    (AI, HIGH, [YES], Step(Act.DONE, 1, YES)),
    (AI, SILENT, [NO], Step(Act.READ, 2)),
    (AI, SILENT, [NO, YES], Step(Act.ARBITRATE, 3)),
]


@pytest.mark.parametrize(("rule", "ai", "opinions", "step"), STEPS)
def test_a_step(rule, ai, opinions, step):
    assert next_step(rule, ai, opinions) == step


@pytest.mark.parametrize("band", range(1, 11))
def test_masai_reads_bands_1_to_9_once_and_band_10_twice(band):
    assert readers(MASAI, AiRead(band, band == 10)) == (2 if band == 10 else 1)


@pytest.mark.parametrize("rule", [SINGLE, DOUBLE, MASAI, AI, EVERY])
def test_every_study_ends_after_at_most_three_people(rule):
    for ai, opinions in itertools.product((LOW, HIGH, SILENT), itertools.product((NO, YES), repeat=3)):
        steps = [next_step(rule, ai, opinions[:given]) for given in range(4)]
        assert steps[-1].act == Act.DONE and steps[-1].ordinal <= 3
        assert steps[-1].outcome in (NO, YES)


def test_the_silence_of_the_ai_never_saves_a_reader():
    assert readers(MASAI, SILENT) == readers(AI, SILENT) == 2
    assert not is_single(MASAI, SILENT) and is_single(MASAI, LOW) and is_single(SINGLE, SILENT)
    assert not is_single(AI, LOW)


# Twelve labelled studies: what the AI gave, what the people said in turn, and what came out.
LABELLED = [
    PastRead(AiRead(1, NO), (NO,), NO),  # 1 read
    PastRead(AiRead(1, NO), (NO, NO), NO),  # 1
    PastRead(AiRead(2, NO), (YES, NO, NO), NO),  # 1, recalled by the only reader
    PastRead(AiRead(4, NO), (NO,), NO),  # 1
    PastRead(AiRead(6, NO), (NO, YES, YES), YES),  # 1, a cancer that the first reader missed
    PastRead(AiRead(8, NO), (YES, YES), YES),  # 1, recalled
    PastRead(AiRead(9, NO), (NO,), NO),  # 1
    PastRead(AiRead(10, YES), (YES, YES), YES),  # 2, recalled
    PastRead(AiRead(10, YES), (NO, NO), NO),  # 2
    PastRead(AiRead(10, YES), (NO, YES, YES), YES),  # 2 + arbitration, recalled
    PastRead(AiRead(10, YES), (YES, NO, NO), NO),  # 2 + arbitration
    PastRead(AiRead(), (NO, NO), NO),  # 2: the AI refused it
]


def test_the_masai_like_rule_reproduces_the_read_count_worked_out_by_hand():
    forecast = replay(MASAI, LABELLED)
    assert forecast.readings == 7 * 1 + 5 * 2 + 2 == 19
    assert (forecast.studies, forecast.twice, forecast.arbitrations) == (12, 5, 2)
    assert forecast.recalls == 4
    assert (forecast.cancers, forecast.found, forecast.open_) == (4, 3, 0)


def test_reading_all_of_them_twice_costs_more_and_says_what_it_cannot_know():
    forecast = replay(DOUBLE, LABELLED)
    # What the second reader of the three studies with one past opinion would have said, nobody knows.
    assert forecast.readings == 12 * 2 + 4 == 28
    assert (forecast.arbitrations, forecast.open_, forecast.settled) == (4, 3, 9)
    assert (forecast.recalls, forecast.most_recalls) == (4, 7)
    assert (forecast.cancers, forecast.found) == (4, 4)


def test_an_arbitration_nobody_made_then_counts_as_work_and_not_as_a_recall():
    forecast = replay(DOUBLE, [PastRead(LOW, (YES, NO))])
    assert (forecast.readings, forecast.arbitrations, forecast.recalls, forecast.open_) == (3, 1, 0, 1)


def test_single_reading_is_one_read_each():
    assert replay(SINGLE, LABELLED).readings == 12


@pytest.mark.parametrize("rule", [SINGLE, DOUBLE, MASAI, AI, EVERY])
def test_a_rule_survives_being_kept_as_data(rule):
    assert Rule.parse(rule.as_data()) == rule


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "triple"},
        {"kind": "bands"},
        {"kind": "bands", "single_bands": [0]},
        {"kind": "bands", "single_bands": [11]},
        {"kind": "bands", "single_bands": [True]},
        {"kind": "bands", "single_bands": 5},
        {"kind": "double", "single_bands": [1]},
        {"kind": "single", "arbitrate_recalls": True},
    ],
)
def test_what_is_no_rule_is_refused(data):
    with pytest.raises(RuleError):
        Rule.parse(data)
