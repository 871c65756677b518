"""The breast programme's figures, with intervals over women.

One code for `training.evaluate` (the shipped bundle on a folder) and for the card (`card_parts`, from the stored
out-of-fold scores). Every bootstrap draws women, not films.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.breast_reading import FilmReading, logit
from training.calibration import calibration_figures
from training.card_breast import controls_section, films_section, marks_section, phantoms_section
from training.datasets_breast import CBIS, MIAS, Case, breast_of
from training.figures import CardParts, study_figures, study_section
from training.out_of_fold import read_out_of_fold
from training.reliability import reliability_svg
from training.stack_breast import hits_of
from training.statistics import auc, auc_interval, bootstrap_interval

ROUNDS = 1000
SHOWN_FALSE_MARKS = 0.5
STUDY_PREVALENCE = 0.05
Figure = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Films:
    """One source's films, each with the calibrated score (0–1) of its source's question: malignant (CBIS-DDSM) or
    abnormal (mini-MIAS). labels: 0 or 1. said, grades: density as said and as recorded, −1 where unknown. breasts: whose
    breast a film shows, for figures that join its views. marks: None where the source's masses are not counted."""

    source: str
    women: Sequence[str]
    breasts: Sequence[str]
    labels: np.ndarray
    scores: np.ndarray
    said: np.ndarray
    grades: np.ndarray
    marks: Froc | None


def films_of(cases: Sequence[Case], readings: Sequence[FilmReading], scores: np.ndarray, density: np.ndarray) -> Films:
    """From films of one source: judged readings, scores (n,), and probabilities of the source's grades (n, classes)."""
    source = cases[0].source
    kind, scale = ("malignant", "density") if source == CBIS else ("abnormal", "tissue")
    return Films(
        source,
        [case.woman for case in cases],
        [case.breast for case in cases],
        np.array([getattr(case, kind) for case in cases]),
        scores,
        density.argmax(axis=1),
        np.array([getattr(case, scale) for case in cases]),
        Froc.of(cases, readings) if source == CBIS else None,
    )


def figures(films: Films) -> dict[str, Any]:
    """The contract's figures of one folder, with `n_patients`, `ci` (95 %, over women) and `calibration`.

    Each film by itself; *_auc_joined is of whole breasts, their films' log odds averaged (mass_sensitivity and
    malignant_auc on CBIS-DDSM), or of films beside the other breast's (abnormal_auc on mini-MIAS)."""
    measures = _measures(films)
    everyone = np.arange(len(films.women))
    result: dict[str, Any] = {name: round(measure(everyone), 4) for name, measure in measures.items()}
    result["ci"] = {name: bootstrap_interval(films.women, measure, ROUNDS) for name, measure in measures.items()}
    result["n_patients"], result["n_films"] = len(set(films.women)), len(films.women)
    result["calibration"] = calibration_figures(films.labels, films.scores, films.women)
    return result


def _measures(films: Films) -> dict[str, Figure]:
    measures: dict[str, Figure] = {}
    kind = "malignant" if films.source == CBIS else "abnormal"
    measures[f"{kind}_auc"] = lambda chosen: auc(films.labels[chosen], films.scores[chosen])
    marks = films.marks
    if marks is not None:
        measures["mass_sensitivity"] = lambda chosen: marks.sensitivity(1.0, chosen)
    measures["density_balanced_accuracy"] = lambda chosen: balanced_accuracy(films.said[chosen], films.grades[chosen])
    joined = joined_by_breast(films) if films.source == CBIS else beside_the_other(films)
    measures[f"{kind}_auc_joined"] = lambda chosen: auc(films.labels[chosen], joined[chosen])
    return measures


def joined_by_breast(films: Films) -> np.ndarray:
    """Of each film, the mean log odds of its breast's films."""
    odds = logit(films.scores)
    names, inverse = np.unique(np.asarray(films.breasts), return_inverse=True)
    return np.asarray((np.bincount(inverse, odds, len(names)) / np.bincount(inverse, minlength=len(names)))[inverse])


def beside_the_other(films: Films) -> np.ndarray:
    """Of each film, its log odds less half of the mean of the woman's other breast: what both show is hers."""
    odds = logit(films.scores)
    women, breasts = np.asarray(films.women), np.asarray(films.breasts)
    values = odds.copy()
    for place in range(len(odds)):
        other = (women == women[place]) & (breasts != breasts[place])
        if other.any():
            values[place] -= 0.5 * odds[other].mean()
    return np.asarray(values)


