"""What the networks and the mark models say of prepared films: marks, density, and film scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage

from screening.scoring.breast_density import density_features
from screening.scoring.breast_film import PIXEL_MM, Box, Film
from screening.scoring.breast_lesion import lesion_features
from screening.scoring.breast_matching import SeenMark, support

CELL = 8
MOST_MARKS = 8
APART_MM = 12.0
SMALLEST_HEAT = 1e-3
# beyond this many spreads from the training's mean a number says no more
FURTHEST = 3.0
WEIGHED_MARKS = 3
HEARD_MARKS = 5
FEATURES = (
    "top_mark",
    "second_mark",
    "third_mark",
    "malignancy_of_marks",
    "malignancy_of_top",
    "most_suspicious",
    "log_size_of_top",
    "dense",
)

Network = Callable[[np.ndarray], Mapping[str, np.ndarray]]
Model = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """One suspected mass on the canvas.

    heat: 0–1, the detector's. numbers: (171,), what the mark models read: log odds of the heat, rank, distance
    from the breast's edge and from its foremost point, and `lesion_features`. probability: 0–1, of being a
    mass; malignancy: 0–1, given a mass; both 0 until `judged`.
    """

    box: Box
    heat: float
    numbers: np.ndarray
    probability: float = 0.0
    malignancy: float = 0.0

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2.0, (self.box[1] + self.box[3]) / 2.0

    @property
    def edge_mm(self) -> float:
        """Distance of the centre from the breast's edge, as on a canvas of 0.5 mm."""
        return float(self.numbers[2])

    @property
    def from_nipple_mm(self) -> float:
        """Distance of the centre from the breast's foremost point, as on a canvas of 0.5 mm."""
        return float(self.numbers[3])

    def seen(self, side: str, view: str, rise_mm: float = 0.0, canvas_mm: float = PIXEL_MM) -> SeenMark:
        """The mark as one of a woman's, to be matched with others; `canvas_mm`: the canvas's pixels."""
        size = max(self.box[2] - self.box[0], self.box[3] - self.box[1]) * canvas_mm
        away = self.from_nipple_mm * canvas_mm / PIXEL_MM
        return SeenMark(side, view, away, rise_mm, size, self.probability)


@dataclass(frozen=True, slots=True)
class FilmReading:
    """The raw reading of one film. marks: by falling heat, at least 12 mm apart, at most 8. grades: (58,), the
    grader's five logits and `density_features`; heat: float (60, 36), 0–1, over the whole canvas, 0 outside the breast."""

    marks: tuple[Mark, ...]
    grades: np.ndarray
    heat: np.ndarray


