"""Calibration figures on simulated scores whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from training.calibration import (
    apply_line,
    calibration_figures,
    cross_fitted_probabilities,
    fit_platt,
    in_the_large,
    logit,
    recalibration,
)
from training.statistics import auc, auc_interval, middle_95, patient_draws


def simulated(seed: int, count: int = 300, slope: float = 1.0, intercept: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(labels, probabilities) whose recalibration line is `slope` and `intercept`."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0.0, 1.5, count)
    chance = 1.0 / (1.0 + np.exp(-(slope * odds + intercept)))
    return (rng.random(count) < chance).astype(int), 1.0 / (1.0 + np.exp(-odds))


def figures(labels, probabilities, rounds=200, **options):
    return calibration_figures(labels, probabilities, np.arange(len(labels)), rounds=rounds, **options)


def test_the_line_of_a_large_sample_is_the_one_it_was_made_with():
    slope, intercept, separated = recalibration(*simulated(1, 40_000, slope=0.6, intercept=-0.4))
    assert (slope, intercept) == (pytest.approx(0.6, abs=0.03), pytest.approx(-0.4, abs=0.03))
    assert not separated


def test_intervals_of_calibrated_probabilities_contain_one_and_nought_in_most_samples():
    found = [figures(*simulated(seed), rounds=100) for seed in range(12)]
    assert sum(one["slope_ci_contains_1"] for one in found) >= 10
    assert sum(one["intercept_ci_contains_0"] for one in found) >= 10
    assert sum(one["ece"] <= one["ece_if_perfect"]["p95"] for one in found) >= 10


def test_over_confident_probabilities_have_a_slope_below_one_and_an_error_beyond_chance():
    found = figures(*simulated(2, 600, slope=0.4))
    assert found["slope"] < 0.7
    assert not found["slope_ci_contains_1"]
    assert found["ece"] > found["ece_if_perfect"]["p95"]


def test_probabilities_too_high_on_the_whole_have_a_negative_intercept():
    labels, probabilities = simulated(3, 600, intercept=-1.0)
    found = figures(labels, probabilities)
    assert found["intercept"] == pytest.approx(-1.0, abs=0.35)
    assert not found["intercept_ci_contains_0"]
    # the offset at slope 1 makes the mean probability the observed share
    moved = 1.0 / (1.0 + np.exp(-(logit(probabilities) + in_the_large(labels, probabilities))))
    assert moved.mean() == pytest.approx(labels.mean(), abs=1e-6)


def test_separable_probabilities_have_a_finite_line_and_say_so():
    labels = np.array([0] * 10 + [1] * 10)
    probabilities = np.linspace(0.05, 0.95, 20)
    found = figures(labels, probabilities)
    assert found["separated"]
    assert 1.0 < found["slope"] < 10.0
    assert np.isfinite(found["ci"]["slope"]).all()


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [([0, 0, 0], [0.1, 0.2, 0.3]), ([0, 1, 1], [0.5, 0.5, 0.5])],
    ids=["one class", "one value"],
)
def test_what_has_no_line_is_not_given_one(labels, probabilities):
    slope, intercept, _separated = recalibration(np.array(labels), np.array(probabilities))
    assert np.isnan(slope) and np.isnan(intercept)


def test_the_error_of_a_perfect_model_shrinks_with_the_cases():
    few, many = figures(*simulated(4, 60), 100, bins=5), figures(*simulated(4, 6000), 100, bins=5)
    assert few["ece_if_perfect"]["mean"] > 3 * many["ece_if_perfect"]["mean"]
    assert few["ece_if_perfect"]["p95"] > few["ece_if_perfect"]["mean"]


def test_intervals_are_of_patients_not_of_cases():
    labels, probabilities = simulated(5, 200)
    alone = calibration_figures(labels, probabilities, np.arange(200), rounds=300)["ci"]["slope"]
    repeated = calibration_figures(
        np.repeat(labels, 4), np.repeat(probabilities, 4), np.repeat(np.arange(200), 4), rounds=300
    )["ci"]["slope"]
    assert repeated == pytest.approx(alone, abs=1e-3)


def test_the_same_seed_gives_the_same_figures():
    assert figures(*simulated(6)) == figures(*simulated(6))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_line_fits_scores_of_any_scale_alike(scale):
    labels, probabilities = simulated(7)
    scores = logit(probabilities)
    plain, scaled = fit_platt(scores, labels), fit_platt(scores * scale, labels)
    assert scaled["slope"] * scale == pytest.approx(plain["slope"], rel=1e-6)
    assert scaled["intercept"] == pytest.approx(plain["intercept"], abs=1e-6)


def test_a_line_through_separable_scores_stays_short_of_certainty():
    scores, labels = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1, 1])
    probabilities = apply_line(scores, fit_platt(scores, labels))
    assert 0.0 < probabilities[0] < probabilities[1] < 0.5 < probabilities[2] < probabilities[3] < 1.0


def test_a_line_needs_both_classes():
    with pytest.raises(ValueError, match="both classes"):
        fit_platt(np.array([0.0, 1.0]), np.array([1, 1]))


def test_a_fold_has_no_say_in_its_own_line():
    rng = np.random.default_rng(8)
    labels, probabilities = simulated(8)
    scores, folds = logit(probabilities), np.arange(300) % 5
    fitted = cross_fitted_probabilities(scores, labels, folds)
    changed = np.where(folds == 2, rng.integers(0, 2, 300), labels)
    again = cross_fitted_probabilities(scores, changed, folds)
    assert np.array_equal(again[folds == 2], fitted[folds == 2])
    assert not np.allclose(again[folds != 2], fitted[folds != 2])
    assert recalibration(labels, fitted)[0] == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("count", [8, 20, 200])
def test_an_interval_drawn_all_at_once_is_the_one_of_single_fits(count):
    labels, probabilities = simulated(9, count, slope=1.5)
    patients = np.arange(count) // 2
    single = [
        (*recalibration(labels[chosen], probabilities[chosen])[:2], in_the_large(labels[chosen], probabilities[chosen]))
        for chosen in patient_draws(patients, 150)
    ]
    ci = calibration_figures(labels, probabilities, patients, rounds=150)["ci"]
    for name, values in zip(("slope", "intercept", "in_the_large"), zip(*single, strict=True), strict=True):
        assert ci[name] == pytest.approx(middle_95(values), abs=2e-4)


def test_the_interval_of_an_auc_counts_ties_as_the_auc_does():
    labels, probabilities = simulated(10, 150)
    scores, patients = np.round(probabilities, 1), np.arange(150) // 3
    drawn = [auc(labels[chosen], scores[chosen]) for chosen in patient_draws(patients, 300)]
    assert auc_interval(labels, scores, patients, rounds=300) == middle_95(drawn)
