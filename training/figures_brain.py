"""The figures of the brain model, and its card's tables, from the scores that the bundle stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.brain_stack import study_logit
from training.calibration import apply_line, calibration_figures
from training.figures import CardParts, study_figures, study_section
from training.operating_points import markdown_table, with_interval
from training.out_of_fold import read_out_of_fold
from training.reliability import reliability_svg
from training.stack_brain import FLAG_SENSITIVITY, PREVALENCE, confident_figures
from training.statistics import auc, auc_interval, bootstrap_interval

TYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
Stored = dict[str, np.ndarray]


def specificity_at_sensitivity(labels: np.ndarray, scores: np.ndarray, sensitivity: float = 0.95) -> float:
    """The specificity at the highest threshold that still finds at least this share of positives; NaN without both."""
    positives, negatives = np.sort(scores[labels == 1]), scores[labels == 0]
    if not len(positives) or not len(negatives):
        return float("nan")
    threshold = positives[int(np.floor((1.0 - sensitivity) * len(positives) + 1e-9))]
    return float((negatives < threshold).mean())


def main_figures(
    patients: Sequence[str],
    labels: Sequence[np.ndarray],
    logits: Sequence[np.ndarray],
    study_line: dict[str, float],
    flag: float,
) -> dict[str, Any]:
    """Figures of a shipped bundle on labelled studies: study_auc, slice_auc, specificity_at_95_sensitivity, n_patients,
    ci (bootstrapped over patients), calibration, sensitivity and specificity at `flag`. logits: a study's slices."""
    truth = np.array([int(label.any()) for label in labels])
    scores = apply_line(np.array([study_logit(logit) for logit in logits]), study_line)
    owners = np.concatenate([[patient] * len(label) for patient, label in zip(patients, labels, strict=True)])
    flat_labels, flat_logits = np.concatenate(labels), np.concatenate(logits)
    figures: dict[str, Any] = {
        "study_auc": round(auc(truth, scores), 4),
        "slice_auc": round(auc(flat_labels, flat_logits), 4),
        "specificity_at_95_sensitivity": round(specificity_at_sensitivity(truth, scores), 4),
        "n_patients": len(patients),
        "n_slices": len(flat_labels),
        "ci": {
            "study_auc": auc_interval(truth, scores, list(patients)),
            "slice_auc": auc_interval(flat_labels, flat_logits, list(owners)),
            "specificity_at_95_sensitivity": bootstrap_interval(
                list(patients), lambda chosen: specificity_at_sensitivity(truth[chosen], scores[chosen])
            ),
        },
        "calibration": calibration_figures(truth, scores, list(patients)),
    }
    called = scores >= flag
    found = {"sensitivity": (called, truth == 1), "specificity": (~called, truth == 0)}
    for name, (right, among) in found.items():
        figures[name] = round(_share(right, among), 4)
        figures["ci"][name] = bootstrap_interval(list(patients), partial(_share_of, right, among))
    return figures


def card_parts(folder: Path) -> CardParts:
    """The brain card's sections, diagram and figures from out_of_fold.csv and the measured files beside it."""
    kept = read_out_of_fold(folder)
    study = _where(kept, "study")
    figures = study_figures(
        study["label"],
        study["probability"],
        study["patient"].tolist(),
        study["fold"],
        PREVALENCE,
        scores=study["score"],
        sensitivities=(0.95, 0.9, FLAG_SENSITIVITY),
    )
    figures["confident"] = confident_figures(study["label"], study["probability"], study["patient"], study["fold"])
    figures |= slice_figures(_where(kept, "slice"))
    figures["ci"] |= figures.pop("slice_ci")
    figures["types"] = {name: _type_figures(_where(kept, name)) for name in TYPES}
    robustness, places, phantoms = (_measured(folder, name) for name in ("robustness", "places", "phantoms"))
    if robustness:
        figures["robustness"] = robustness
    if places:
        figures["places"] = places
    return CardParts(
        sections={
            "study": study_section(figures, "haemorrhage in the study"),
            "confident": _confident_section(figures["confident"]),
            "slice": _slice_section(figures),
            "types": _types_section(figures["types"]),
            "robustness": _robustness_section(robustness),
            "places": _places_section(places),
            "phantoms": _phantoms_section(phantoms),
        },
        files={"reliability.svg": reliability_svg(study["label"], study["probability"], "Brain, study score")},
        figures=figures,
    )


