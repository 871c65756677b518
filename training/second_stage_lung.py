"""Fit the lung programme's second stage: which of the nodules that the network sees are worth a mark.

`python -m training.second_stage_lung [--work DIR] [--scan DIR …]` reads the synthetic chests of `TUNED_ON`, and folders of real
scans that a person has looked at and found without a nodule to mark (all that the network sees there counts against).
It writes `second_stage` and the thresholds into model.json. Mixed evidence: the card says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread

from screening.dicom.volume import Volume, build_volume, choose_axial_series
from screening.scoring.bundle import BUNDLES, Bundle, load_bundle
from screening.scoring.lung import ACTIONABLE_MM, MOST_CANDIDATES
from screening.scoring.lung_candidates import find_candidates, find_lungs, grid_step, pooled
from screening.scoring.lung_reading import FEATURES, Nodule, expanded, read_nodules
from screening.scoring.runtime import engine_for
from screening.scoring.types import InstanceInput, StudyInput
from training.bundle_facts import code_version
from training.options import add_options
from training.phantoms_lung import TUNED_ON, planted_chest

BUNDLE = "lung-nodule"
NODULE = 0.2
PENALTY = 20.0
STEPS = 60
SLACK_MM = 1.5
SPARED_MM = 10.0
PARTS = 8
SCAN_WEIGHT = 3.0
NODULE_WEIGHT = 10.0
# What the second stage is before it was fitted: the network's word, larger things first where several overlap.
UNFITTED: dict[str, Any] = {
    "features": list(FEATURES),
    "middle": [0.0] * len(FEATURES),
    "spread": [1.0] * len(FEATURES),
    "weights": [1.0, 0.0, 0.0, 0.5] + [0.0] * (2 * len(FEATURES) - 4),
    "intercept": 0.0,
}


@dataclass(frozen=True)
class Seen:
    """What the network sees in one scan: features (n, k), size_mm (n,), and the planted nodule that each is (−1: none)."""

    name: str
    features: np.ndarray
    size_mm: np.ndarray
    truth: np.ndarray
    nodules: list[dict[str, Any]]


def kept_or_seen(work: Path, name: str, nodules: list[dict[str, Any]], see: Callable[[], Seen]) -> Seen:
    """What was seen in a scan, read from `work` where the same code saw it before."""
    path = work / f"seen-{code_version('lung').split('+')[-1]}" / f"{name}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            return Seen(name, kept["features"], kept["size_mm"], kept["truth"], nodules)
    seen = see()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, features=seen.features, size_mm=seen.size_mm, truth=seen.truth)
    return seen


def place_mm(nodule: Nodule, volume: Volume) -> np.ndarray:
    """The middle of a measured nodule: mm along slices, rows, columns."""
    rows, columns = nodule.outline.inside
    return np.array([nodule.slice, float(rows.mean()), float(columns.mean())]) * np.array(volume.spacing)


def matches(places: np.ndarray, volume: Volume, nodules: Sequence[dict[str, Any]]) -> np.ndarray:
    """The planted nodule within whose radius, and 1.5 mm, each place (n, 3) lies; −1 for none. The nearest wins."""
    found = np.full(len(places), -1)
    nearest = np.full(len(places), np.inf)
    for index, truth in enumerate(nodules):
        x0, y0, x1, y1 = truth["box"]
        middle = np.array([truth["slice"], (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2]) * np.array(volume.spacing)
        away = np.linalg.norm(places - middle, axis=1)
        hit = (away <= truth["diameter_mm"] / 2 + SLACK_MM) & (away < nearest)
        found[hit], nearest[hit] = index, away[hit]
    return found


def seen_in(
    name: str,
    volume: Volume,
    nodules: list[dict[str, Any]],
    bundle: Bundle,
    spared: Sequence[tuple[int, int, int]] = (),
) -> Seen:
    """Everything the network calls a nodule in a scan, before the second stage. spared: places (slice, row, column) whose
    neighbourhood is left out, because a person holds what lies there for a nodule."""
    step = grid_step(volume)
    coarse = pooled(volume, step)
    lungs = find_lungs(volume, coarse, step)
    candidates = find_candidates(volume, coarse, lungs, MOST_CANDIDATES)
    points = {**bundle.operating_points, "nodule": NODULE}
    read, _below = read_nodules(volume, lungs, candidates, engine_for(bundle), points, UNFITTED)
    for place in spared:
        middle = np.array(place) * np.array(volume.spacing)
        read = [one for one in read if np.linalg.norm(place_mm(one, volume) - middle) > SPARED_MM]
    places = np.array([place_mm(nodule, volume) for nodule in read]).reshape(-1, 3)
    features = np.array([[nodule.features[key] for key in FEATURES] for nodule in read]).reshape(-1, len(FEATURES))
    sizes = np.array([nodule.measure.diameter_mm for nodule in read])
    return Seen(name, features, sizes, matches(places, volume, nodules), nodules)


def real_scan(folder: Path) -> Volume:
    """The best axial series of a folder of DICOM files."""
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".dcm")
    instances = [InstanceInput(dcmread(path, stop_before_pixels=True), path.read_bytes) for path in paths]
    study = StudyInput(str(instances[0].dataset.StudyInstanceUID), instances)
    return build_volume(choose_axial_series(study, prefer_sharp=True))


def fit(features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """A ridge-penalised logistic line (Newton's steps) through `expanded` features; see `mark_of`."""
    middle, spread = features.mean(0), np.maximum(features.std(0), 1e-3)
    design = np.column_stack([expanded(features, middle, spread), np.ones(len(features))])
    penalty = np.full(design.shape[1], PENALTY)
    penalty[-1] = 0.0
    line = np.zeros(design.shape[1])
    for _ in range(STEPS):
        guess = 1.0 / (1.0 + np.exp(-np.clip(design @ line, -40, 40)))
        gradient = design.T @ (weights * (labels - guess)) - penalty * line
        curve = (design.T * (weights * guess * (1 - guess))) @ design + np.diag(penalty + 1e-6)
        step = np.linalg.solve(curve, gradient)
        line += step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-9))
    return {
        "features": list(FEATURES),
        "middle": [round(float(value), 5) for value in middle],
        "spread": [round(float(value), 5) for value in spread],
        "weights": [round(float(value), 5) for value in line[:-1]],
        "intercept": round(float(line[-1]), 5),
    }