def read_films(network: Network, films: Sequence[Film]) -> list[FilmReading]:
    """Read films, each as it is and upside down, and average the two.

    network: maps float32 (N, 2, 480, 288) to the named outputs of `BreastNet.forward`.
    """
    readings = []
    for film in films:
        outputs = network(np.stack([film.image, film.image[:, ::-1]]))
        heat, size = (_upright_mean(outputs[name]) for name in ("heat", "size"))
        offset = outputs["offset"] * np.array([[[[1.0]], [[1.0]]], [[[1.0]], [[-1.0]]]])
        heat = np.where(film.mask[CELL // 2 :: CELL, CELL // 2 :: CELL], heat, 0.0)
        marks = _marks(film, heat, size, _upright_mean(offset))
        grades = np.concatenate([outputs["grades"].mean(axis=0), density_features(film)])
        readings.append(FilmReading(marks, grades, heat))
    return readings


def judged(reading: FilmReading, points: Mapping[str, Model]) -> FilmReading:
    """The reading with every mark's probability and malignancy, by the bundle's models `mark` and
    `malignancy`; marks by falling probability."""
    if not reading.marks:
        return reading
    numbers = np.stack([mark.numbers for mark in reading.marks])
    said = zip(
        reading.marks, calibrated(numbers, points["mark"]), calibrated(numbers, points["malignancy"]), strict=True
    )
    marks = [replace(mark, probability=float(mass), malignancy=float(malignant)) for mark, mass, malignant in said]
    return replace(reading, marks=tuple(sorted(marks, key=lambda mark: -mark.probability)))


def joined(mark: Mark, view: str, others: Sequence[Mark] | None, model: Model) -> float:
    """The mark's probability (0–1) of being a mass, with the marks of the breast's other view (judged) heard, by the
    bundle's model `pair`; the mark's own without another view (None)."""
    if others is None:
        return mark.probability
    return float(calibrated(pair_features(mark, view, others), model))


def pair_features(mark: Mark, view: str, others: Sequence[Mark]) -> np.ndarray:
    """(2,): the mark's log odds, and its `support` by the other view's marks."""
    other = "MLO" if view == "CC" else "CC"
    return np.array(
        [logit(mark.probability), support(mark.seen("", view), [one.seen("", other) for one in others[:HEARD_MARKS]])]
    )


def calibrated(features: np.ndarray, model: Model) -> np.ndarray:
    """Probability (0–1) from features (…, n) by a logistic model: mean, scale, weights, intercept."""
    return sigmoid(_scaled(features, model) @ np.asarray(model["weights"]) + model["intercept"])


def graded(grades: np.ndarray, model: Model) -> np.ndarray:
    """Probabilities (…, classes) of the grades of density, from `FilmReading.grades` (…, 58): mean and scale as in
    `calibrated`, weights (classes, 58) and intercept (classes,). Fitted with each class as heavy."""
    logits = _scaled(grades, model) @ np.asarray(model["weights"]).T + np.asarray(model["intercept"])
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def film_features(reading: FilmReading, density: np.ndarray) -> np.ndarray:
    """(8,) in the order of `FEATURES`, of a judged reading and its density probabilities (4,). A film without marks
    counts as one with marks of next to no probability."""
    probability = [mark.probability for mark in reading.marks[:WEIGHED_MARKS]]
    probability += [1e-3] * (WEIGHED_MARKS - len(probability))
    malignancy = [mark.malignancy for mark in reading.marks[:WEIGHED_MARKS]]
    malignancy += [0.5] * (WEIGHED_MARKS - len(malignancy))
    # squared: what is hardly a mass should hardly speak of malignancy
    weight = np.square(probability)
    together = float(weight @ logit(malignancy) / weight.sum())
    worst = max(p * m for p, m in zip(probability, malignancy, strict=True))
    top = reading.marks[0].box if reading.marks else (0.0, 0.0, 16.0, 16.0)
    log_size = float(np.log(max(top[2] - top[0], top[3] - top[1], 1.0)))
    values = [*logit(probability), together, logit(malignancy[0]), logit(worst), log_size]
    return np.array([*values, float(density @ np.arange(4))], dtype=np.float64)


def film_suspicion(malignant: Any, abnormal: Any) -> Any:
    """One film's suspicion, in log odds: the mean of what its two film models say."""
    return (logit(malignant) + logit(abnormal)) / 2.0


def study_suspicion(breasts: Sequence[Sequence[float]]) -> float:
    """The more suspicious breast's suspicion: the mean over its views (log odds)."""
    return max(float(np.mean(views)) for views in breasts if views)


def foremost(film: Film) -> tuple[float, float]:
    """The point (x, y) of the canvas where the breast reaches furthest from the chest wall: about the nipple."""
    columns = np.flatnonzero(film.mask.any(axis=0))
    tip = int(columns[-1])
    rows = np.flatnonzero(film.mask[:, max(0, tip - 4) : tip + 1].any(axis=1))
    return float(tip), float(rows.mean())


def logit(value: Any) -> Any:
    """Log odds of a probability or an array of them, kept finite."""
    clipped = np.clip(value, 1e-4, 1.0 - 1e-4)
    return np.log(clipped / (1.0 - clipped))


def sigmoid(value: Any) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0))))


def _scaled(features: np.ndarray, model: Model) -> np.ndarray:
    scaled = (np.asarray(features, dtype=np.float64) - np.asarray(model["mean"])) / np.asarray(model["scale"])
    return np.asarray(np.clip(scaled, -FURTHEST, FURTHEST))


def _upright_mean(pair: np.ndarray) -> np.ndarray:
    return np.asarray((pair[0] + pair[1][..., ::-1, :]) / 2.0)


def _marks(film: Film, heat: np.ndarray, size: np.ndarray, offset: np.ndarray) -> tuple[Mark, ...]:
    peaks = (heat == ndimage.maximum_filter(heat, 3)) & (heat > SMALLEST_HEAT)
    rows, columns = np.nonzero(peaks)
    edge_mm = ndimage.distance_transform_edt(film.mask[CELL // 2 :: CELL, CELL // 2 :: CELL]) * CELL * PIXEL_MM
    nipple = foremost(film)
    marks: list[Mark] = []
    for place in np.argsort(-heat[rows, columns], kind="stable"):
        row, column = int(rows[place]), int(columns[place])
        x, y = (column + 0.5) * CELL + float(offset[0, row, column]), (row + 0.5) * CELL + float(offset[1, row, column])
        if any(np.hypot(x - m.centre[0], y - m.centre[1]) * PIXEL_MM < APART_MM for m in marks):
            continue
        width, height = float(size[0, row, column]), float(size[1, row, column])
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        away = float(np.hypot(nipple[0] - x, nipple[1] - y)) * PIXEL_MM
        own = [logit(float(heat[row, column])), float(len(marks)), float(edge_mm[row, column]), away]
        marks.append(Mark(box, float(heat[row, column]), np.concatenate([own, lesion_features(film, box)])))
        if len(marks) == MOST_MARKS:
            break
    return tuple(marks)
