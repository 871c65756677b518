"""Thresholds chosen on other folds, and what they cost: sensitivity, specificity, flags per 100 studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.statistics import middle_95, patient_weights, wilson


def threshold_at_sensitivity(labels: np.ndarray, scores: np.ndarray, sensitivity: float) -> float:
    """The highest threshold (a case at it is flagged) that flags at least this share, in (0, 1], of the positives.

    ValueError without positives.
    """
    positives = np.sort(np.asarray(scores, dtype=np.float64)[np.asarray(labels) == 1])
    if not len(positives):
        raise ValueError("A sensitivity needs positive cases.")
    return float(positives[int(np.floor((1.0 - sensitivity) * len(positives) + 1e-9))])


def cross_fitted_flags(
    labels: np.ndarray, scores: np.ndarray, folds: np.ndarray, sensitivity: float
) -> tuple[np.ndarray, list[float]]:
    """(flagged bool (n,), the threshold of each fold in order): each fold's from the other folds alone."""
    labels, scores, folds = np.asarray(labels), np.asarray(scores), np.asarray(folds)
    flagged, thresholds = np.zeros(len(scores), dtype=bool), []
    for fold in np.unique(folds):
        held = folds == fold
        threshold = threshold_at_sensitivity(labels[~held], scores[~held], sensitivity)
        flagged[held] = scores[held] >= threshold
        thresholds.append(round(threshold, 6))
    return flagged, thresholds


def flag_figures(
    labels: np.ndarray,
    flagged: np.ndarray,
    patients: Sequence[Any],
    prevalence: float,
    rounds: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """What flags (bool (n,)) are worth: sensitivity, specificity, flags_per_100, ppv, npv, and `ci` of each.

    flags_per_100, ppv and npv are those expected where `prevalence` (0–1) of the studies are positive: the
    data's own share is not screening's. ci: 95 %, bootstrapped over patients; wilson: of sensitivity and specificity,
    taking cases as independent. A figure without cases is NaN.
    """
    labels, flagged = np.asarray(labels).astype(int), np.asarray(flagged).astype(bool)

    counts = np.stack([labels * flagged, labels * ~flagged, (1 - labels) * flagged, (1 - labels) * ~flagged], axis=1)
    drawn = np.concatenate([weights @ counts for weights in patient_weights(patients, rounds, seed)])
    spread = _figures(drawn, prevalence)
    measured = {name: float(value[0]) for name, value in _figures(counts.sum(axis=0)[None], prevalence).items()}
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    return {
        **{name: round(value, 4) for name, value in measured.items()},
        "prevalence": prevalence,
        "n_positive": positives,
        "n_negative": negatives,
        "ci": {name: middle_95(spread[name]) for name in measured},
        "wilson": {
            "sensitivity": wilson(int(flagged[labels == 1].sum()), positives),
            "specificity": wilson(int((~flagged[labels == 0]).sum()), negatives),
        },
    }


def operating_point(
    labels: np.ndarray,
    scores: np.ndarray,
    patients: Sequence[Any],
    folds: np.ndarray,
    sensitivity: float,
    prevalence: float,
    rounds: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """`flag_figures` of the threshold aimed at this sensitivity, each case flagged by the threshold of the other folds.

    Also target_sensitivity, fold_thresholds, and threshold: the one of all folds together, which a
    bundle ships and which no case here was judged by. The reached sensitivity differs from the target: that is
    what a threshold does on cases that did not set it. The intervals hold the thresholds fixed.
    """
    flagged, thresholds = cross_fitted_flags(labels, scores, folds, sensitivity)
    return {
        "target_sensitivity": sensitivity,
        "threshold": round(threshold_at_sensitivity(labels, scores, sensitivity), 6),
        "fold_thresholds": thresholds,
        **flag_figures(labels, flagged, patients, prevalence, rounds, seed),
    }


def operating_points_table(points: Sequence[dict[str, Any]]) -> str:
    """Markdown of several operating points, one row each, with intervals over patients."""
    rows = [
        [
            f"{point['target_sensitivity']:.0%}".replace("%", " %") if "target_sensitivity" in point else "–",
            f"{point['threshold']:.3f}",
            *(with_interval(point[name], point["ci"][name]) for name in ("sensitivity", "specificity")),
            with_interval(point["flags_per_100"], point["ci"]["flags_per_100"], digits=0),
            with_interval(point["ppv"], point["ci"]["ppv"]),
            f"{point['prevalence'] * 100:g} %",
        ]
        for point in points
    ]
    return markdown_table(
        [
            "aimed at",
            "threshold",
            "sensitivity",
            "specificity",
            "flags per 100",
            "positive predictive value",
            "prevalence",
        ],
        rows,
    )


def with_interval(value: float, interval: Sequence[float], digits: int = 3) -> str:
    """`0.847 (0.744–0.938)`; a dash when it could not be computed."""
    if not np.isfinite(value):
        return "–"
    low, high = (f"{end:.{digits}f}".replace("-", "−") for end in interval)
    between = f"{low} to {high}" if "−" in low + high else f"{low}–{high}"
    return f"{value:.{digits}f} ({between})".replace("-", "−")


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, without a line break at its end. ValueError when a row has another length."""
    if any(len(row) != len(heads) for row in rows):
        raise ValueError("A row has more or fewer cells than there are columns.")
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _figures(counts: np.ndarray, prevalence: float) -> dict[str, np.ndarray]:
    """Of rows of true positives, false negatives, false positives and true negatives; NaN where nothing was counted."""
    found, missed, false, calm = np.asarray(counts, dtype=np.float64).T
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity, specificity = found / (found + missed), calm / (calm + false)
        right, wrong = sensitivity * prevalence, (1.0 - specificity) * (1.0 - prevalence)
        clear, lost = specificity * (1.0 - prevalence), (1.0 - sensitivity) * prevalence
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "flags_per_100": 100.0 * (right + wrong),
            "ppv": right / (right + wrong),
            "npv": clear / (clear + lost),
        }
