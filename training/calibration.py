"""How far a probability can be taken at its word: recalibration line, expected error, Brier score.

A line fitted here turns scores into probabilities (`fit_platt`, `cross_fitted_probabilities`); the
figures then judge probabilities of cases that the line never saw (`calibration_figures`).
`training.reliability` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.statistics import calibration, middle_95, patient_weights

CLIP = 1e-6
STEPS = 60
MANY = 500
Line = dict[str, float]


def logit(probabilities: np.ndarray) -> np.ndarray:
    """Log odds; probabilities are held 1e-6 away from 0 and 1."""
    kept = np.clip(np.asarray(probabilities, dtype=np.float64), CLIP, 1.0 - CLIP)
    return np.asarray(np.log(kept / (1.0 - kept)))


def apply_line(scores: np.ndarray, line: Line) -> np.ndarray:
    """Probabilities 0–1 of scores under {"slope", "intercept"}."""
    return _sigmoid(np.asarray(scores, dtype=np.float64) * line["slope"] + line["intercept"])


def fit_platt(scores: np.ndarray, labels: np.ndarray) -> Line:
    """The logistic line {"slope", "intercept"} from scores (any scale, (n,)) to labels (0 or 1).

    Targets are drawn in as Platt (1999) does, by one case of each class, so that separable scores
    have a finite line. ValueError when a class is absent.
    """
    labels = np.asarray(labels, dtype=np.float64)
    positives, negatives = labels.sum(), (1.0 - labels).sum()
    if not positives or not negatives:
        raise ValueError("A line needs cases of both classes.")
    targets = np.where(labels == 1, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    # on standardised scores the Newton steps do not depend on the scale of the score
    scores = np.asarray(scores, dtype=np.float64)
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    slope, intercept = _newton((scores - middle) / spread, targets)
    return {"slope": slope / spread, "intercept": intercept - slope * middle / spread}


def cross_fitted_probabilities(scores: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """A probability for every case, by `fit_platt` on the cases of the other folds alone. Shapes (n,)."""
    scores, labels, folds = np.asarray(scores, dtype=np.float64), np.asarray(labels), np.asarray(folds)
    probabilities = np.empty(len(scores))
    for fold in np.unique(folds):
        held = folds == fold
        probabilities[held] = apply_line(scores[held], fit_platt(scores[~held], labels[~held]))
    return probabilities


def recalibration(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float, bool]:
    """(slope, intercept, separated) of labels on the log odds of probabilities (Cox 1958): 1 and 0 when calibrated.

    A slope under 1 means over-confident. Where the probabilities separate the classes, maximum likelihood
    has no finite line, and Firth's (1993) penalised one is given. NaN when a class is absent or all
    probabilities are alike.
    """
    labels, odds = np.asarray(labels, dtype=np.float64), logit(probabilities)
    positive = labels == 1
    if positive.all() or not positive.any() or np.ptp(odds) < 1e-9:
        return float("nan"), float("nan"), False
    separated = bool(odds[positive].min() >= odds[~positive].max() or odds[positive].max() <= odds[~positive].min())
    slope, intercept = _newton(odds, labels, firth=separated)
    return slope, intercept, separated


def in_the_large(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The intercept with the slope held at 1: below 0 the probabilities are too high on the whole.
    NaN when a class is absent."""
    labels, odds = np.asarray(labels, dtype=np.float64), logit(probabilities)
    if labels.min() == labels.max():
        return float("nan")
    offset = 0.0
    for _ in range(STEPS):
        guess = _sigmoid(odds + offset)
        step = float(np.clip((labels - guess).sum() / ((guess * (1.0 - guess)).sum() + 1e-12), -2.0, 2.0))
        offset += step
        if abs(step) < 1e-9:
            break
    return offset


def expected_error(labels: np.ndarray, probabilities: np.ndarray, bins: int) -> float:
    """Expected calibration error over equal-width bins (Guo 2017), 0–1."""
    place = np.clip((np.asarray(probabilities) * bins).astype(int), 0, bins - 1)
    gaps = np.bincount(place, np.asarray(labels, dtype=np.float64) - probabilities, minlength=bins)
    return float(np.abs(gaps).sum() / len(place))


