"""The lung figures: Dice, suspicion AUC and calibration from stored out-of-fold scores, detection from stored phantom rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.calibration import apply_line, calibration_figures, cross_fitted_probabilities, logit
from training.figures import CardParts, calibration_text
from training.operating_points import markdown_table, with_interval
from training.out_of_fold import read_out_of_fold
from training.reliability import reliability_svg
from training.statistics import auc, auc_interval, bootstrap_interval, calibration, wilson

LEVELS = (0.2, 0.3, 0.5, 0.7, 0.9)
PHANTOMS = "phantoms.json"
DIAGRAM = "reliability.svg"
SIZES = ((4.0, 6.0), (6.0, 8.0), (8.0, 12.0), (12.0, 20.1))
Columns = Mapping[str, np.ndarray]


def main_figures(columns: Columns, line: dict[str, float]) -> dict[str, Any]:
    """Dice on the middle slice's majority mask and AUC of rating ≥ 4 against ≤ 2, with intervals.

    columns: as `out_of_fold_lung.columns_of` makes them. line: from the network's log odds of suspicion to calibrated ones.
    Nodules without a majority on the middle slice are left out of the Dice, those without a rating or with
    rating 3 out of the AUC and the calibration.
    """
    rated = columns["label"] >= 0
    probabilities = apply_line(logit(columns["suspicion"][rated]), line)
    figures = _dice_and_auc(columns)
    figures["calibration"] = calibration(columns["label"][rated], probabilities)
    return figures


def _dice_and_auc(columns: Columns) -> dict[str, Any]:
    patients, label = columns["patient"], columns["label"]
    marked, rated = np.isfinite(columns["dice"]), label >= 0
    kept = columns["dice"][marked]
    return {
        "dice": round(float(kept.mean()), 4) if marked.any() else float("nan"),
        "suspicion_auc": round(auc(label[rated], columns["suspicion"][rated]), 4),
        "n_patients": len(set(patients)),
        "n_nodules": len(patients),
        "ci": {
            "dice": bootstrap_interval(patients[marked].tolist(), lambda chosen: float(kept[chosen].mean())),
            "suspicion_auc": auc_interval(label[rated], columns["suspicion"][rated], patients[rated].tolist()),
        },
    }


def out_of_fold_figures(columns: Columns) -> dict[str, Any]:
    """Everything the card says of one cross-validation. The calibration line of each fold comes from the others."""
    label, rated, sure = columns["label"], columns["label"] >= 0, columns["readers"] >= 3
    patients = columns["patient"]
    three = _dice_and_auc({name: column[sure] for name, column in columns.items()})
    lures = np.stack([columns[name] for name in sorted(columns) if name.startswith("lookalike_")], axis=1)
    rows, places = np.nonzero(np.isfinite(lures))
    negatives = lures[rows, places]
    truth = np.concatenate([np.ones(len(patients)), np.zeros(len(negatives))]).astype(int)
    scores = np.concatenate([columns["nodule"], negatives])
    owners = np.concatenate([patients, patients[rows]]).tolist()
    return {
        **_dice_and_auc(columns),
        "calibration": calibration_figures(label[rated], suspicion_probabilities(columns), patients[rated].tolist()),
        "three_or_more_readers": {key: three[key] for key in ("dice", "suspicion_auc", "ci")},
        "nodule_auc": round(auc(truth, scores), 4),
        "nodule_auc_ci": auc_interval(truth, scores, owners),
        "nodule_sensitivity": {
            f"at_{level}": {
                "all": round(float((columns["nodule"] >= level).mean()), 4),
                "three_or_more_readers": round(float((columns["nodule"][sure] >= level).mean()), 4),
                "lookalikes_called_nodule": round(float((negatives >= level).mean()), 4),
            }
            for level in LEVELS
        },
        "controls": {
            "suspicion_auc_from_predicted_area": round(auc(label[rated], columns["area"][rated]), 4),
            "dice_of_a_fixed_8_pixel_disc": round(float(np.nanmean(columns["disc_dice"])), 4),
        },
    }


def suspicion_probabilities(columns: Columns) -> np.ndarray:
    """Calibrated suspicion of every rated nodule, by a line that was fitted on the other folds."""
    rated = columns["label"] >= 0
    return cross_fitted_probabilities(
        logit(columns["suspicion"][rated]), columns["label"][rated], columns["fold"][rated]
    )


def phantom_figures(kept: dict[str, Any]) -> dict[str, Any]:
    """Detection and measurement on synthetic chests, from the rows of phantoms.json."""
    planted = kept["planted"]
    large = [row for row in planted if row["diameter_mm"] >= 6.0]
    found = [row for row in large if row["found"]]
    errors = np.array([row["measured_mm"] - row["diameter_mm"] for row in found])
    cores = [row for row in found if row["type"] == "part_solid" and row["measured_core_mm"] is not None]
    core_errors = np.array([row["measured_core_mm"] - row["core_mm"] for row in cores])
    sizes = np.array([mark["size_mm"] for mark in kept["false_marks"]])
    return {
        "chests": kept["chests"],
        "seeds_tuned_on": kept["tuned_on"],
        "seeds_measured_on": kept["measured_on"],
        "sensitivity_6_mm": _share(large),
        "by_size": {f"{low:g} to {min(high, 20.0):g} mm": _share(_sized(planted, low, high)) for low, high in SIZES},
        "by_type": {kind: _share([row for row in large if row["type"] == kind]) for kind in _values(large, "type")},
        "by_place": {spot: _share([row for row in large if row["place"] == spot]) for spot in _values(large, "place")},
        "false_marks_per_scan": round(len(sizes) / kept["chests"], 2),
        "false_marks_per_scan_6_mm": round(int((sizes >= 6.0).sum()) / kept["chests"], 2),
        "size_error_mm": _errors(errors),
        "core_error_mm": _errors(core_errors),
        "type_right": _of(sum(row["measured_type"] == row["type"] for row in found), len(found)),
        "lobe_right": _of(sum(row["measured_lobe"] == row["lobe"] for row in found), len(found)),
    }


def _sized(rows: Sequence[dict[str, Any]], low: float, high: float) -> list[dict[str, Any]]:
    return [row for row in rows if low <= row["diameter_mm"] < high]


def _values(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in rows})


def _share(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return _of(sum(bool(row["found"]) for row in rows), len(rows))


def _of(some: int, count: int) -> dict[str, Any]:
    return {"n": some, "of": count, "share": round(some / count, 4) if count else None, "ci": wilson(some, count)}


def _errors(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    return {
        "n": len(values),
        "mean": round(float(values.mean()), 2),
        "sd": round(float(values.std()), 2),
        "mean_absolute": round(float(np.abs(values).mean()), 2),
        "p95_absolute": round(float(np.percentile(np.abs(values), 95)), 2),
    }


def card_parts(folder: Path) -> CardParts:
    """The card's figures from out_of_fold.csv and phantoms.json."""
    columns = read_out_of_fold(folder)
    figures = out_of_fold_figures(columns)
    phantoms = phantom_figures(json.loads((folder / PHANTOMS).read_text(encoding="utf-8")))
    label = columns["label"][columns["label"] >= 0]
    diagram = reliability_svg(label, suspicion_probabilities(columns), "Lung nodule, suspicion")
    return CardParts(
        sections={
            "nodules": _nodules_text(figures),
            "suspicion": f"{calibration_text(figures['calibration'])}\n\n![Reliability diagram]({DIAGRAM})",
            "phantoms": _phantoms_text(phantoms),
        },
        files={DIAGRAM: diagram},
        figures={"cross_validation": figures, "phantoms": phantoms},
    )


