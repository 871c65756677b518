"""From the trained networks and the out-of-fold readings to the breast bundle's files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from screening.scoring.breast_film import CANVAS, DETAIL_MM, PIXEL_MM
from screening.scoring.breast_reading import FilmReading, calibrated, film_suspicion, study_suspicion
from screening.scoring.bundle import file_sha256
from training.bundle_facts import described
from training.calibration import apply_line, cross_fitted_probabilities, fit_platt
from training.card_breast import card_text
from training.datasets_breast import CBIS, MIAS, Case
from training.figures_breast import SHOWN_FALSE_MARKS, Froc, card_parts
from training.make_cards import make_card
from training.operating_points import threshold_at_sensitivity
from training.out_of_fold import write_out_of_fold
from training.stack_breast import Stacked, fit_logistic, hits_of, stack, truths_of

VERSION = "2.0.0"
INTENDED_USE = (
    "Second look at two-view screening mammography for presentation: marks suspected masses, grades "
    "density, and gives a study score for ordering. Research software; it does not replace a reader."
)
WANTED_SENSITIVITY = 0.80
STORED_FALSE_MARKS = 2.1
BACKGROUND_RIDGE = 1.0
Row = dict[str, Any]


def write_bundle(
    folder: Path,
    state: Mapping[str, torch.Tensor],
    cases: Sequence[Case],
    readings: Sequence[FilmReading],
    fold_of: np.ndarray,
    steps: tuple[int, int],
) -> None:
    """Write weights.safetensors, model.json, seen.json, out_of_fold.csv, CARD.md and its diagrams.

    state: the networks of all folds. readings: each film as read by those that had not seen its woman.
    Every figure and threshold comes from the readings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: _stored(value) for name, value in state.items()}
    save_file(weights, str(folder / "weights.safetensors"))
    (folder / "weights.safetensors").chmod(0o644)
    stacked = stack(cases, readings, fold_of, truths_of(cases))
    masses = [place for place, case in enumerate(cases) if case.source == CBIS]
    froc = Froc.of([cases[i] for i in masses], [stacked.readings[i] for i in masses])
    heard = [replaced(stacked.readings[i], stacked.pairs[i]) for i in masses]
    shown = Froc.of([cases[i] for i in masses], heard)
    study_rows, study = _study(cases, stacked, fold_of)
    rows = [
        *_film_rows(cases, stacked, fold_of),
        *_mark_rows(cases, stacked, fold_of, froc.threshold(STORED_FALSE_MARKS)),
        *study_rows,
        *_control_rows(cases, stacked, fold_of),
    ]
    names = ("source", "patient", "case", "target", "label", "score", "probability", "fold")
    write_out_of_fold(folder, {name: [row[name] for row in rows] for name in names})
    points = dict(stacked.points)
    points["mark"] = {**points["mark"], "threshold": round(shown.threshold(SHOWN_FALSE_MARKS), 6)}
    metadata = {
        "name": "breast-film",
        "version": VERSION,
        "programme": "breast",
        "network": {"name": "breast-film-net", "arguments": {"members": int(fold_of.max()) + 1}},
        "intended_use": INTENDED_USE,
        "preprocessing": {
            "pixel_mm": PIXEL_MM,
            "canvas": list(CANVAS),
            "detail_mm": DETAIL_MM,
            "chest_wall": "left",
            "averaged_over": 2,
        },
        "operating_points": {**points, "study": study},
        "training": {
            "data": [
                "CBIS-DDSM films with a mass (TCIA; Lee 2017), CC BY 3.0",
                "mini-MIAS (Suckling 1994), research use only",
            ],
            "films": len(cases),
            "women": len({(case.source, case.woman) for case in cases}),
            "sources": {
                name: {"films": len(own), "women": len({case.woman for case in own})}
                for name in (CBIS, MIAS)
                for own in [[case for case in cases if case.source == name]]
            },
            "steps": list(steps),
            "parameters": sum(value.numel() for value in state.values() if value.is_floating_point()),
            "seen": "seen.json",
        },
        "licence": "weights for research use only, as mini-MIAS asks; CBIS-DDSM is CC BY 3.0",
        "triage": False,
        "figures": {},
        "sha256": file_sha256(folder / "weights.safetensors"),
    }
    _write_json(folder / "model.json", described(metadata))
    _write_json(folder / "seen.json", sorted(case.digest for case in cases))
    (folder / "CARD.md").write_text(card_text(metadata), encoding="utf-8")
    make_card(folder, card_parts(folder))


def replaced(reading: FilmReading, probabilities: np.ndarray) -> FilmReading:
    """The reading with other probabilities for its marks."""
    marks = [replace(mark, probability=float(p)) for mark, p in zip(reading.marks, probabilities, strict=True)]
    return replace(reading, marks=tuple(marks))


