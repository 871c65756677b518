"""The whole lung reading on synthetic chests it was not tuned on: sensitivity, false marks, size error.

`python -m training.measure_lung_phantoms [--work DIR] [--chests N]` writes `phantoms.json` into the bundle: one row a planted
nodule and one a false mark, from which the card's figures are computed. Software, not patients.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.bundle import BUNDLES
from screening.scoring.lung import LungScorer
from screening.scoring.lung_reading import Nodule
from screening.scoring.types import RunContext
from training.options import add_options
from training.phantoms_lung import MEASURED_ON, TUNED_ON, PlantedChest, planted_chest
from training.second_stage_lung import matches, place_mm

NAME = "phantoms.json"


def rows_of(chest: PlantedChest, marks: list[Nodule]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What became of each planted nodule, and the marks that are none."""
    places = np.array([place_mm(nodule, chest.volume) for nodule in marks]).reshape(-1, 3)
    hits = matches(places, chest.volume, chest.nodules)
    planted = []
    for index, truth in enumerate(chest.nodules):
        found = next((nodule for nodule, hit in zip(marks, hits, strict=True) if hit == index), None)
        planted.append(
            {
                "seed": chest.seed,
                "slice_mm": chest.volume.spacing[0],
                "dose": round(chest.dose, 2),
                **{name: truth[name] for name in ("type", "place", "lobe")},
                "diameter_mm": round(truth["diameter_mm"], 2),
                "core_mm": None if truth["core_mm"] is None else round(truth["core_mm"], 2),
                "found": found is not None,
                "measured_mm": None if found is None else found.measure.diameter_mm,
                "measured_core_mm": None if found is None else found.measure.solid_mm,
                "measured_type": None if found is None else found.measure.type.removesuffix("_nodule"),
                "measured_lobe": None if found is None else found.lobe,
            }
        )
    false = [
        {"seed": chest.seed, "size_mm": nodule.measure.diameter_mm, "type": nodule.measure.type, "mark": nodule.mark}
        for nodule, hit in zip(marks, hits, strict=True)
        if hit < 0
    ]
    return planted, false


def measure(seeds: range, work: Path) -> dict[str, Any]:
    """The rows of every seed's chest."""
    scorer = LungScorer()
    planted: list[dict[str, Any]] = []
    false: list[dict[str, Any]] = []
    for seed in seeds:
        chest = planted_chest(seed, work)
        _lungs, marks, _below = scorer.nodules_in(chest.volume, RunContext())
        rows, others = rows_of(chest, marks)
        planted += rows
        false += [{**other, "mark": round(other["mark"], 3)} for other in others]
        sys.stderr.write(f"chest {seed}: {sum(row['found'] for row in rows)} of {len(rows)}, {len(others)} false\n")
        sys.stderr.flush()
    return {
        "tuned_on": [TUNED_ON.start, TUNED_ON.stop - 1],
        "measured_on": [seeds.start, seeds.stop - 1],
        "chests": len(seeds),
        "planted": planted,
        "false_marks": false,
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.measure_lung_phantoms")
    add_options(parser, "lung")
    parser.add_argument("--chests", type=int, default=len(MEASURED_ON))
    parser.add_argument("--out", type=Path, default=BUNDLES / "lung-nodule" / NAME)
    chosen = parser.parse_args(arguments)
    kept = measure(MEASURED_ON[: chosen.chests], chosen.work / "chests")
    chosen.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
