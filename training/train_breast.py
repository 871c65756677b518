"""Train the breast bundle: `python -m training.train_breast [--data DIR] [--work DIR] [--out DIR]`.

Four folds by woman. In each, a detector of masses and a grader of density are trained without the fold's women and
read their films; the bundle holds all four pairs. On their out-of-fold readings the small models are fitted
and every figure of the card is measured. Finished parts are kept in the work folder: a stopped run goes on there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from screening.scoring.breast_reading import FilmReading, Mark, Network, read_films
from screening.scoring.bundle import BUNDLES
from screening.scoring.networks.breast import BreastNet, DensityGrader, MassDetector
from training.bundle_breast import write_bundle
from training.checkpoints import Checkpoints, digest_of_files
from training.datasets_breast import CBIS, MIAS, Case, folds_by_woman, load_folder
from training.fit_breast_detector import STEPS as DETECTOR_STEPS
from training.fit_breast_detector import train_detector
from training.fit_breast_grader import STEPS as GRADER_STEPS
from training.fit_breast_grader import train_grader
from training.options import add_options

FOLDS = 4
SEED = 7
Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.train_breast", description=__doc__)
    add_options(parser, "breast")
    parser.add_argument("--out", type=Path, default=BUNDLES / "breast-film")
    parser.add_argument("--detector-steps", type=int, default=DETECTOR_STEPS)
    parser.add_argument("--grader-steps", type=int, default=GRADER_STEPS)
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda":
        parser.error("The breast networks are small and train on the processor; there is no other way yet.")
    torch.set_num_threads(1)
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {text}\n")
        sys.stderr.flush()

    cases = load_folder(chosen.data / MIAS) + load_folder(chosen.data / CBIS)
    say(f"{len(cases)} films")
    kept = Checkpoints(
        chosen.work,
        {
            "data": digest_of_files(chosen.data / name / "images.csv" for name in (MIAS, CBIS)),
            "films": len(cases),
            "folds": FOLDS,
            "seed": SEED,
            "steps": [chosen.detector_steps, chosen.grader_steps],
        },
    )
    fold_of = folds_by_woman(cases, FOLDS, SEED)
    members = BreastNet(FOLDS)
    readings: dict[int, FilmReading] = {}
    for fold in range(FOLDS):
        inside = np.flatnonzero(fold_of == fold)
        others = [cases[place] for place in np.flatnonzero(fold_of != fold)]
        member = _member(kept, fold, others, (chosen.detector_steps, chosen.grader_steps), say)
        members.detectors[fold] = member.detectors[0]
        members.graders[fold] = member.graders[0]
        read = _readings(kept, fold, member, [cases[place] for place in inside], say)
        readings.update(zip(inside.tolist(), read, strict=True))
    ordered = [readings[place] for place in range(len(cases))]
    write_bundle(
        chosen.out, members.state_dict(), cases, ordered, fold_of, (chosen.detector_steps, chosen.grader_steps)
    )
    say(f"written to {chosen.out}")
    return 0


def as_function(network: BreastNet) -> Network:
    """The network as numpy in, numpy out, as the engine of a bundle gives it, in bfloat16."""

    def run(inputs: np.ndarray) -> Mapping[str, np.ndarray]:
        batch = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = network(batch.contiguous(memory_format=torch.channels_last))
        return {name: value.float().numpy() for name, value in outputs.items()}

    return run


def _member(kept: Checkpoints, fold: int, others: list[Case], steps: tuple[int, int], say: Say) -> BreastNet:
    member = BreastNet(1)
    member.detectors[0] = _network(
        kept,
        f"detector-{fold}",
        MassDetector(),
        lambda report: train_detector(others, steps[0], SEED + fold, report),
        say,
    )
    member.graders[0] = _network(
        kept, f"grader-{fold}", DensityGrader(), lambda report: train_grader(others, steps[1], SEED + fold, report), say
    )
    return member.eval()


def _network(kept: Checkpoints, name: str, empty: nn.Module, train: Callable[[Say], nn.Module], say: Say) -> nn.Module:
    """The network kept under `name`, or trained now and kept."""
    found = kept.load(name)
    if found is not None:
        say(f"{name} was there")
        empty.load_state_dict(found.tensors)
        return empty
    network = train(lambda text: say(f"{name} {text}"))
    kept.save(name, network.state_dict())
    return network


def _readings(kept: Checkpoints, fold: int, member: BreastNet, cases: Sequence[Case], say: Say) -> list[FilmReading]:
    """What a fold's networks say of its films, read now and kept, or as kept."""
    name = f"reading-{fold}"
    found = kept.load(name)
    if found is not None:
        say(f"{name} was there")
        return _unpacked({key: value.numpy() for key, value in found.tensors.items()})
    readings = read_films(as_function(member), [case.film for case in cases])
    kept.save(name, {key: torch.from_numpy(value) for key, value in _packed(readings).items()})
    say(f"{name} of {len(cases)} films")
    return readings


def _packed(readings: Sequence[FilmReading]) -> dict[str, np.ndarray]:
    marks = [mark for reading in readings for mark in reading.marks]
    return {
        "count": np.array([len(reading.marks) for reading in readings]),
        "box": np.array([mark.box for mark in marks], dtype=np.float64),
        "strength": np.array([mark.heat for mark in marks], dtype=np.float64),
        "numbers": np.stack([mark.numbers for mark in marks]).astype(np.float64),
        "grades": np.stack([reading.grades for reading in readings]).astype(np.float64),
        "heat": np.stack([reading.heat for reading in readings]).astype(np.float32),
    }


def _unpacked(arrays: Mapping[str, np.ndarray]) -> list[FilmReading]:
    marks = [
        Mark((float(box[0]), float(box[1]), float(box[2]), float(box[3])), float(heat), numbers)
        for box, heat, numbers in zip(arrays["box"], arrays["strength"], arrays["numbers"], strict=True)
    ]
    ends = np.cumsum(arrays["count"]).tolist()
    return [
        FilmReading(tuple(marks[start:end]), grades, heat)
        for start, end, grades, heat in zip([0, *ends[:-1]], ends, arrays["grades"], arrays["heat"], strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main())
