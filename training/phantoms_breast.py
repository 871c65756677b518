"""Run the shipped breast bundle over drawn mammograms and put the figures into its card, apart.

`python -m training.phantoms_breast [--seeds N]`
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.headers import PhantomStudy, as_bytes
from screening.scoring.breast import BUNDLE, BreastScorer
from screening.scoring.bundle import BUNDLES
from screening.scoring.types import FindingResult, InstanceInput, RunContext, ScoreResult, StudyInput
from training.figures_breast import card_parts
from training.make_cards import make_card

DENSITIES = "abcd"
MASSES = (
    MassSpec(side="L", diameter_mm=8.0, margin="circumscribed"),
    MassSpec(side="R", diameter_mm=8.0, margin="spiculated"),
    MassSpec(side="L", diameter_mm=12.0, margin="circumscribed"),
    MassSpec(side="R", diameter_mm=12.0, margin="spiculated"),
    MassSpec(side="L", diameter_mm=18.0, margin="indistinct"),
)
FIRST_SEED = 400


def study_input(phantom: PhantomStudy) -> StudyInput:
    """The phantom as a scorer takes it."""
    instances = [InstanceInput(dataset, partial(as_bytes, dataset)) for dataset in phantom.datasets]
    return StudyInput(phantom.study_uid, instances)


def hits(result: ScoreResult, phantom: PhantomStudy) -> list[FindingResult]:
    """The findings whose centre lies in the box of a drawn mass, in the view that it was drawn in."""
    names = {data.SOPInstanceUID: f"{data.ImageLaterality}{data.ViewPosition}" for data in phantom.datasets}
    found = []
    for finding in result.findings:
        x, y = (finding.box[0] + finding.box[2]) / 2, (finding.box[1] + finding.box[3]) / 2
        boxes = [mass["boxes"].get(names[finding.sop_uid]) for mass in phantom.truth["masses"]]
        if any(box and box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in boxes):
            found.append(finding)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.phantoms_breast", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--bundle", type=Path, default=BUNDLES / BUNDLE)
    chosen = parser.parse_args(arguments)
    scorer, seeds = BreastScorer(), range(FIRST_SEED, FIRST_SEED + chosen.seeds)
    measured: dict[str, Any] = {"normal": {}, "mass": {}}
    for density in DENSITIES:
        results = [_scored(scorer, mammogram(seed, density=density))[0] for seed in seeds]
        measured["normal"][density] = {
            "n": len(results),
            "marks_a_view": round(float(np.mean([len(result.findings) / 4 for result in results])), 3),
            "seen_in_both_views": sum(_pairs(result) for result in results),
            "above_threshold": sum(bool(result.above_threshold) for result in results),
            "median_score": round(float(np.median([result.score or 0.0 for result in results])), 3),
            "density_said": "".join(sorted(result.attributes["density"] for result in results)),
        }
        sys.stdout.write(f"normal, density {density}: {measured['normal'][density]}\n")
    for spec in MASSES:
        pairs = [_scored(scorer, mammogram(seed, spec, density="b")) for seed in seeds]
        on = [hits(result, phantom) for result, phantom in pairs]
        sizes = [finding.size_mm - spec.diameter_mm for found in on for finding in found if finding.size_mm is not None]
        name = f"{spec.diameter_mm:.0f} mm {spec.margin}"
        measured["mass"][name] = {
            "n": len(pairs),
            "marked": sum(bool(found) for found in on),
            "marked_in_both_views": sum(len({finding.sop_uid for finding in found}) == 2 for found in on),
            "matched": sum(any("matched_with" in finding.attributes for finding in found) for found in on),
            "above_threshold": sum(bool(result.above_threshold) for result, _ in pairs),
            "median_score": round(float(np.median([result.score or 0.0 for result, _ in pairs])), 3),
            "size_error_mm": round(float(np.median(sizes)), 1) if sizes else None,
        }
        sys.stdout.write(f"{name}: {measured['mass'][name]}\n")
    (chosen.bundle / "phantoms.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    make_card(chosen.bundle, card_parts(chosen.bundle))
    return 0


def _scored(scorer: BreastScorer, phantom: PhantomStudy) -> tuple[ScoreResult, PhantomStudy]:
    return scorer.score(study_input(phantom), RunContext()), phantom


def _pairs(result: ScoreResult) -> int:
    return sum("matched_with" in finding.attributes for finding in result.findings) // 2


if __name__ == "__main__":
    sys.exit(main())