def marks(features: np.ndarray, stage: dict[str, Any]) -> np.ndarray:
    """The second stage's probability of every row."""
    design = expanded(features, np.array(stage["middle"]), np.array(stage["spread"]))
    return np.asarray(1 / (1 + np.exp(-np.clip(design @ np.array(stage["weights"]) + stage["intercept"], -40, 40))))


def fitted_on(scans: Sequence[Seen]) -> dict[str, Any]:
    """Nodules are few: each counts `NODULE_WEIGHT` times, what a real scan holds `SCAN_WEIGHT` times."""
    features = np.concatenate([scan.features for scan in scans])
    labels = np.concatenate([scan.truth >= 0 for scan in scans]).astype(float)
    weights = np.concatenate([np.full(len(scan.truth), 1.0 if scan.name.isdigit() else SCAN_WEIGHT) for scan in scans])
    return fit(features, labels, np.where(labels > 0, NODULE_WEIGHT, weights))


def crossed(scans: Sequence[Seen]) -> list[np.ndarray]:
    """Every synthetic chest's probabilities by a second stage that was fitted without it; real scans stay in the fit."""
    chests = [scan for scan in scans if scan.name.isdigit()]
    real = [scan for scan in scans if not scan.name.isdigit()]
    found: list[np.ndarray] = [np.zeros(0)] * len(chests)
    for part in range(PARTS):
        stage = fitted_on([scan for index, scan in enumerate(chests) if index % PARTS != part] + real)
        for index in range(part, len(chests), PARTS):
            found[index] = marks(chests[index].features, stage)
    return found


def tally(
    scans: Sequence[Seen], probabilities: Sequence[np.ndarray], threshold: float, low: float, high: float
) -> dict[str, Any]:
    """Planted nodules of low to high mm found, and false marks a scan measured as of that size, at a threshold."""
    found = total = false = 0
    for scan, values in zip(scans, probabilities, strict=True):
        marked = values >= threshold
        for index, truth in enumerate(scan.nodules):
            if low <= truth["diameter_mm"] < high:
                total += 1
                found += bool((marked & (scan.truth == index)).any())
        false += int((marked & (scan.truth < 0) & (scan.size_mm >= low) & (scan.size_mm < high)).sum())
    return {"threshold": threshold, "found": found, "of": total, "false_per_scan": round(false / max(len(scans), 1), 2)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.second_stage_lung", description="Fit the second stage.")
    add_options(parser, "lung")
    parser.add_argument("--scan", type=Path, action="append", default=[], help="a real scan without a nodule to mark")
    parser.add_argument(
        "--spare",
        action="append",
        default=[],
        metavar="SLICE,ROW,COLUMN",
        help="a place in --scan that may be a nodule",
    )
    parser.add_argument("--mark", type=float, default=0.4, help="threshold for nodules of 6 mm and more")
    parser.add_argument("--mark-below-6-mm", type=float, default=0.36)
    chosen = parser.parse_args(arguments)
    bundle = load_bundle(BUNDLE)
    spared = [(int(z), int(y), int(x)) for z, y, x in (place.split(",") for place in chosen.spare)]
    scans = [
        kept_or_seen(chosen.work, folder.name, [], partial(seen_in, folder.name, real_scan(folder), [], bundle, spared))
        for folder in chosen.scan
    ]
    for seed in TUNED_ON:
        chest = planted_chest(seed, chosen.work / "chests")
        see = partial(seen_in, str(seed), chest.volume, chest.nodules, bundle)
        scans.append(kept_or_seen(chosen.work, str(seed), chest.nodules, see))
        sys.stderr.write(f"chest {seed}: {len(scans[-1].truth)} seen\n")
        sys.stderr.flush()
    stage = fitted_on(scans)
    chests = [scan for scan in scans if scan.name.isdigit()]
    held_out = crossed(scans)
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        sizes = [
            tally(chests, held_out, threshold, *limits) for limits in ((ACTIONABLE_MM, 99.0), (4.0, ACTIONABLE_MM))
        ]
        sys.stderr.write(json.dumps(sizes) + "\n")
    path = BUNDLES / BUNDLE / "model.json"
    model = json.loads(path.read_text(encoding="utf-8"))
    model["second_stage"] = stage
    model["operating_points"] |= {"nodule": NODULE, "mark": chosen.mark, "mark_below_6_mm": chosen.mark_below_6_mm}
    model["code_version"] = code_version("lung")
    path.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
