"""Train the lung bundle: cross-validate by patient, then fit all, then write bundles/lung-nodule.

`python -m training.train_lung [--data DIR] [--epochs N] [--folds K] [--work DIR] [--out DIR] [--folds-only]`
Deterministic on one machine: fixed seeds, one thread. A finished fold is kept in the work folder and not trained again:
an interrupted run goes on where it stopped. `--folds-only` leaves the shipped weights and renews their scores. Afterwards
`training.second_stage_lung`, `training.measure_lung_phantoms` and `training.make_cards` bring the rest up to date.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from screening.scoring.bundle import BUNDLES
from screening.scoring.lung_patches import central_component
from training.card_lung import write_model
from training.checkpoints import Checkpoints
from training.datasets_lung import MARGIN, Nodule, load_nodules, lookalikes, patch_at
from training.fit_lung import ARGUMENTS, examples_of, predict, train
from training.options import add_options
from training.out_of_fold import write_out_of_fold
from training.out_of_fold_lung import FoldScores, columns_of
from training.statistics import patient_folds

SEED = 20260101


def fold_scores(nodules: list[Nodule], fold_of: np.ndarray, fold: int, epochs: int, of: str) -> FoldScores:
    """A network trained without one fold, and what it says of that fold's nodules and look-alikes."""
    held_out = np.flatnonzero(fold_of == fold)
    network = train(examples_of([nodules[index] for index in np.flatnonzero(fold_of != fold)]), epochs, SEED + fold, of)
    output = predict(network, np.stack([patch_at(nodules[index].image, 64, 64) for index in held_out]))
    size = output["mask"].shape[1:]
    outlines = np.zeros((len(held_out), 128, 128), bool)
    for place, mask in enumerate(output["mask"]):
        outlines[place, MARGIN : MARGIN + size[0], MARGIN : MARGIN + size[1]] = central_component(mask > 0.5)
    places = [(index, row, column) for index in held_out for row, column in lookalikes(nodules[index])]
    patches = np.stack([patch_at(nodules[index].image, row, column) for index, row, column in places])
    return FoldScores(
        held_out=held_out,
        outlines=outlines,
        suspicion=output["suspicion"].astype(np.float64),
        nodule=output["nodule"].astype(np.float64),
        lookalike_of=np.array([index for index, _row, _column in places]),
        lookalikes=predict(network, patches)["nodule"].astype(np.float64),
    )


def cross_validate(nodules: list[Nodule], folds: int, epochs: int, work: Path) -> dict[str, np.ndarray]:
    """Every nodule's out-of-fold columns; a fold that is in `work` already is not trained again."""
    fold_of = patient_folds([nodule.patient for nodule in nodules], folds, SEED)
    data = hashlib.sha256("".join(nodule.digest for nodule in nodules).encode()).hexdigest()
    kept = Checkpoints(work, {"epochs": epochs, "folds": folds, "seed": SEED, "network": ARGUMENTS, "data": data})
    found = []
    for fold in range(folds):
        part = kept.load(f"fold-{fold}")
        if part is not None and part.done:
            sys.stderr.write(f"fold {fold + 1}/{folds}: kept in {kept.folder}\n")
            found.append(FoldScores.of_tensors(part.tensors))
            continue
        found.append(fold_scores(nodules, fold_of, fold, epochs, f"fold {fold + 1}/{folds}"))
        kept.save(f"fold-{fold}", found[-1].tensors())
    return columns_of(nodules, found, fold_of)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.train_lung", description="Train and write the lung bundle.")
    add_options(parser, "lung")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--folds-only", action="store_true", help="keep the weights, renew their out-of-fold figures")
    parser.add_argument("--out", type=Path, default=BUNDLES / "lung-nodule")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda":
        parser.error("The lung network is small: it is trained on the processor.")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    nodules = load_nodules(chosen.data)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if not chosen.folds_only:
        network = train(examples_of(nodules), chosen.epochs, SEED, "all")
        weights = {name: value.contiguous() for name, value in network.state_dict().items()}
        save_file(weights, str(chosen.out / "weights.safetensors"))
        seen = sorted({nodule.digest for nodule in nodules})
        (chosen.out / "seen.json").write_text(json.dumps({"image_sha256": seen}, indent=0) + "\n", encoding="utf-8")
    write_out_of_fold(chosen.out, cross_validate(nodules, chosen.folds, chosen.epochs, chosen.work))
    write_model(chosen.out, nodules, chosen.folds, chosen.epochs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
