"""Measure the brain bundle's members on patients they never saw: other pictures, and where the heat map points.

`python -m training.measure_brain [--data DIR] [--work DIR] [--changes NAME …]`: writes robustness.json and places.json into the
bundle and their tables into its card. The weights, lines and folds are the bundle's; nothing is fitted on what is judged.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from screening.scoring.brain import BUNDLE  # noqa: E402
from screening.scoring.brain_slices import ASSUMED_PIXEL_MM, WINDOW_WIDTH, prepare_study  # noqa: E402
from screening.scoring.brain_stack import stack_logits, study_logit  # noqa: E402
from screening.scoring.bundle import Bundle, load_bundle  # noqa: E402
from screening.scoring.networks.brain import HaemorrhageMember  # noqa: E402
from training.datasets_brain import SIZE, BrainStudy, folder_of, kept_studies  # noqa: E402
from training.figures_brain import card_parts  # noqa: E402
from training.fit_brain import outputs_of  # noqa: E402
from training.make_cards import make_card  # noqa: E402
from training.options import add_options  # noqa: E402
from training.out_of_fold import read_out_of_fold  # noqa: E402
from training.places_brain import Looked, places_of, summed  # noqa: E402
from training.stack_brain import Stacks, fitted_on  # noqa: E402
from training.statistics import auc  # noqa: E402

GREY_PER_HU = 255.0 / WINDOW_WIDTH
Picture = np.ndarray


def windowed(low: float, high: float) -> Callable[[Picture], Picture]:
    """The picture as a window from `low` to `high` HU would have shown it."""

    def change(grey: Picture) -> Picture:
        hounsfield = grey / GREY_PER_HU - 20.0
        return np.clip((hounsfield - low) * (255.0 / (high - low)), 0.0, 255.0).astype(np.float32)

    return change


def grained(grey: Picture) -> Picture:
    """Grain of 5 HU, the same for the same picture."""
    seed = int(grey.sum()) % (1 << 31)
    grain = np.random.default_rng(seed).normal(0.0, 5.0 * GREY_PER_HU, grey.shape)
    return np.clip(grey + grain * (grey > 0), 0.0, 255.0).astype(np.float32)


def resampled(grey: Picture) -> Picture:
    """256 × 256 pixels in place of 400 × 400."""
    small = Image.fromarray(grey.astype(np.uint8)).resize((256, 256), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float32)


def recompressed(grey: Picture) -> Picture:
    """Saved as JPEG of quality 40."""
    file = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(file, format="JPEG", quality=40)
    file.seek(0)
    return np.asarray(Image.open(file), dtype=np.float32)


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "window −10…100 HU": windowed(-10.0, 100.0),
    "window −30…100 HU": windowed(-30.0, 100.0),
    "grain of 5 HU": grained,
    "256 × 256 pixels": resampled,
    "JPEG of quality 40": recompressed,
}


class Folds:
    """The bundle's members by the fold they never saw, and what the other folds' studies fitted."""

    def __init__(self, bundle: Bundle) -> None:
        kept = read_out_of_fold(bundle.folder)
        arguments = bundle.metadata["network"]["arguments"]
        weights = load_file(str(bundle.weights))
        self.fold_of = {str(name): int(fold) for name, fold in zip(kept["patient"], kept["fold"], strict=True)}
        folds = len(set(self.fold_of.values()))
        self.members: dict[int, list[HaemorrhageMember]] = {}
        for place in range(int(arguments["members"])):
            member = HaemorrhageMember(width=int(arguments["width"]))
            prefix = f"members.{place}."
            member.load_state_dict({key[len(prefix) :]: v for key, v in weights.items() if key.startswith(prefix)})
            self.members.setdefault(place % folds, []).append(member.eval())
        slices = kept["target"] == "slice"
        owner, names = kept["patient"][slices], list(self.fold_of)
        stacks = Stacks(
            names,
            [kept["logit"][slices][owner == name] for name in names],
            [kept["depth_mm"][slices][owner == name] for name in names],
            [kept["label"][slices][owner == name] for name in names],
            np.array([self.fold_of[name] for name in names]),
        )
        self.weights = {fold: fitted_on(stacks, stacks.fold != fold)[0] for fold in self.members}
        self.plain = (stacks, [self.judged(name, stacks.logits[i], stacks.depths[i]) for i, name in enumerate(names)])

    def judged(self, patient: str, logits: np.ndarray, depths: np.ndarray) -> np.ndarray:
        """Log odds of a patient's slices by the weights of the other folds."""
        return stack_logits(logits, depths, self.weights[self.fold_of[patient]])


