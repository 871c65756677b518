"""From out-of-fold logits of slices to scores of slices and studies; every fit on the other folds alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from screening.scoring.brain_stack import TERMS, stack_logits, stack_terms, study_logit
from training.calibration import Line, apply_line, fit_platt
from training.operating_points import flag_figures, threshold_at_sensitivity

RIDGE = 1.0
FLAG_SENSITIVITY = 0.85
CONFIDENT_SPECIFICITY = 0.95
SLICE_SPECIFICITY = 0.95
PREVALENCE = 0.10  # of a mixed emergency list; stated beside every figure that depends on it


@dataclass(frozen=True)
class Stacks:
    """What the networks said of studies they never saw: per study logits (n,), depths (mm, n,), labels (n,); the fold."""

    patients: Sequence[str]
    logits: Sequence[np.ndarray]
    depths: Sequence[np.ndarray]
    labels: Sequence[np.ndarray]
    fold: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        return np.array([int(label.any()) for label in self.labels])


@dataclass(frozen=True)
class Scored:
    """slices: log odds per study (n,); studies: evidence (n,); probabilities (n,) of the studies."""

    slices: list[np.ndarray]
    studies: np.ndarray
    probabilities: np.ndarray


def fit_stack(stacks: Stacks, kept: np.ndarray) -> dict[str, float]:
    """The weights of `stack_logits`, by logistic regression over the slices of the studies `kept` (bool, (n,)),
    standardised, with a small ridge on everything but the bias."""
    chosen = np.flatnonzero(kept).tolist()
    terms = np.concatenate([stack_terms(stacks.logits[i], stacks.depths[i]) for i in chosen])
    labels = np.concatenate([stacks.labels[i] for i in chosen]).astype(np.float64)
    middle, spread = terms.mean(axis=0), terms.std(axis=0)
    middle[-1], spread[-1] = 0.0, 1.0
    spread = np.maximum(spread, 1e-9)
    design = (terms - middle) / spread
    ridge = np.diag([RIDGE] * (len(TERMS) - 1) + [0.0])
    weights = np.zeros(len(TERMS))
    for _ in range(50):
        guess = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30.0, 30.0)))
        curve = (design * (guess * (1.0 - guess))[:, None]).T @ design + ridge + 1e-6 * np.eye(len(TERMS))
        step = np.linalg.solve(curve, design.T @ (labels - guess) - ridge @ weights)
        weights = weights + np.clip(step, -2.0, 2.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    plain = weights / spread
    plain[-1] = weights[-1] - float((weights / spread * middle)[:-1].sum())
    return {name: round(float(value), 6) for name, value in zip(TERMS, plain, strict=True)}


def fitted_on(stacks: Stacks, kept: np.ndarray) -> tuple[dict[str, float], Line]:
    """(weights of a slice, line of the study) from the studies `kept`."""
    weights = fit_stack(stacks, kept)
    evidence = studies_evidence(stacks, weights)
    return weights, fit_platt(evidence[kept], stacks.truth[kept])


def studies_evidence(stacks: Stacks, weights: dict[str, float]) -> np.ndarray:
    """The evidence of every study under these weights, (n,)."""
    pairs = zip(stacks.logits, stacks.depths, strict=True)
    return np.array([study_logit(stack_logits(logits, depth, weights)) for logits, depth in pairs])


def cross_fitted(stacks: Stacks) -> Scored:
    """Every study scored by weights and a line that the other folds gave."""
    count = len(stacks.patients)
    slices: list[np.ndarray] = [np.zeros(0)] * count
    evidence, probabilities = np.zeros(count), np.zeros(count)
    for number in np.unique(stacks.fold):
        weights, line = fitted_on(stacks, stacks.fold != number)
        for index in np.flatnonzero(stacks.fold == number).tolist():
            slices[index] = stack_logits(stacks.logits[index], stacks.depths[index], weights)
            evidence[index] = study_logit(slices[index])
            probabilities[index] = apply_line(evidence[index : index + 1], line)[0]
    return Scored(slices, evidence, probabilities)


def shipped_points(stacks: Stacks) -> dict[str, Any]:
    """What the bundle ships: weights and line from all folds, and thresholds on the cross-fitted probabilities."""
    weights, line = fitted_on(stacks, np.ones(len(stacks.patients), bool))
    scored, truth = cross_fitted(stacks), stacks.truth
    flag = threshold_at_sensitivity(truth, scored.probabilities, FLAG_SENSITIVITY) - 1e-4
    confident = max(flag, float(np.quantile(scored.probabilities[truth == 0], CONFIDENT_SPECIFICITY)) + 1e-4)
    clean = np.concatenate(scored.slices)[np.concatenate(stacks.labels) == 0]
    slice_flag = float(np.quantile(1.0 / (1.0 + np.exp(-clean)), SLICE_SPECIFICITY))
    return {
        "stack": weights,
        "study": {name: round(value, 6) for name, value in line.items()},
        "flag": round(flag, 4),
        "confident": round(min(confident, 0.999), 4),
        "slice_flag": round(slice_flag, 4),
    }


def confident_figures(truth: np.ndarray, probabilities: np.ndarray, patients: Any, fold: np.ndarray) -> dict[str, Any]:
    """`flag_figures` of the confident point, each study judged by the threshold of the other folds."""
    called = np.zeros(len(truth), bool)
    for number in np.unique(fold):
        held = fold == number
        others = probabilities[~held][truth[~held] == 0]
        called[held] = probabilities[held] > float(np.quantile(others, CONFIDENT_SPECIFICITY))
    threshold = float(np.quantile(probabilities[truth == 0], CONFIDENT_SPECIFICITY))
    return {"threshold": round(threshold, 6), **flag_figures(truth, called, patients, PREVALENCE)}