def _row(case: Case, target: str, label: int, score: float, probability: float, fold: int, name: str = "") -> Row:
    return {
        "source": case.source,
        "patient": case.woman,
        "case": name or case.name,
        "target": target,
        "label": int(label),
        "score": float(score),
        "probability": float(probability),
        "fold": int(fold),
    }


def _film_rows(cases: Sequence[Case], stacked: Stacked, fold_of: np.ndarray) -> list[Row]:
    """Of each film: its source's question, its density, and how many masses it has."""
    rows = []
    for place, case in enumerate(cases):
        kind, scale = ("malignant", "density") if case.source == CBIS else ("abnormal", "tissue")
        probability, grades = stacked.scores[kind][place], stacked.grades[scale][place]
        fold = fold_of[place]
        rows.append(_row(case, kind, getattr(case, kind), probability, probability, fold))
        if getattr(case, scale) >= 0:
            rows.append(_row(case, scale, getattr(case, scale), float(grades.argmax()), float(grades.max()), fold))
        rows.append(_row(case, "masses", sum(not m.ignored for m in case.lesions), np.nan, np.nan, fold))
    return rows


def _mark_rows(cases: Sequence[Case], stacked: Stacked, fold_of: np.ndarray, least: float) -> list[Row]:
    """Of each mark of at least this probability, on its own film and with the breast's other view heard: does it hit
    a mass? score: its heat."""
    rows = []
    for place, (case, reading) in enumerate(zip(cases, stacked.readings, strict=True)):
        for number, hit, _ in hits_of(case, reading):
            mark, pair = reading.marks[number], float(stacked.pairs[place][number])
            for target, value in (("mark", mark.probability), ("mark_joined", pair)):
                if value >= least:
                    rows.append(_row(case, target, hit, mark.heat, value, fold_of[place]))
    return rows


def _study(cases: Sequence[Case], stacked: Stacked, fold_of: np.ndarray) -> tuple[list[Row], dict[str, Any]]:
    """The study score on mini-MIAS: whole women, normal ones among them. It is calibrated to a film being
    abnormal, at that set's prevalence; threshold and bands that are shipped are those of all women."""
    suspicion = film_suspicion(stacked.scores["malignant"], stacked.scores["abnormal"])
    women: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        if case.source == MIAS:
            women.setdefault(case.woman, []).append(place)
    names = sorted(women)
    raw = np.array([study_suspicion([[float(suspicion[i])] for i in women[name]]) for name in names])
    truth = np.array([int(any(cases[i].abnormal == 1 for i in women[name])) for name in names])
    folds = np.array([fold_of[women[name][0]] for name in names])
    said = cross_fitted_probabilities(raw, truth, folds)
    line = fit_platt(raw, truth)
    values = apply_line(raw, line)
    rows = [
        _row(cases[women[name][0]], "study", truth[n], raw[n], said[n], folds[n], name=f"woman {name}")
        for n, name in enumerate(names)
    ]
    return rows, {
        **{name: round(value, 6) for name, value in line.items()},
        "threshold": round(threshold_at_sensitivity(truth, values, WANTED_SENSITIVITY), 6),
        "bands": [round(float(value), 6) for value in np.quantile(values, np.arange(1, 10) / 10.0)],
    }


def _control_rows(cases: Sequence[Case], stacked: Stacked, fold_of: np.ndarray) -> list[Row]:
    """Films with a mass (CBIS-DDSM) against normal ones (mini-MIAS), by the films' suspicion and by what a look
    at the background alone says: the second shows what the first is worth."""
    chosen = [i for i, case in enumerate(cases) if case.source == CBIS or case.abnormal == 0]
    suspicion = film_suspicion(stacked.scores["malignant"], stacked.scores["abnormal"])
    background = np.array([cases[i].background for i in chosen])
    labels = np.array([int(cases[i].source == CBIS) for i in chosen])
    folds = fold_of[chosen]
    rows = []
    for fold in np.unique(folds):
        fitted = fit_logistic(background[folds != fold], labels[folds != fold], BACKGROUND_RIDGE)
        for n in np.flatnonzero(folds == fold):
            case, told = cases[chosen[n]], float(calibrated(background[n], fitted))
            rows.append(_row(case, "mixed", labels[n], float(suspicion[chosen[n]]), np.nan, fold))
            rows.append(_row(case, "background", labels[n], told, np.nan, fold))
    return rows


def _stored(value: torch.Tensor) -> torch.Tensor:
    """Kernels in half precision, as fine as they are ever computed with; the rest as it is."""
    return (value.half() if value.dim() > 1 else value).contiguous()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