def balanced_accuracy(said: np.ndarray, truth: np.ndarray) -> float:
    """Mean recall over the classes that occur; films of unknown class (-1) do not count."""
    recalls = [float((said[truth == value] == value).mean()) for value in np.unique(truth[truth >= 0])]
    return float(np.mean(recalls)) if recalls else float("nan")


class Froc:
    """Free-response curve of marks: film (n,), hit (n,), score (n,), and how many masses each film has (films,)."""

    def __init__(self, film: np.ndarray, hit: np.ndarray, score: np.ndarray, masses: np.ndarray) -> None:
        order = np.argsort(-score, kind="stable")
        self.scores = score[order]
        self._film, self._hit, self._masses = film[order].astype(int), hit[order].astype(bool), masses

    @classmethod
    def of(cls, cases: Sequence[Case], readings: Sequence[FilmReading]) -> Froc:
        """Of judged readings; see `hits_of` for what counts as a hit."""
        rows = [
            (film, hit, reading.marks[place].probability)
            for film, (case, reading) in enumerate(zip(cases, readings, strict=True))
            for place, hit, _ in hits_of(case, reading)
        ]
        masses = np.array([sum(not lesion.ignored for lesion in case.lesions) for case in cases])
        film, hit, score = (np.array([row[n] for row in rows]) for n in range(3))
        return cls(film, hit, score, masses)

    @property
    def films(self) -> int:
        return len(self._masses)

    def sensitivity(self, false_per_film: float, chosen: np.ndarray) -> float:
        """Share of the masses of the chosen films (indices, repeats allowed) that are marked at
        the threshold with that many false marks a film."""
        weights = np.bincount(chosen, minlength=len(self._masses))
        count = self._count_at(false_per_film, weights)
        masses = (weights * self._masses).sum()
        return float((weights[self._film] * self._hit)[:count].sum() / masses) if masses else float("nan")

    def threshold(self, false_per_film: float) -> float:
        """The score from which marks are shown, for that many false marks a film."""
        count = self._count_at(false_per_film, np.ones(len(self._masses)))
        return float(self.scores[max(0, count - 1)])

    def _count_at(self, false_per_film: float, weights: np.ndarray) -> int:
        false = np.cumsum(weights[self._film] * ~self._hit)
        return int(np.searchsorted(false, false_per_film * weights.sum(), side="right"))


def films_from(kept: Mapping[str, np.ndarray], source: str, of: str = "mark") -> Films:
    """One source's films from the columns of out_of_fold.csv. of: "mark", or "mark_joined" for the marks' probabilities with
    the breast's other view heard."""
    kind, scale = ("malignant", "density") if source == CBIS else ("abnormal", "tissue")
    rows = {name: _rows(kept, source, name) for name in (kind, scale, "masses", of)}
    asked, graded = rows[kind], {case: n for n, case in enumerate(rows[scale]["case"].tolist())}
    names = asked["case"].tolist()
    place = {case: n for n, case in enumerate(names)}
    said, grades = np.full(len(names), -1), np.full(len(names), -1)
    for case, n in graded.items():
        said[place[case]], grades[place[case]] = int(rows[scale]["score"][n]), int(rows[scale]["label"][n])
    marks = None
    if source == CBIS:
        masses = np.zeros(len(names), int)
        masses[[place[case] for case in rows["masses"]["case"].tolist()]] = rows["masses"]["label"]
        owner = np.array([place[case] for case in rows[of]["case"].tolist()])
        marks = Froc(owner, rows[of]["label"] == 1, rows[of]["probability"], masses)
    breasts = [
        f"{woman} {breast_of(source, case)}" for woman, case in zip(asked["patient"].tolist(), names, strict=True)
    ]
    return Films(source, asked["patient"].tolist(), breasts, asked["label"], asked["probability"], said, grades, marks)


def _rows(kept: Mapping[str, np.ndarray], source: str, target: str) -> dict[str, np.ndarray]:
    chosen = (kept["source"] == source) & (kept["target"] == target)
    return {name: column[chosen] for name, column in kept.items()}


