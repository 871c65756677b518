"""Train the brain network in five patient-grouped folds and write its bundle.

`python -m training.train_brain [--data DIR] [--work DIR] [--device D] [--epochs N] [--seeds N]`: every fold is trained
once with each seed; all these members together are the shipped model, and every figure in its card comes from the
members that never saw the patient. Run again after a stop it goes on where it was; seeds are fixed. One CPU thread.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from screening.scoring import brain_slices, disc_morphology  # noqa: E402
from screening.scoring.networks.brain import HaemorrhageMember, HaemorrhageNet  # noqa: E402
from screening.scoring.runtime import choose_device  # noqa: E402
from training.bundle_brain import write_bundle  # noqa: E402
from training.checkpoints import Checkpoints, digest_of_files  # noqa: E402
from training.datasets_brain import SIZE, BrainStudy, folder_of, kept_studies  # noqa: E402
from training.fit_brain import Recipe, outputs_of, train_cycle  # noqa: E402
from training.options import add_options  # noqa: E402
from training.statistics import auc  # noqa: E402

FOLDS = 5
SEEDS = 1


def folds_of(studies: Sequence[BrainStudy], folds: int = FOLDS, seed: int = 0) -> list[int]:
    """A fold for every study: patients whole, positives and negatives spread evenly."""
    random = np.random.default_rng(seed)
    positive = [index for index, study in enumerate(studies) if study.positive]
    negative = [index for index, study in enumerate(studies) if not study.positive]
    random.shuffle(positive)
    random.shuffle(negative)
    fold = [0] * len(studies)
    for place, index in enumerate(positive + negative):
        fold[index] = place % folds
    return fold


def trained(
    studies: Sequence[BrainStudy],
    fold: Sequence[int],
    number: int,
    seed: int,
    recipe: Recipe,
    kept: Checkpoints,
    on: str,
) -> HaemorrhageMember:
    """The member that never saw fold `number`, from the work folder or trained now, cycle after cycle."""
    others = [study for study, where in zip(studies, fold, strict=True) if where != number]
    member: HaemorrhageMember | None = None
    for cycle in range(len(recipe.averaging)):
        name = f"fold-{number}-seed-{seed}-cycle-{cycle}"
        found = kept.load(name)
        if found is None or not found.done:
            started = time.monotonic()
            member = train_cycle(others, recipe, cycle, seed * FOLDS + number, on, member)
            kept.save(name, member.state_dict(), {"seconds": round(time.monotonic() - started)})
        else:
            member = HaemorrhageMember(width=recipe.width)
            member.load_state_dict(found.tensors)
    if member is None:
        raise ValueError("A recipe has at least one cycle.")
    return member.eval()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.train_brain", description=__doc__)
    add_options(parser, "brain")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folds-only", action="store_true", help="train and keep the folds, write no bundle")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    recipe = Recipe(epochs=chosen.epochs)
    pictures = sorted((folder_of(chosen.data) / "images").glob("*.jpg"))
    data = digest_of_files([*pictures, folder_of(chosen.data) / "slices.csv"])
    code = digest_of_files([Path(str(module.__file__)) for module in (brain_slices, disc_morphology)])
    kept = Checkpoints(chosen.work, {"recipe": asdict(recipe), "size": SIZE, "data": data, "preparation": code})
    started = time.monotonic()
    studies = kept_studies(chosen.data, chosen.work / f"prepared-{data[:8]}-{code[:8]}-{SIZE}.npz")
    _say(f"{len(studies)} studies prepared in {time.monotonic() - started:.0f} s; work in {kept.folder}")
    fold, device = folds_of(studies), choose_device(chosen.device)
    members: dict[tuple[int, int], HaemorrhageMember] = {}
    for seed in range(chosen.seeds):
        for number in range(FOLDS):
            _say(f"seed {seed + 1}/{chosen.seeds}, fold {number + 1}/{FOLDS}")
            members[seed, number] = trained(studies, fold, number, seed, recipe, kept, device)
            held = [study for study, where in zip(studies, fold, strict=True) if where == number]
            said = np.concatenate([outputs_of([members[seed, number]], study.inputs)[0][:, 0] for study in held])
            figure = auc(np.concatenate([study.labels for study in held]), said)
            _say(f"  slice AUC {figure:.3f}, {time.monotonic() - started:.0f} s so far")
    if chosen.folds_only:
        return 0
    ensemble = HaemorrhageNet(members=len(members), width=recipe.width).eval()
    for place, (_key, member) in enumerate(sorted(members.items())):
        ensemble.members[place].load_state_dict(member.state_dict())
    unseen = [[members[seed, where] for seed in range(chosen.seeds)] for where in fold]
    logits = [outputs_of(own, study.inputs)[0] for own, study in zip(unseen, studies, strict=True)]
    write_bundle(ensemble, studies, logits, fold, recipe, _seconds(kept))
    return 0


def _seconds(kept: Checkpoints) -> float:
    """How long all that is kept took to train, whenever that was."""
    parts = [kept.load(path.stem) for path in kept.folder.glob("fold-*.json")]
    return float(sum(part.state.get("seconds", 0) for part in parts if part is not None))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