def _aucs(labels: list[np.ndarray], slices: list[np.ndarray]) -> tuple[float, float]:
    truth = np.array([int(label.any()) for label in labels])
    studies = np.array([study_logit(logits) for logits in slices])
    return auc(truth, studies), auc(np.concatenate(labels), np.concatenate(slices))


def plain_figures(folds: Folds) -> dict[str, float]:
    """AUCs of the pictures as they are."""
    study, slices = _aucs(list(folds.plain[0].labels), folds.plain[1])
    return {"study_auc": study, "slice_auc": slices, "study_loss": 0.0, "slice_loss": 0.0}


def changed_figures(folds: Folds, studies: list[BrainStudy], data: Path, name: str) -> dict[str, float]:
    """AUCs of the same patients in changed pictures, and what was lost against the plain ones."""
    files: dict[str, list[str]] = {}
    with (folder_of(data) / "slices.csv").open(encoding="utf-8", newline="") as stream:
        for row in sorted(csv.DictReader(stream), key=lambda row: int(row["slice"])):
            files.setdefault(row["patient"], []).append(row["file"])
    slices = []
    for study in studies:
        pictures = [_picture(folder_of(data) / "images" / file) for file in files[study.patient]]
        changed = [CHANGES[name](picture) for picture in pictures]
        pixel_mm = ASSUMED_PIXEL_MM * pictures[0].shape[0] / changed[0].shape[0]
        prepared = prepare_study(changed, pixel_mm, SIZE)
        logits = outputs_of(folds.members[folds.fold_of[study.patient]], prepared.inputs)[0][:, 0]
        slices.append(folds.judged(study.patient, logits, study.depths_mm))
    plain = plain_figures(folds)
    study_auc, slice_auc = _aucs([study.labels for study in studies], slices)
    return {
        "study_auc": study_auc,
        "slice_auc": slice_auc,
        "study_loss": plain["study_auc"] - study_auc,
        "slice_loss": plain["slice_auc"] - slice_auc,
    }


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float32)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.measure_brain", description=__doc__)
    add_options(parser, "brain")
    parser.add_argument("--changes", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bundle = load_bundle(BUNDLE)
    folds = Folds(bundle)
    kept = sorted(chosen.work.glob(f"prepared-*-{SIZE}.npz"))
    studies = kept_studies(chosen.data, kept[0] if kept else chosen.work / f"prepared-plain-{SIZE}.npz")
    looked: list[Looked] = []
    for study in studies:
        if study.positive:
            looked += places_of(study, folds.members[folds.fold_of[study.patient]])
    _write(bundle, "places", summed(looked))
    rows = {"as they are": plain_figures(folds)}
    for name in chosen.changes:
        rows[name] = changed_figures(folds, studies, chosen.data, name)
        shown = {key: {part: round(value, 4) for part, value in row.items()} for key, row in rows.items()}
        _write(bundle, "robustness", {"changes": shown})
    make_card(bundle.folder, card_parts(bundle.folder))
    return 0


def _write(bundle: Bundle, name: str, measured: dict[str, Any]) -> None:
    text = json.dumps(measured, indent=2, ensure_ascii=False) + "\n"
    (bundle.folder / f"{name}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
