"""Thresholds that no case set for itself, and what they cost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from screening.scoring.bundle_schema import has_earned_triage
from training.operating_points import (
    cross_fitted_flags,
    flag_figures,
    markdown_table,
    operating_point,
    operating_points_table,
    threshold_at_sensitivity,
    with_interval,
)
from training.rights import earned_rights
from training.statistics import require_whole_patients, wilson


def two_classes(count=400, apart=1.5, seed=0):
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 4 == 0).astype(int)
    return labels, rng.normal(labels * apart, 1.0), np.arange(count), np.arange(count) // 4 % 5


@pytest.mark.parametrize(("aimed", "threshold"), [(1.0, 1.0), (0.95, 1.0), (0.9, 2.0), (0.5, 6.0), (0.1, 10.0)])
def test_the_threshold_is_the_highest_that_finds_the_share_asked_for(aimed, threshold):
    scores = np.arange(1.0, 11.0)
    assert threshold_at_sensitivity(np.ones(10), scores, aimed) == threshold
    assert (scores >= threshold).mean() >= aimed


def test_a_sensitivity_needs_positives():
    with pytest.raises(ValueError, match="positive"):
        threshold_at_sensitivity(np.zeros(3), np.arange(3.0), 0.9)


def test_a_fold_has_no_say_in_its_own_threshold():
    labels, scores, _patients, folds = two_classes()
    flagged, thresholds = cross_fitted_flags(labels, scores, folds, 0.9)
    moved = np.where((folds == 3) & (labels == 1), scores + 50.0, scores)
    _flagged, again = cross_fitted_flags(labels, moved, folds, 0.9)
    assert again[3] == thresholds[3]
    assert all(new > old for fold, (new, old) in enumerate(zip(again, thresholds, strict=True)) if fold != 3)
    assert flagged[folds == 3].tolist() == (scores[folds == 3] >= threshold_of(labels, scores, folds, 3)).tolist()


def threshold_of(labels, scores, folds, fold):
    return threshold_at_sensitivity(labels[folds != fold], scores[folds != fold], 0.9)


def test_flags_per_hundred_follow_from_the_prevalence():
    labels = np.array([1] * 10 + [0] * 10)
    flagged = np.array([True] * 9 + [False] + [True] * 2 + [False] * 8)
    found = flag_figures(labels, flagged, np.arange(20), prevalence=0.1)
    assert (found["sensitivity"], found["specificity"]) == (0.9, 0.8)
    assert found["flags_per_100"] == pytest.approx(100 * (0.9 * 0.1 + 0.2 * 0.9))
    assert found["ppv"] == pytest.approx(0.09 / 0.27, abs=1e-4)
    assert found["npv"] == pytest.approx(0.72 / 0.73, abs=1e-4)
    for name in ("sensitivity", "specificity", "flags_per_100", "ppv", "npv"):
        low, high = found["ci"][name]
        assert low <= found[name] <= high
    assert found["wilson"]["sensitivity"] == wilson(9, 10)


def test_the_reached_sensitivity_is_near_the_one_aimed_at_and_the_table_says_both():
    labels, scores, patients, folds = two_classes(2000)
    point = operating_point(labels, scores, patients, folds, 0.9, 0.05, rounds=100)
    assert point["sensitivity"] == pytest.approx(0.9, abs=0.03)
    assert len(point["fold_thresholds"]) == 5
    table = operating_points_table([point])
    assert "| 90 % |" in table
    assert "| 5 % |" in table
    json.dumps(point)


def test_nothing_flagged_has_no_predictive_value():
    found = flag_figures(np.array([0, 1]), np.array([False, False]), np.arange(2), 0.1, rounds=20)
    assert found["flags_per_100"] == 0.0
    assert np.isnan(found["ppv"])
    assert with_interval(found["ppv"], found["ci"]["ppv"]) == "–"


def test_wilson_agrees_with_published_examples():
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
    assert wilson(81, 263) == pytest.approx([0.2553, 0.3662], abs=1e-4)
    assert wilson(15, 148) == pytest.approx([0.0624, 0.1605], abs=1e-4)
    assert wilson(0, 20) == pytest.approx([0.0, 0.1611], abs=1e-4)
    assert wilson(1, 29) == pytest.approx([0.0061, 0.1718], abs=1e-4)


def test_a_negative_interval_is_not_read_as_a_range():
    assert with_interval(-0.2, [-0.5, 0.1]) == "−0.200 (−0.500 to 0.100)"


def test_a_table_refuses_a_short_row():
    with pytest.raises(ValueError, match="cells"):
        markdown_table(["a", "b"], [["1"]])


def test_a_patient_in_two_folds_is_refused():
    require_whole_patients(["a", "a", "b"], [1, 1, 2])
    with pytest.raises(ValueError, match="several folds"):
        require_whole_patients(["a", "a", "b"], [1, 2, 2])


@pytest.mark.parametrize(
    ("figures", "triage", "words"),
    [
        ({"study_auc": 0.85, "ci": {"study_auc": [0.70, 0.95]}}, True, "reaches 0.70"),
        ({"study_auc": 0.85, "ci": {"study_auc": [0.6999, 0.95]}}, False, "below 0.70"),
        ({"slice_auc": 0.99, "ci": {"slice_auc": [0.98, 1.0]}}, False, "no AUC"),
        ({"study_auc": 0.85, "ci": {"study_auc": [None, None]}}, False, "no AUC"),
        ({"study_auc": 0.85}, False, "no AUC"),
    ],
)
def test_triage_is_earned_by_the_lower_bound_alone(figures, triage, words):
    rights = earned_rights(figures)
    assert rights["triage"] is triage
    assert words in rights["why"]
    assert has_earned_triage({"figures": figures}) is triage
