"""Write `bundles/brain-haemorrhage`: weights, metadata, out-of-fold scores, the list of seen pictures and the card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from screening.scoring.brain import BUNDLE
from screening.scoring.brain_slices import preprocessing
from screening.scoring.brain_stack import study_logit
from screening.scoring.bundle import BUNDLES, file_sha256
from screening.scoring.networks.brain import HaemorrhageNet
from training.bundle_facts import described
from training.calibration import Line, fit_platt
from training.card_brain import card
from training.datasets_brain import SIZE, TYPES, BrainStudy
from training.figures_brain import card_parts
from training.fit_brain import Recipe
from training.make_cards import make_card
from training.out_of_fold import write_out_of_fold
from training.stack_brain import Stacks, cross_fitted, shipped_points
from training.statistics import auc_interval

VERSION = "2.0.0"
# measured on the weights of before: they say nothing of new ones
MEASURED = ("robustness.json", "places.json", "phantoms.json")


def write_bundle(
    ensemble: HaemorrhageNet,
    studies: Sequence[BrainStudy],
    logits: Sequence[np.ndarray],
    fold: Sequence[int],
    recipe: Recipe,
    seconds: float,
    folder: Path = BUNDLES / BUNDLE,
) -> dict[str, Any]:
    """Write the bundle and return its model.json. logits: out of fold, [n, 6] a study, in the order (any, *TYPES)."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().contiguous() for name, value in ensemble.state_dict().items()}
    before = file_sha256(folder / "weights.safetensors") if (folder / "weights.safetensors").is_file() else ""
    save_file(weights, str(folder / "weights.safetensors"))
    (folder / "weights.safetensors").chmod(0o644)
    stacks = Stacks(
        [study.patient for study in studies],
        [logit[:, 0] for logit in logits],
        [study.depths_mm for study in studies],
        [study.labels for study in studies],
        np.asarray(fold),
    )
    write_out_of_fold(folder, out_of_fold_columns(stacks, studies, logits))
    points = shipped_points(stacks)
    points["types"] = type_lines(stacks.patients, studies, logits)
    metadata = {
        "name": BUNDLE,
        "version": VERSION,
        "programme": "brain",
        "network": {
            "name": "brain-haemorrhage-net",
            "arguments": {"members": len(ensemble.members), "width": recipe.width},
        },
        "intended_use": (
            "Research software. Flags adult non-contrast axial head CT that may show acute intracranial haemorrhage, "
            "so that a radiologist reads it sooner. Not for ruling haemorrhage out; not a medical device."
        ),
        "preprocessing": preprocessing(SIZE),
        "operating_points": points,
        "training": {
            "data": "CT-ICH 1.0 (PhysioNet), CC BY 4.0, Hssayeni 2020; part of the patients",
            "patients": len(studies),
            "positive_patients": sum(study.positive for study in studies),
            "slices": int(sum(len(study.labels) for study in studies)),
            "positive_slices": int(sum(study.labels.sum() for study in studies)),
            "folds": len(set(fold)),
            **asdict(recipe),
            "seconds": round(seconds),
            "torch": torch.__version__.split("+")[0],
            "parameters": sum(value.numel() for value in ensemble.parameters()),
        },
        "sha256": file_sha256(folder / "weights.safetensors"),
    }
    seen = {"image_sha256": sorted(digest for study in studies for digest in study.digests)}
    (folder / "seen.json").write_text(json.dumps(seen, indent=0) + "\n", encoding="utf-8")
    for name in MEASURED if metadata["sha256"] != before else ():
        (folder / name).unlink(missing_ok=True)
    metadata = described(metadata)
    (folder / "model.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    (folder / "CARD.md").write_text(card(metadata), encoding="utf-8")
    make_card(folder, card_parts(folder))
    return metadata


def out_of_fold_columns(
    stacks: Stacks, studies: Sequence[BrainStudy], logits: Sequence[np.ndarray]
) -> dict[str, list[Any]]:
    """The columns of out_of_fold.csv: a row for each study, for each type of each study, and for each slice."""
    scored = cross_fitted(stacks)
    rows: list[tuple[Any, ...]] = []
    for index, study in enumerate(studies):
        own = (study.patient, int(stacks.fold[index]))
        said = (float(scored.studies[index]), float(scored.probabilities[index]))
        rows.append((own[0], study.patient, own[1], "study", int(study.positive), *said, None, None))
        for place, name in enumerate(TYPES):
            label = int(study.types[:, place].any())
            evidence = study_logit(logits[index][:, 1 + place])
            rows.append((own[0], study.patient, own[1], name, label, evidence, None, None, None))
        for number, label, score, logit, depth in zip(
            study.numbers, study.labels, scored.slices[index], stacks.logits[index], stacks.depths[index], strict=True
        ):
            case = f"{study.patient}_{int(number):03d}"
            chance = float(1.0 / (1.0 + np.exp(-score)))
            rows.append((own[0], case, own[1], "slice", int(label), float(score), chance, float(logit), float(depth)))
    names = ("patient", "case", "fold", "target", "label", "score", "probability", "logit", "depth_mm")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def type_lines(
    patients: Sequence[str], studies: Sequence[BrainStudy], logits: Sequence[np.ndarray]
) -> dict[str, Line | None]:
    """The logistic line of each type; None where its out-of-fold AUC is not better than chance beyond doubt: such a type
    is never named."""
    lines: dict[str, Line | None] = {}
    for place, name in enumerate(TYPES):
        scores = np.array([study_logit(logit[:, 1 + place]) for logit in logits])
        labels = np.array([int(study.types[:, place].any()) for study in studies])
        known = auc_interval(labels, scores, list(patients))[0] > 0.5
        lines[name] = {key: round(value, 6) for key, value in fit_platt(scores, labels).items()} if known else None
    return lines
