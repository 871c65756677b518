"""Figures of the shipped brain bundle on a folder laid out like `head_ct`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from screening.scoring.brain import BUNDLE
from screening.scoring.brain_stack import OWN_ALONE, stack_logits
from screening.scoring.bundle import load_bundle
from screening.scoring.runtime import engine_for
from training.datasets_brain import load_studies
from training.figures_brain import main_figures


def evaluate(data: Path) -> dict[str, Any]:
    """study_auc, slice_auc, specificity_at_95_sensitivity, n_patients, ci, calibration, seen_in_training
    (patients with a picture that the bundle was trained on), and the shipped operating point's figures.

    Fits nothing. Raises FileNotFoundError without a slices.csv, ValueError for a study without a brain.
    """
    bundle = load_bundle(BUNDLE)
    studies = load_studies(data, int(bundle.preprocessing["size"]))
    engine = engine_for(bundle)
    weights = bundle.operating_points.get("stack", OWN_ALONE)
    logits = [stack_logits(engine(study.inputs, batch_size=16)["logit"], study.depths_mm, weights) for study in studies]
    seen = set(json.loads((bundle.folder / "seen.json").read_text(encoding="utf-8"))["image_sha256"])
    points = bundle.operating_points
    return {
        "programme": "brain",
        "model": bundle.model.as_json(),
        **main_figures(
            [study.patient for study in studies],
            [study.labels for study in studies],
            logits,
            points["study"],
            points["flag"],
        ),
        "seen_in_training": sum(bool(seen.intersection(study.digests)) for study in studies),
    }
