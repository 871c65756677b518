"""Figures with intervals: AUC, bootstraps over patients, shares, calibration error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

NORMAL_97_5 = 1.959964
CHUNK = 200


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve by ranks, ties counted half (Hanley & McNeil 1982).

    labels: 0 or 1, shape (n,). scores: higher means more positive. NaN when a class is absent.
    """
    labels = np.asarray(labels).astype(bool)
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(np.asarray(scores, dtype=np.float64))
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(
    labels: np.ndarray, scores: np.ndarray, patients: Sequence[Any], rounds: int = 1000, seed: int = 0
) -> list[float]:
    """The 95 % interval of the AUC, bootstrapped over patients."""
    labels, scores = np.asarray(labels).astype(bool), np.asarray(scores, dtype=np.float64)
    order = np.argsort(scores, kind="stable")
    # cases of one score share a column, in order of the scores
    _values, tied = np.unique(scores[order], return_inverse=True)
    starts = np.flatnonzero(np.diff(tied, prepend=-1))
    figures: list[float] = []
    for weights in patient_weights(patients, rounds, seed):
        ordered = weights[:, order]
        positives = np.add.reduceat(ordered * labels[order], starts, axis=1)
        negatives = np.add.reduceat(ordered * ~labels[order], starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2.0
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        figures += [won / count for won, count in zip((positives * below).sum(axis=1), pairs, strict=True) if count]
    return middle_95(figures)


def bootstrap_interval(
    patients: Sequence[Any], statistic: Callable[[np.ndarray], float], rounds: int = 1000, seed: int = 0
) -> list[float]:
    """[low, high]: the 95 % percentile interval of `statistic` over patients drawn with replacement.

    patients: the patient of every case. statistic: from case indices (repeats included) to a figure;
    draws where it is NaN are left out. [NaN, NaN] when no draw gave a figure.
    """
    figures = [figure for chosen in patient_draws(patients, rounds, seed) if np.isfinite(figure := statistic(chosen))]
    return middle_95(figures)


def patient_draws(patients: Sequence[Any], rounds: int, seed: int = 0) -> Iterator[np.ndarray]:
    """`rounds` bootstrap draws: case indices (n',) of patients drawn with replacement, each with all its cases."""
    names, inverse = np.unique(np.asarray(patients), return_inverse=True)
    cases = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        yield np.concatenate([cases[index] for index in rng.integers(0, len(names), len(names))])


def patient_weights(patients: Sequence[Any], rounds: int, seed: int = 0) -> Iterator[np.ndarray]:
    """The same draws as `patient_draws`, as how often each case is in a draw: float arrays (up to 200 draws, n)."""
    names, inverse = np.unique(np.asarray(patients), return_inverse=True)
    rng = np.random.default_rng(seed)
    for start in range(0, rounds, CHUNK):
        drawn = [rng.integers(0, len(names), len(names)) for _ in range(min(CHUNK, rounds - start))]
        counts = np.stack([np.bincount(draw, minlength=len(names)) for draw in drawn])
        yield counts[:, inverse].astype(np.float64)


def middle_95(figures: Sequence[float] | np.ndarray) -> list[float]:
    """[low, high]: the percentiles 2.5 and 97.5 of the figures that are finite, to four digits; NaN when none is."""
    kept = np.asarray(figures, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return [float("nan"), float("nan")]
    low, high = np.percentile(kept, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def wilson(successes: int, trials: int) -> list[float]:
    """[low, high]: Wilson's 95 % interval of a share (1927); [NaN, NaN] of no trials. Takes trials as independent."""
    if not trials:
        return [float("nan"), float("nan")]
    share, square = successes / trials, NORMAL_97_5**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = NORMAL_97_5 / (1 + square / trials) * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return [round(max(0.0, float(middle - half)), 4), round(min(1.0, float(middle + half)), 4)]


def calibration(labels: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> dict[str, Any]:
    """Expected calibration error over equal-width bins (Guo 2017).

    Returns {"ece", "bins": [{"low", "high", "n", "mean_probability", "observed"}]}; empty bins left out.
    """
    labels, probabilities = np.asarray(labels, float), np.asarray(probabilities, float)
    place = np.clip((probabilities * bins).astype(int), 0, bins - 1)
    rows, error = [], 0.0
    for index in range(bins):
        inside = place == index
        count = int(inside.sum())
        if not count:
            continue
        mean, observed = float(probabilities[inside].mean()), float(labels[inside].mean())
        error += count / len(labels) * abs(mean - observed)
        rows.append(
            {
                "low": index / bins,
                "high": (index + 1) / bins,
                "n": count,
                "mean_probability": round(mean, 4),
                "observed": round(observed, 4),
            }
        )
    return {"ece": round(error, 4), "bins": rows}


def patient_folds(patients: Sequence[Any], folds: int, seed: int = 0) -> np.ndarray:
    """The fold (0 … folds − 1) of every case; a patient's cases share one."""
    names, inverse = np.unique(np.asarray(patients), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = np.empty(len(names), int)
    fold_of[order] = np.arange(len(names)) % folds
    return np.asarray(fold_of[inverse])


def require_whole_patients(patients: Sequence[Any], folds: Sequence[Any]) -> None:
    """ValueError when one patient's cases lie in several folds."""
    homes: dict[Any, Any] = {}
    for patient, fold in zip(patients, folds, strict=True):
        if homes.setdefault(patient, fold) != fold:
            raise ValueError("The cases of one patient lie in several folds.")


def finite(value: Any) -> Any:
    """JSON has no NaN: a figure that could not be computed is null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
