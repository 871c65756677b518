"""The small models on top of the networks: of marks, of films, of density; fitted across folds.

Each film is judged by models fitted on the other folds, on readings by networks that had not seen those films
either. Within those folds the film models are fitted on marks that were judged in the same way, so that they
do not trust the mark models more than these deserve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from screening.scoring.breast_lesion import lesion_features
from screening.scoring.breast_reading import (
    FEATURES,
    FURTHEST,
    FilmReading,
    calibrated,
    film_features,
    graded,
    joined,
    judged,
    pair_features,
)
from training.datasets_breast import CBIS, MIAS, UNKNOWN, Case

# numbers of a mark that a reference box does not have
OWN_NUMBERS = 4
MARK_RIDGE = 100.0
MALIGNANCY_RIDGE = 30.0
FILM_RIDGE = 4.0
GRADES_RIDGE = 30.0
KINDS = (("malignant", CBIS), ("abnormal", MIAS))
SCALES = (("density", 4), ("tissue", 3))
# 256 mini-MIAS films cannot weigh eight features: only those of the marks themselves
USED: dict[str, tuple[str, ...]] = {
    "malignant": FEATURES,
    "abnormal": ("top_mark", "second_mark", "most_suspicious"),
}
Points = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Stacked:
    """points: the models fitted on all films, to be shipped. Of each film, by models that had not seen her:
    readings (judged), scores by kind (0–1), grades by scale (films, classes), and pairs: each mark's probability with the
    breast's other view heard, in the reading's order."""

    points: Points
    readings: list[FilmReading]
    scores: dict[str, np.ndarray]
    grades: dict[str, np.ndarray]
    pairs: list[np.ndarray]


def truths_of(cases: Sequence[Case]) -> list[np.ndarray]:
    """Of each film, `lesion_features` (masses, 167) of its reference boxes, clusters of calcifications left out."""
    return [
        np.array([lesion_features(case.film, lesion.box) for lesion in case.lesions if not lesion.ignored])
        for case in cases
    ]


def stack(
    cases: Sequence[Case], readings: Sequence[FilmReading], fold_of: np.ndarray, truths: Sequence[np.ndarray]
) -> Stacked:
    """Fit and cross-fit every small model. readings: each film's by the networks of the other folds; truths: `truths_of`."""
    points, held = _fit(cases, readings, fold_of, truths)
    scores = {kind: np.zeros(len(cases)) for kind, _ in KINDS}
    grades = {scale: np.zeros((len(cases), classes)) for scale, classes in SCALES}
    final: list[FilmReading] = list(held)
    pairs: list[np.ndarray] = [np.zeros(0)] * len(cases)
    partner = other_views(cases)
    for fold in np.unique(fold_of):
        others, inside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold).tolist()
        fitted, _ = _fit(*_part(others, cases, readings, fold_of, truths))
        for place in inside:
            final[place] = judged(readings[place], fitted)
        for place in inside:
            beside = final[partner[place]].marks if place in partner else None
            pairs[place] = np.array(
                [joined(mark, cases[place].view, beside, fitted["pair"]) for mark in final[place].marks]
            )
            density = graded(readings[place].grades, fitted["density"])
            row = film_features(final[place], density)
            for kind, _ in KINDS:
                scores[kind][place] = calibrated(row, fitted[kind])
            for scale, _ in SCALES:
                grades[scale][place] = graded(readings[place].grades, fitted[scale])
    return Stacked(points, final, scores, grades, pairs)


def _part(
    places: np.ndarray,
    cases: Sequence[Case],
    readings: Sequence[FilmReading],
    fold_of: np.ndarray,
    truths: Sequence[np.ndarray],
) -> tuple[list[Case], list[FilmReading], np.ndarray, list[np.ndarray]]:
    return [cases[i] for i in places], [readings[i] for i in places], fold_of[places], [truths[i] for i in places]


def _fit(
    cases: Sequence[Case], readings: Sequence[FilmReading], fold_of: np.ndarray, truths: Sequence[np.ndarray]
) -> tuple[Points, list[FilmReading]]:
    """Models on these films, and the films' readings as judged across their own folds."""
    points = _mark_models(cases, readings, truths)
    grades = np.stack([reading.grades for reading in readings])
    for scale, classes in SCALES:
        labels = np.array([getattr(case, scale) for case in cases])
        points[scale] = fit_grades(grades[labels >= 0], labels[labels >= 0], classes, GRADES_RIDGE)
    held: list[FilmReading] = list(readings)
    for fold in np.unique(fold_of):
        others = np.flatnonzero(fold_of != fold)
        chosen, read, _, known = _part(others, cases, readings, fold_of, truths)
        models = _mark_models(chosen, read, known)
        for place in np.flatnonzero(fold_of == fold).tolist():
            held[place] = judged(readings[place], models)
    density = graded(grades, points["density"])
    features = np.stack([film_features(reading, row) for reading, row in zip(held, density, strict=True)])
    for kind, source in KINDS:
        own = np.array([case.source == source for case in cases])
        labels = np.array([getattr(case, kind) for case in cases])
        allowed = np.array([name in USED[kind] for name in FEATURES], dtype=np.float64)
        points[kind] = {
            "features": list(FEATURES),
            **fit_logistic(features[own], labels[own], FILM_RIDGE, allowed),
        }
    points["pair"] = _pair_model(cases, held)
    return points, held