def calibration_figures(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: Sequence[Any],
    rounds: int = 1000,
    seed: int = 0,
    bins: int | None = None,
) -> dict[str, Any]:
    """Everything a card says of the calibration of probabilities (0–1, (n,)) against labels (0 or 1, (n,)).

    slope, intercept (`recalibration`), in_the_large: each with a 95 % interval bootstrapped over patients in
    `ci`; slope_ci_contains_1, intercept_ci_contains_0. separated: the line is Firth's. ece and its
    `bins`, n_bins equal-width ones (by default ten from 500 cases on, else five), beside ece_if_perfect: the
    mean and the 95th percentile of the same error over `rounds` drawings of the labels from the
    probabilities, cases independent. brier, and brier_of_prevalence: of the prevalence said for everyone.
    """
    labels, probabilities = np.asarray(labels).astype(int), np.asarray(probabilities, dtype=np.float64)
    n_bins = bins or (10 if len(labels) >= MANY else 5)
    slope, intercept, separated = recalibration(labels, probabilities)
    lines = [_lines(labels, probabilities, weights) for weights in patient_weights(patients, rounds, seed)]
    columns = np.concatenate(lines).T
    ci = {name: middle_95(column) for name, column in zip(("slope", "intercept", "in_the_large"), columns, strict=True)}
    table = calibration(labels, probabilities, n_bins)
    prevalence = float(labels.mean())
    return {
        "n": len(labels),
        "slope": round(slope, 4),
        "intercept": round(intercept, 4),
        "in_the_large": round(in_the_large(labels, probabilities), 4),
        "ci": ci,
        "slope_ci_contains_1": bool(ci["slope"][0] <= 1.0 <= ci["slope"][1]),
        "intercept_ci_contains_0": bool(ci["intercept"][0] <= 0.0 <= ci["intercept"][1]),
        "separated": separated,
        "ece": table["ece"],
        "ece_if_perfect": _if_perfect(probabilities, n_bins, rounds, seed),
        "n_bins": n_bins,
        "bins": table["bins"],
        "brier": round(float(np.mean((probabilities - labels) ** 2)), 4),
        "brier_of_prevalence": round(prevalence * (1.0 - prevalence), 4),
    }


def _if_perfect(probabilities: np.ndarray, bins: int, rounds: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    errors = [
        expected_error(rng.random(len(probabilities)) < probabilities, probabilities, bins) for _ in range(rounds)
    ]
    return {"mean": round(float(np.mean(errors)), 4), "p95": round(float(np.percentile(errors, 95)), 4)}


def _lines(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """slope, intercept and in_the_large, (rounds, 3), of every row of case weights (rounds, n).

    Newton steps for all rows at once; a row that these do not settle, because its classes hardly overlap, is fitted alone.
    """
    odds, positive = logit(probabilities), labels == 1
    slope, intercept, separated = recalibration(labels, probabilities)
    offset = in_the_large(labels, probabilities)
    found = np.full((len(weights), 3), np.nan)
    both = (weights[:, positive].sum(1) > 0) & (weights[:, ~positive].sum(1) > 0)
    if not both.any():
        return found
    rows = weights[both]
    line = np.tile(
        [slope, intercept, offset] if np.isfinite(slope) and not separated else [1.0, 0.0, offset], (len(rows), 1)
    )
    step = np.zeros_like(line)
    for _ in range(STEPS // 2):
        guess = _sigmoid(line[:, :1] * odds + line[:, 1:2])
        gap, spread = rows * (labels - guess), rows * guess * (1.0 - guess)
        aa, ab, bb = spread @ odds**2, spread @ odds, spread.sum(1)
        up, level = gap @ odds, gap.sum(1)
        room = aa * bb - ab**2 + 1e-12
        step[:, 0], step[:, 1] = (bb * up - ab * level) / room, (aa * level - ab * up) / room
        flat = _sigmoid(odds + line[:, 2:])
        step[:, 2] = (rows * (labels - flat)).sum(1) / ((rows * flat * (1.0 - flat)).sum(1) + 1e-12)
        step = np.clip(step, -2.0, 2.0)
        line += step
        if np.abs(step).max() < 1e-9:
            break
    for row in np.flatnonzero(~(np.abs(step) < 1e-7).all(1)):
        chosen = np.repeat(np.arange(len(labels)), rows[row].astype(int))
        line[row, :2] = recalibration(labels[chosen], probabilities[chosen])[:2]
        line[row, 2] = in_the_large(labels[chosen], probabilities[chosen])
    found[both] = line
    return found


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -40.0, 40.0))))


def _newton(scores: np.ndarray, targets: np.ndarray, firth: bool = False) -> tuple[float, float]:
    """(slope, intercept) of the logistic line through targets in [0, 1], halving steps that lose likelihood.

    firth: with Jeffreys' prior, which keeps the line of separated classes finite.
    """
    design = np.stack([scores, np.ones(len(scores))], axis=1)

    def look(line: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        reach = design @ line
        guess = _sigmoid(reach)
        weight = guess * (1.0 - guess)
        curve = (design * weight[:, None]).T @ design + 1e-9 * np.eye(2)
        value = float((targets * reach - np.logaddexp(0.0, reach)).sum())
        gap = targets - guess
        if firth:
            value += 0.5 * float(np.linalg.slogdet(curve)[1])
            lever = weight * np.einsum("ni,ij,nj->n", design, np.linalg.inv(curve), design)
            gap = gap + lever * (0.5 - guess)
        return value, design.T @ gap, curve

    line = np.zeros(2)
    value, gradient, curve = look(line)
    for _ in range(STEPS):
        step = np.linalg.solve(curve, gradient)
        for _halving in range(30):
            trial = look(line + step)
            if trial[0] >= value - 1e-12:
                break
            step = step / 2.0
        line = line + step
        value, gradient, curve = trial
        if float(np.abs(step).max()) < 1e-9 * (1.0 + float(np.abs(line).max())):
            break
    return float(line[0]), float(line[1])