def _nodules_text(figures: dict[str, Any]) -> str:
    three, controls, kept = (
        figures["three_or_more_readers"],
        figures["controls"],
        figures["nodule_sensitivity"]["at_0.2"],
    )
    rows = [
        ["Dice, middle slice, majority of readers", with_interval(figures["dice"], figures["ci"]["dice"])],
        ["Dice, three or more readers", with_interval(three["dice"], three["ci"]["dice"])],
        [
            "suspicion AUC, rating ≥ 4 against ≤ 2",
            with_interval(figures["suspicion_auc"], figures["ci"]["suspicion_auc"]),
        ],
        ["suspicion AUC, three or more readers", with_interval(three["suspicion_auc"], three["ci"]["suspicion_auc"])],
        ["control: suspicion AUC of the outlined area alone", f"{controls['suspicion_auc_from_predicted_area']:.3f}"],
        ["control: Dice of a fixed disc of 8 pixels", f"{controls['dice_of_a_fixed_8_pixel_disc']:.3f}"],
        ["nodule against vessel-like place, AUC", with_interval(figures["nodule_auc"], figures["nodule_auc_ci"])],
    ]
    return (
        f"{figures['n_nodules']} nodules of {figures['n_patients']} patients, each read by a network that never saw the "
        "patient; intervals are 95 %, bootstrapped over patients.\n\n"
        + markdown_table(["figure", "value (95 % interval)"], rows)
        + f"\n\nAt probability 0.2, where the second stage begins, the network keeps {kept['all']:.1%} of the nodules "
        f"({kept['three_or_more_readers']:.1%} of those with three or more readers) and "
        f"{kept['lookalikes_called_nodule']:.1%} of the vessel-like places."
    )


def _phantoms_text(figures: dict[str, Any]) -> str:
    (tuned_low, tuned_high), (low, high) = figures["seeds_tuned_on"], figures["seeds_measured_on"]
    size, core = figures["size_error_mm"], figures["core_error_mm"]
    rows = [["6 mm and more", *_cells(figures["sensitivity_6_mm"])]]
    for group in ("by_size", "by_type", "by_place"):
        rows += [[name.replace("_", " "), *_cells(share)] for name, share in figures[group].items()]
    return (
        f"{figures['chests']} chests, seeds {low} to {high}; the second stage and its thresholds were set on seeds "
        f"{tuned_low} to {tuned_high}. Rows by type and place are of nodules of 6 mm and more.\n\n"
        + markdown_table(["planted nodules", "found", "share (95 % interval)"], rows)
        + f"\n\n**False marks per scan: {figures['false_marks_per_scan']:.2f}** "
        f"({figures['false_marks_per_scan_6_mm']:.2f} of 6 mm and more). Of those found, 6 mm and more: mean diameter off by "
        f"{size['mean']:+.2f} ± {size['sd']:.2f} mm, {size['mean_absolute']:.2f} mm on average, "
        f"95 % within {size['p95_absolute']:.2f} mm; type right in {_said(figures['type_right'])}, lobe in "
        f"{_said(figures['lobe_right'])}."
        + (
            f" Solid part of part-solid ones off by {core['mean']:+.2f} ± {core['sd']:.2f} mm (n = {core['n']})."
            if core
            else ""
        )
    )


def _said(share: dict[str, Any]) -> str:
    return f"{share['n']} of {share['of']}"


def _cells(share: dict[str, Any]) -> list[str]:
    value = "—" if share["share"] is None else with_interval(share["share"], share["ci"])
    return [_said(share), value]