def card_parts(folder: Path) -> CardParts:
    """Every figure of the card from the bundle's out_of_fold.csv; see `training.figures`."""
    kept = read_out_of_fold(folder)
    measured: dict[str, Any] = {source: figures(films_from(kept, source)) for source in (CBIS, MIAS)}
    masses = films_from(kept, CBIS).marks
    if masses is None:
        raise ValueError("The out-of-fold scores hold no marks.")
    everyone = np.arange(masses.films)
    measured[CBIS]["mass_sensitivity_at"] = {
        str(rate): round(masses.sensitivity(rate, everyone), 4) for rate in (0.25, 0.5, 1.0, 2.0)
    }
    joined_marks = films_from(kept, CBIS, "mark_joined").marks
    measured[CBIS]["mass_sensitivity_joined"] = (
        round(joined_marks.sensitivity(1.0, everyone), 4) if joined_marks else None
    )
    measured["shown_marks"] = shown_marks(kept)
    measured["controls"] = _controls(kept)
    study = _rows(kept, MIAS, "study")
    women = study["patient"].tolist()
    whole = study_figures(
        study["label"], study["probability"], women, study["fold"], STUDY_PREVALENCE, scores=study["score"]
    )
    measured |= {"study_auc": whole["study_auc"], "ci": whole["ci"], "study": whole}
    return CardParts(
        sections={
            "films": films_section(measured),
            "marks": marks_section(measured),
            "study": study_section(whole, "at least one film of the woman is recorded as abnormal (mini-MIAS)"),
            "controls": controls_section(measured),
            "phantoms": phantoms_section(_phantoms(folder)),
        },
        files={"reliability.svg": reliability_svg(study["label"], study["probability"], "Breast, study score")},
        figures=measured,
    )


def shown_marks(kept: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Marks at the shown threshold, each fold's taken from the other folds' CBIS-DDSM films: sensitivity, and false
    marks a film with a mass (CBIS-DDSM) and a normal film (mini-MIAS), with intervals over women."""
    asked = _rows(kept, CBIS, "masses")
    normal = {case for case, label in _pairs(_rows(kept, MIAS, "abnormal")) if label == 0}
    counts: dict[tuple[str, str], list[float]] = {}
    for fold in np.unique(kept["fold"]):
        others = films_from(
            {name: column[kept["fold"] != fold] for name, column in kept.items()}, CBIS, "mark_joined"
        ).marks
        threshold = others.threshold(SHOWN_FALSE_MARKS) if others is not None else 1.0
        here = (kept["target"] == "mark_joined") & (kept["fold"] == fold) & (kept["probability"] >= threshold)
        for source, case, hit in zip(
            kept["source"][here].tolist(), kept["case"][here].tolist(), kept["label"][here].tolist(), strict=True
        ):
            found = counts.setdefault((source, case), [0.0, 0.0])
            found[0 if hit == 1 else 1] += 1.0
    table = np.array([[*counts.get((CBIS, case), (0.0, 0.0)), label] for case, label in _pairs(asked)])
    quiet = _rows(kept, MIAS, "abnormal")
    calm = np.array([case in normal for case in quiet["case"].tolist()])
    false = np.array([counts.get((MIAS, case), (0.0, 0.0))[1] for case in quiet["case"].tolist()])[calm]
    women = quiet["patient"][calm].tolist()
    measures: dict[str, tuple[Sequence[Any], Figure]] = {
        "sensitivity": (asked["patient"].tolist(), lambda c: float(table[c, 0].sum() / max(1.0, table[c, 2].sum()))),
        "false_marks_a_film_with_a_mass": (asked["patient"].tolist(), lambda c: float(table[c, 1].mean())),
        "false_marks_a_normal_film": (women, lambda c: float(false[c].mean())),
    }
    return {
        **{name: round(measure(np.arange(len(owners))), 4) for name, (owners, measure) in measures.items()},
        "ci": {name: bootstrap_interval(owners, measure, ROUNDS) for name, (owners, measure) in measures.items()},
    }


def _controls(kept: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Films with a mass against normal films of the other source, by the score and by the background alone."""
    result: dict[str, Any] = {"ci": {}}
    for target in ("mixed", "background"):
        chosen = kept["target"] == target
        labels, scores = kept["label"][chosen], kept["score"][chosen]
        women = [
            f"{source} {name}" for source, name in zip(kept["source"][chosen], kept["patient"][chosen], strict=True)
        ]
        result[f"{target}_auc"] = round(auc(labels, scores), 4)
        result["ci"][f"{target}_auc"] = auc_interval(labels, scores, women, ROUNDS)
    return result


def _phantoms(folder: Path) -> dict[str, Any]:
    """phantoms.json of the bundle; empty before it was measured."""
    path = folder / "phantoms.json"
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return measured


def _pairs(rows: Mapping[str, np.ndarray]) -> list[tuple[str, int]]:
    return list(zip(rows["case"].tolist(), rows["label"].tolist(), strict=True))
