"""Run the shipped brain bundle over drawn heads and put the figures into its card, apart.

`python -m training.phantoms_brain [--seeds N]`
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, as_bytes
from screening.scoring.brain import BUNDLE, BrainScorer
from screening.scoring.bundle import load_bundle
from screening.scoring.evidence import heat_values
from screening.scoring.types import InstanceInput, RunContext, ScoreResult, StudyInput
from training.figures_brain import card_parts
from training.make_cards import make_card

KINDS: tuple[BleedSpec | None, ...] = (
    None,
    BleedSpec("intraparenchymal", "right", 25.0),
    BleedSpec("epidural", "left", 30.0),
    BleedSpec("subdural", "right", 50.0),
)


def study_input(phantom: PhantomStudy) -> StudyInput:
    """The phantom as a scorer takes it."""
    instances = [InstanceInput(dataset, partial(as_bytes, dataset)) for dataset in phantom.datasets]
    return StudyInput(phantom.study_uid, instances)


def on_the_bleed(result: ScoreResult, phantom: PhantomStudy) -> bool:
    """Does the first finding's box touch a slice with blood, on the blood's side, at the blood's box?"""
    truth = phantom.truth["bleed"]
    if not result.findings or truth is None:
        return False
    finding = result.findings[0]
    x0, y0, x1, y1 = finding.box
    left, top, right, bottom = truth["box"]
    near = min(x1, right + 12) > max(x0, left - 12) and min(y1, bottom + 12) > max(y0, top - 12)
    return near and finding.attributes["slice"] in truth["slices"]


def points_at_the_bleed(result: ScoreResult, phantom: PhantomStudy) -> bool:
    """Does the strongest place of the first finding's shown heat map lie in the drawn bleed's own box, on a slice with it?

    No margin; a map of several equally strong cells is as good as its first one.
    """
    truth = phantom.truth["bleed"]
    shown = result.findings[0].heat_map if result.findings else None
    if truth is None or shown is None:
        return False
    finding, values = result.findings[0], heat_values(shown)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    x0, y0, x1, y1 = shown["box"]
    x, y = (x0 + (column + 0.5) * (x1 - x0) / values.shape[1], y0 + (row + 0.5) * (y1 - y0) / values.shape[0])
    left, top, right, bottom = truth["box"]
    return bool(left <= x < right and top <= y < bottom and finding.attributes["slice"] in truth["slices"])


def measure(task: tuple[BleedSpec | None, int]) -> tuple[float, bool, bool, bool]:
    """(study score, flagged, first box on the bleed, its heat map pointing at it) of one drawn head."""
    spec, seed = task
    phantom = head_ct(seed, spec)
    result = BrainScorer().score(study_input(phantom), RunContext())
    return (
        float(result.score or 0.0),
        bool(result.above_threshold),
        on_the_bleed(result, phantom),
        points_at_the_bleed(result, phantom),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.phantoms_brain", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(arguments)
    tasks = [(spec, seed) for spec in KINDS for seed in range(100, 100 + chosen.seeds)]
    with ProcessPoolExecutor(chosen.workers) as pool:
        outcomes = list(pool.map(measure, tasks))
    measured: dict[str, Any] = {}
    for index, spec in enumerate(KINDS):
        name = "no bleed" if spec is None else f"{spec.kind}, {spec.volume_ml:.0f} ml"
        part = outcomes[index * chosen.seeds : (index + 1) * chosen.seeds]
        scores = [score for score, *_rest in part]
        measured[name] = {
            "n": chosen.seeds,
            "flagged": sum(flagged for _score, flagged, *_rest in part),
            "median": round(float(np.median(scores)), 3),
            "low": round(min(scores), 3),
            "high": round(max(scores), 3),
            "hits": None if spec is None else sum(hit for *_rest, hit, _pointed in part),
            "pointed": None if spec is None else sum(pointed for *_rest, pointed in part),
        }
        sys.stdout.write(f"{name}: {measured[name]}\n")
    bundle = load_bundle(BUNDLE)
    (bundle.folder / "phantoms.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    make_card(bundle.folder, card_parts(bundle.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
