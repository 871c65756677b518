"""The Brock models: the worked examples A to E, the terms, and ranges where something is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from screening.rules.brock import MODELS, BrockInputs, Model, risk, risk_range, size_term

A = BrockInputs(4, "solid", False, 4, 62, False, False, False, False)
B = BrockInputs(8, "solid", True, 1, 65, True, False, True, False)
C = BrockInputs(15, "part-solid", True, 2, 70, True, True, True, True)
D = BrockInputs(6, "non-solid", False, 5, 58, False, False, False, False)
E = BrockInputs(20, "solid", True, 1, 68, False, False, True, True)


@pytest.mark.parametrize(
    ("inputs", "model", "probability"),
    [
        (A, "2b", 0.001125),
        (A, "2a", 0.001105),
        (A, "1b", 0.001339),
        (B, "2b", 0.082611),
        (B, "2a", 0.097693),
        (B, "1b", 0.054118),
        (C, "2b", 0.673400),
        (C, "2a", 0.551662),
        (C, "1b", 0.436493),
        (D, "2b", 0.003867),
        (D, "2a", 0.003414),
        (D, "1b", 0.006673),
        (E, "2b", 0.515873),
        (E, "2a", 0.410802),
        (E, "1b", 0.443125),
    ],
)
def test_the_worked_examples_come_out_to_the_last_digit(inputs: BrockInputs, model: Model, probability: float) -> None:
    assert round(risk(inputs, model).probability, 6) == probability


@pytest.mark.parametrize(("inputs", "logit"), [(A, -6.78920), (B, -2.40740), (C, 0.72360), (D, -5.55146), (E, 0.06351)])
def test_the_log_odds_of_2b_come_out_to_the_last_digit(inputs: BrockInputs, logit: float) -> None:
    assert risk(inputs).logit == pytest.approx(logit, abs=6e-6)


def test_the_uncentred_intercept_of_2b_is_the_published_one() -> None:
    table = MODELS["2b"]
    assert table.age is not None
    assert table.count is not None
    uncentred = table.intercept - 62 * table.age - table.size * 1.58113883 - 4 * table.count
    assert uncentred == pytest.approx(0.2761, abs=2e-4)


def test_the_size_is_centred_after_the_power_not_before() -> None:
    assert size_term(4.0) == pytest.approx(0.0, abs=1e-8)
    # Subtracting 4 mm before the power would give 0.0074 for example B.
    assert risk(B).probability > 0.08


def test_each_term_says_what_it_added_and_together_they_are_the_log_odds() -> None:
    found = risk(C)
    added = {reason.name: reason.contribution for reason in found.reasons}
    assert sum(value for value in added.values() if value is not None) == pytest.approx(found.logit)
    assert added["spiculation"] == 0.7729
    assert added["kind"] == 0.3770
    assert added["age"] == pytest.approx(8 * 0.0287)
    assert added["count"] == pytest.approx(-2 * -0.0824)


def test_unknown_inputs_span_a_range_with_both_answers_at_its_ends() -> None:
    unknown = replace(B, family_history=None, emphysema=None, spiculation=None)
    found = risk_range(unknown)
    assert found is not None
    assert found.unknown == ("family_history", "emphysema", "spiculation")
    assert found.low == risk(replace(B, family_history=False, emphysema=False, spiculation=False)).probability
    assert found.high == risk(replace(B, family_history=True, emphysema=True, spiculation=True)).probability
    assert found.low < risk(B).probability < found.high
    open_terms = [reason for reason in found.reasons if reason.name in found.unknown]
    assert all(reason.value is None and reason.contribution is None for reason in open_terms)


def test_an_unknown_sex_widens_the_range_and_known_inputs_close_it() -> None:
    both = risk_range(replace(B, female=None))
    assert both is not None
    assert both.low == risk(replace(B, female=False)).probability
    assert both.high == risk(B).probability
    closed = risk_range(B)
    assert closed is not None
    assert closed.low == closed.high
    assert closed.unknown == ()


def test_without_an_age_the_full_model_has_no_range_and_the_parsimonious_one_has() -> None:
    assert risk_range(replace(B, age=None)) is None
    assert risk_range(replace(B, age=None), "1b") is not None


def test_what_is_unknown_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="spiculation"):
        risk(replace(B, spiculation=None))
    assert risk(replace(B, spiculation=None), "2a").probability == risk(B, "2a").probability


@pytest.mark.parametrize("size", [0.0, -3.0, float("nan"), float("inf")])
def test_a_size_that_is_none_is_refused(size: float) -> None:
    with pytest.raises(ValueError, match="size"):
        risk(replace(B, size_mm=size))


def test_the_count_includes_the_nodule_itself() -> None:
    with pytest.raises(ValueError, match="count"):
        risk(replace(B, count=0))