def _mark_models(cases: Sequence[Case], readings: Sequence[FilmReading], truths: Sequence[np.ndarray]) -> Points:
    """`mark`: is it a mass; `malignancy`: what the surroundings of masses say, at marks that hit one and at the
    reference boxes themselves."""
    numbers, hits, malignant, looks = [], [], [], []
    for case, reading, truth in zip(cases, readings, truths, strict=True):
        for place, hit, known in hits_of(case, reading):
            numbers.append(reading.marks[place].numbers)
            hits.append(hit)
            if known != UNKNOWN:
                looks.append(reading.marks[place].numbers)
                malignant.append(known)
        masses = [lesion for lesion in case.lesions if not lesion.ignored]
        for lesion, look in zip(masses, truth, strict=True):
            looks.append(np.concatenate([np.zeros(OWN_NUMBERS), look]))
            malignant.append(lesion.malignant)
    surroundings = np.arange(numbers[0].size) >= OWN_NUMBERS
    return {
        "mark": fit_logistic(np.stack(numbers), np.array(hits), MARK_RIDGE),
        "malignancy": fit_logistic(np.stack(looks), np.array(malignant), MALIGNANCY_RIDGE, surroundings.astype(float)),
    }


def other_views(cases: Sequence[Case]) -> dict[int, int]:
    """For each film (by place) that has one, the film of the same breast in the other view; CBIS-DDSM only."""
    known = {(case.breast, case.view): place for place, case in enumerate(cases) if case.source == CBIS}
    found = {place: known.get((case.breast, {"CC": "MLO", "MLO": "CC"}[case.view])) for place, case in enumerate(cases)}
    return {place: other for place, other in found.items() if other is not None and cases[place].source == CBIS}


def _pair_model(cases: Sequence[Case], readings: Sequence[FilmReading]) -> dict[str, Any]:
    """`pair`: is a mark a mass, given what the breast's other view shows."""
    rows, hits = [], []
    for place, other in other_views(cases).items():
        for number, hit, _ in hits_of(cases[place], readings[place]):
            mark = readings[place].marks[number]
            rows.append(pair_features(mark, cases[place].view, readings[other].marks))
            hits.append(hit)
    if not any(hits):
        return fit_logistic(np.zeros((2, 2)), np.array([0, 1]), 1.0)
    return fit_logistic(np.array(rows), np.array(hits), 1.0)


def hits_of(case: Case, reading: FilmReading) -> list[tuple[int, bool, int]]:
    """(place of the mark, does it hit a mass, that mass's malignancy or UNKNOWN), of the marks that count: a mark hits when
    its centre lies in a reference box; the second on one mass, and one on a calcification, do not count."""
    taken: set[int] = set()
    rows = []
    for place, mark in enumerate(reading.marks):
        x, y = mark.centre
        inside = [n for n, m in enumerate(case.lesions) if m.box[0] <= x <= m.box[2] and m.box[1] <= y <= m.box[3]]
        fresh = [n for n in inside if n not in taken and not case.lesions[n].ignored]
        taken.update(fresh[:1])
        if fresh:
            rows.append((place, True, case.lesions[fresh[0]].malignant))
        elif not inside:
            rows.append((place, False, UNKNOWN))
    return rows


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, ridge: float, allowed: np.ndarray | None = None
) -> dict[str, Any]:
    """Logistic regression with a ridge penalty on standardised features, cut at ±3 spreads, as plain numbers.

    features: (n, d); labels: 0 or 1, (n,). allowed: (d,) 0 where a feature may have no weight."""
    mean, scale, scaled = _standardised(features)
    scaled = scaled * (1.0 if allowed is None else allowed)
    labels = np.asarray(labels, dtype=np.float64)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        reach = scaled @ values[1:] + values[0]
        gap = 1.0 / (1.0 + np.exp(-np.clip(reach, -40, 40))) - labels
        penalty = np.concatenate([[0.0], values[1:]])
        total = np.logaddexp(0.0, reach).sum() - (labels * reach).sum() + 0.5 * ridge * (penalty**2).sum()
        return float(total), np.concatenate([[gap.sum()], scaled.T @ gap]) + ridge * penalty

    best = optimize.minimize(loss, np.zeros(scaled.shape[1] + 1), jac=True, method="L-BFGS-B")
    return {
        "mean": _plain(mean),
        "scale": _plain(scale),
        "weights": _plain(best.x[1:]),
        "intercept": round(float(best.x[0]), 6),
    }


def fit_grades(features: np.ndarray, labels: np.ndarray, classes: int, ridge: float) -> dict[str, Any]:
    """The same with several classes (multinomial), each class as heavy as another."""
    mean, scale, scaled = _standardised(features)
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    weight = (len(labels) / classes / counts)[labels]
    wanted = np.eye(classes)[labels]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        matrix = values.reshape(classes, -1)
        reach = scaled @ matrix[:, 1:].T + matrix[:, 0]
        reach -= reach.max(axis=1, keepdims=True)
        logs = reach - np.log(np.exp(reach).sum(axis=1, keepdims=True))
        gap = weight[:, None] * (np.exp(logs) - wanted)
        slope = np.column_stack([gap.sum(axis=0), gap.T @ scaled + ridge * matrix[:, 1:]])
        total = -(weight[:, None] * wanted * logs).sum() + 0.5 * ridge * (matrix[:, 1:] ** 2).sum()
        return float(total), slope.ravel()

    best = optimize.minimize(loss, np.zeros(classes * (scaled.shape[1] + 1)), jac=True, method="L-BFGS-B")
    matrix = best.x.reshape(classes, -1)
    return {
        "mean": _plain(mean),
        "scale": _plain(scale),
        "weights": [_plain(row) for row in matrix[:, 1:]],
        "intercept": _plain(matrix[:, 0]),
    }


def _standardised(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    features = np.asarray(features, dtype=np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    return mean, scale, np.clip((features - mean) / scale, -FURTHEST, FURTHEST)


def _plain(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
