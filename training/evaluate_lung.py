"""Figures of the shipped lung bundle on a folder laid out like `lung_nodules`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.bundle import load_bundle
from screening.scoring.lung_patches import PATCH, central_component
from screening.scoring.lung_reading import suspicion_line
from screening.scoring.runtime import engine_for
from training.datasets_lung import MARGIN, load_nodules, patch_at
from training.figures_lung import main_figures
from training.out_of_fold_lung import FoldScores, columns_of

BUNDLE = "lung-nodule"


def evaluate(data: Path) -> dict[str, Any]:
    """dice, suspicion_auc, n_patients, ci, calibration, seen_in_training over every nodule of the folder.

    The patch is the middle of each crop. Raises FileNotFoundError without a nodules.csv.
    """
    nodules = load_nodules(data)
    bundle = load_bundle(BUNDLE)
    patches = np.stack([patch_at(nodule.image, 64, 64) for nodule in nodules])
    output = engine_for(bundle)(patches, batch_size=64)
    outlines = np.zeros((len(nodules), 128, 128), bool)
    threshold = float(bundle.operating_points["outline"])
    for index, mask in enumerate(output["mask"]):
        outlines[index, MARGIN : MARGIN + PATCH, MARGIN : MARGIN + PATCH] = central_component(mask > threshold)
    nothing = np.zeros(0)
    scores = FoldScores(
        np.arange(len(nodules)), outlines, output["suspicion"], output["nodule"], nothing.astype(int), nothing
    )
    seen = set(json.loads((bundle.folder / "seen.json").read_text(encoding="utf-8"))["image_sha256"])
    return {
        "programme": "lung",
        "model": bundle.model.as_json(),
        **main_figures(
            columns_of(nodules, [scores], np.zeros(len(nodules), int)), suspicion_line(bundle.operating_points)
        ),
        "seen_in_training": sum(nodule.digest in seen for nodule in nodules),
    }