def slice_figures(kept: Stored) -> dict[str, Any]:
    """Slice AUCs: shipped, of the picture alone, of the depth alone, and inside positive studies; with intervals."""
    labels, patients = kept["label"], kept["patient"]
    depth = _depth_control(kept)
    bloody = [patients == name for name in np.unique(patients[labels == 1])]
    within = [auc(labels[own], kept["score"][own]) for own in bloody]
    scores = {"slice_auc": kept["score"], "slice_auc_of_the_picture": kept["logit"], "slice_auc_of_depth_alone": depth}
    return {
        **{name: round(auc(labels, values), 4) for name, values in scores.items()},
        "slice_auc_within_positive_studies": round(float(np.nanmean(within)), 4),
        "n_slices": len(labels),
        "n_positive_slices": int(labels.sum()),
        "slice_ci": {name: auc_interval(labels, values, patients.tolist()) for name, values in scores.items()},
    }


def _depth_control(kept: Stored) -> np.ndarray:
    """Of every slice, how often slices of other folds at its depth below the vertex bleed."""
    scores = np.zeros(len(kept["label"]))
    for number in np.unique(kept["fold"]):
        held = kept["fold"] == number
        near = np.exp(-(((kept["depth_mm"][held][:, None] - kept["depth_mm"][~held][None]) / 8.0) ** 2))
        scores[held] = (near * kept["label"][~held]).sum(1) / (near.sum(1) + 1e-9)
    return scores


def _type_figures(kept: Stored) -> dict[str, Any]:
    return {
        "auc": round(auc(kept["label"], kept["score"]), 4),
        "ci": auc_interval(kept["label"], kept["score"], kept["patient"].tolist()),
        "n_positive": int(kept["label"].sum()),
    }


def _where(kept: Stored, target: str) -> Stored:
    own = kept["target"] == target
    return {name: column[own] for name, column in kept.items()}


def _measured(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _share(right: np.ndarray, among: np.ndarray) -> float:
    return float(right[among].mean()) if among.any() else float("nan")


def _share_of(right: np.ndarray, among: np.ndarray, chosen: np.ndarray) -> float:
    return _share(right[chosen], among[chosen])


def _confident_section(point: dict[str, Any]) -> str:
    sensitivity, specificity = (
        with_interval(point[name], point["ci"][name]) for name in ("sensitivity", "specificity")
    )
    return (
        f"At the confident point (aimed at a specificity of 95 %; {point['threshold']:.3f} over all folds, each fold judged "
        f"by the others'): sensitivity {sensitivity}, specificity {specificity}."
    )


def _slice_section(figures: dict[str, Any]) -> str:
    names = {
        "slice_auc": "**slice score as shipped**: picture, neighbours, depth",
        "slice_auc_of_the_picture": "the network's own logit, one slice with its two neighbours as input",
        "slice_auc_of_depth_alone": "control: depth below the vertex alone, no picture",
    }
    rows = [[words, with_interval(figures[name], figures["ci"][name])] for name, words in names.items()]
    rows.append(["mean inside positive studies, as shipped", f"{figures['slice_auc_within_positive_studies']:.3f}"])
    head = f"{figures['n_slices']} slices, {figures['n_positive_slices']} positive; out of fold."
    return head + "\n\n" + markdown_table(["slice AUC of", "value (95 % interval)"], rows)


def _types_section(types: dict[str, Any]) -> str:
    rows = [[name, str(item["n_positive"]), with_interval(item["auc"], item["ci"])] for name, item in types.items()]
    return markdown_table(["type", "positive patients", "AUC over all patients (95 % interval)"], rows)


def _robustness_section(measured: dict[str, Any]) -> str:
    if not measured:
        return "Not measured."
    rows = [
        [name, *(f"{item[key]:.3f}" for key in ("study_auc", "slice_auc", "study_loss", "slice_loss"))]
        for name, item in measured["changes"].items()
    ]
    heads = ["pictures", "study AUC", "slice AUC", "loss, study", "loss, slice"]
    return markdown_table(heads, rows)


def _places_section(measured: dict[str, Any]) -> str:
    if not measured:
        return "Not measured."
    rows = [[words, text] for words, text in measured["rows"].items()]
    return markdown_table(["of the heat map, out of fold", "share"], rows)


def _phantoms_section(measured: dict[str, Any]) -> str:
    if not measured:
        return "Not measured."
    rows = []
    for name, item in measured.items():
        hits, pointed = ("–" if item.get(key) is None else f"{item[key]} of {item['n']}" for key in ("hits", "pointed"))
        spread = f"{item['median']:.2f} ({item['low']:.2f}–{item['high']:.2f})"
        rows.append([name, str(item["n"]), str(item["flagged"]), spread, hits, pointed])
    heads = [
        "drawn",
        "heads",
        "flagged",
        "study score, median (range)",
        "boxes on the bleed",
        "heat maps pointing at it",
    ]
    return markdown_table(heads, rows)
