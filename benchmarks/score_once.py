"""One study scored in this process and measured; `bench_score` calls it: `python -m benchmarks.score_once …`.

What the line's words mean stands in `bench_score`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import torch
from torch.utils.flop_counter import FlopCounterMode

from screening.dicom.volume import build_volume, choose_axial_series
from screening.scoring import runtime
from screening.scoring.bundle import BUNDLES, Bundle, load_bundle
from screening.scoring.lung_candidates import find_lungs, grid_step, pooled
from screening.scoring.registry import score_study
from screening.scoring.runtime import Engine
from screening.scoring.types import InstanceInput, RunContext, ScoreResult, StudyInput

TARGET_S = {"cpu": {"lung": 30.0, "brain": 5.0, "breast": 8.0}, "cuda": {"lung": 3.0, "brain": 1.0, "breast": 1.0}}
# What one input of the network covers: rows, columns in mm.
WINDOW_MM = {"lung": (44.8, 44.8), "brain": (190.0, 190.0), "breast": (240.0, 144.0)}
PEAK_SIZE = {"cpu": 2048, "cuda": 8192}


class Metered:
    """An engine that counts its items and their seconds. one_by_one: whatever batch is asked for."""

    def __init__(self, engine: Any, one_by_one: bool = False) -> None:
        self.engine, self.one_by_one = engine, one_by_one
        self.items, self.wall, self.processor = 0, 0.0, 0.0
        self.shape: tuple[int, ...] = ()

    def __call__(
        self,
        inputs: np.ndarray,
        batch_size: int | None = None,
        between: Callable[[float], None] = lambda _done: None,
    ) -> dict[str, np.ndarray]:
        wall, processor = time.perf_counter(), time.process_time()
        outputs = self.engine(inputs, 1 if self.one_by_one else batch_size, between)
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor
        self.items += len(inputs)
        self.shape = inputs.shape[1:]
        return dict(outputs)


def files_of(folder: Path) -> StudyInput:
    """The images of a folder as one study, read when they are needed."""
    instances = [
        InstanceInput(pydicom.dcmread(path, stop_before_pixels=True), partial(Path.read_bytes, path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.read_bytes()[128:132] == b"DICM"
    ]
    return StudyInput(str(instances[0].dataset.StudyInstanceUID), tuple(instances))


def covering(extent_mm: float, window_mm: float) -> int:
    """How many windows, each overlapping the next by half, cover an extent."""
    return max(1, math.ceil((extent_mm - window_mm) / (window_mm / 2) - 1e-9) + 1)


def half_overlap_windows(programme: str, study: StudyInput) -> tuple[int, int]:
    """(windows of the plain way, pictures they lie on): slices for CT, views for mammography."""
    high, wide = WINDOW_MM[programme]
    if programme == "lung":
        return _lung_windows(study, high)
    total = 0
    for instance in study.instances:
        header = instance.dataset
        spacing = header.get("PixelSpacing") or header.get("ImagerPixelSpacing") or (0.2, 0.2)
        rows, columns = header.Rows * float(spacing[0]), header.Columns * float(spacing[1])
        total += covering(rows, high) * covering(columns, wide)
    return total, len(study.instances)


def _lung_windows(study: StudyInput, window_mm: float) -> tuple[int, int]:
    volume = build_volume(choose_axial_series(study, prefer_sharp=True))
    step = grid_step(volume)
    lungs = find_lungs(volume, pooled(volume, step), step)
    size = max(2, round(window_mm / (volume.spacing[1] * step)))
    total = 0
    for plane in lungs.mask:
        grid = np.array([covering(length, size) for length in plane.shape])
        starts = [
            np.minimum(np.arange(n) * size // 2, max(0, m - size)) for n, m in zip(grid, plane.shape, strict=True)
        ]
        total += sum(bool(plane[top : top + size, left : left + size].any()) for top in starts[0] for left in starts[1])
    return total, len(lungs.mask)


def compared(quick: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    """Whether two results say the same, and the largest differences of their numbers."""
    names = ("state", "reason", "above_threshold", "category", "band", "tier", "limitations")
    ours, theirs = quick["findings"], plain["findings"]
    equal = all(quick[name] == plain[name] for name in names) and len(ours) == len(theirs)
    pairs = list(zip(ours, theirs, strict=False))
    equal = equal and all(
        (a["type"], a["sop_uid"], a["location"]) == (b["type"], b["sop_uid"], b["location"]) for a, b in pairs
    )
    return {
        "equal": equal,
        "findings": len(theirs),
        "score_difference": round(abs((quick["score"] or 0.0) - (plain["score"] or 0.0)), 4),
        "probability_difference": round(max([abs(a["probability"] - b["probability"]) for a, b in pairs] or [0.0]), 4),
        "size_difference_mm": round(max([abs((a["size_mm"] or 0) - (b["size_mm"] or 0)) for a, b in pairs] or [0]), 1),
    }


def peak_mb() -> int:
    """The most resident memory of this process so far, MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024)
    return 0


def timed(programme: str, study: StudyInput, device: str) -> tuple[float, float, ScoreResult]:
    """Seconds on the clock, seconds on the processor, and the result of one score."""
    wall, processor = time.perf_counter(), time.process_time()
    result = score_study(programme, study, RunContext(device=device))
    return time.perf_counter() - wall, time.process_time() - processor, result


def measure(programme: str, folder: Path, device: str, rounds: int) -> dict[str, Any]:
    """The line of one study: first, warm, plain. Without rounds the first score and its memory only."""
    device = runtime.choose_device(device)
    study = files_of(folder)
    first = timed(programme, study, device)[2].as_json()
    line: dict[str, Any] = {
        "programme": programme,
        "images": len(study.instances),
        "model": f"{first['model']['name']} {first['model']['version']}",
        "device": device,
        "cores": runtime.usable_cores(),
        "load": round(os.getloadavg()[0], 1),
        "state": first["state"],
        "findings": len(first["findings"]),
        "seconds_with_start": {
            "wall": round(time.time() - float(os.environ["BENCH_STARTED"]), 2),
            "cpu": round(time.process_time(), 2),
        },
        "target_s": TARGET_S["cuda" if device == "cuda" else "cpu"][programme],
    }
    if rounds:
        line |= comparisons(programme, study, device, rounds)
    return {"peak_mb": peak_mb(), **line} if not rounds else line


def comparisons(programme: str, study: StudyInput, device: str, rounds: int) -> dict[str, Any]:
    """Warm seconds and memory, then the same score with the plain network, and the windows of the plain way."""
    bundle = bundle_of(programme)
    quick = Metered(runtime.engine_for(bundle, device))
    (key,) = runtime._ENGINES
    runtime._ENGINES[key] = quick  # type: ignore[assignment]
    warm = [timed(programme, study, device) for _ in range(rounds)]
    peak = peak_mb()
    wall, processor = min(one[0] for one in warm), min(one[1] for one in warm)
    plain = Metered(Engine(bundle, device, plain=True), one_by_one=True)
    runtime._ENGINES[key] = plain  # type: ignore[assignment]
    plain_score = timed(programme, study, device)
    told = {"seconds": {"wall": round(wall, 2), "cpu": round(processor, 2)}, "peak_mb": peak}
    told["plain"] = compared(warm[0][2].as_json(), plain_score[2].as_json())
    told["plain"]["score_ratio"] = round(plain_score[1] / processor, 2)
    if not quick.items:
        return {**told, "network": None}
    items, network = quick.items // rounds, quick.processor / rounds
    told["plain"]["network_ratio"] = round(plain.processor / network, 1)
    told["network"] = {
        "precision": quick.engine.precision(quick.shape),
        "items": items,
        "cpu_s": round(network, 2),
        "share_of_peak": share_of_peak(bundle, quick, items, rounds, device),
    }
    windows, pictures = half_overlap_windows(programme, study)
    # A patch network read `items` patches; one that reads whole pictures read each of them so many times.
    more = windows / (items if programme == "lung" else pictures)
    told["half_overlap"] = {
        "windows": windows,
        "network_ratio": round(more, 1),
        "score_ratio": round(more * network / processor, 2),
    }
    return told


def bundle_of(programme: str) -> Bundle:
    bundles = (load_bundle(path.parent.name) for path in sorted(BUNDLES.glob("*/model.json")))
    return next(bundle for bundle in bundles if bundle.metadata["programme"] == programme)


def share_of_peak(bundle: Bundle, quick: Metered, items: int, rounds: int, device: str) -> float:
    """The part of the device's own rate (a matrix product in the same precision) that the network reached.

    On a CPU by its own seconds, which neighbours on the machine disturb less; on a GPU by the clock's.
    """
    clock, seconds = (time.perf_counter, quick.wall) if device == "cuda" else (time.process_time, quick.processor)
    plain = Engine(bundle, "cpu", plain=True)
    with FlopCounterMode(display=False) as counter:
        plain(np.zeros((1, *quick.shape), np.float32), 1)
    kind = torch.bfloat16 if quick.engine.precision(quick.shape) == "bfloat16" else torch.float32
    size = PEAK_SIZE[device]
    left = torch.ones((size, size), dtype=kind, device=device)
    best = math.inf
    for _round in range(5):
        began = clock()
        float((left @ left)[0, 0])
        best = min(best, clock() - began)
    return round(counter.get_total_flops() * items * rounds / seconds / (2.0 * size**3 / best), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programme", required=True, choices=sorted(WINDOW_MM))
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--name", required=True, help="what the study is called in the line")
    parser.add_argument("--device", required=True)
    parser.add_argument("--rounds", required=True, type=int)
    chosen = parser.parse_args()
    line = measure(chosen.programme, chosen.folder, chosen.device, chosen.rounds)
    sys.stdout.write(json.dumps({"study": chosen.name, **line}) + "\n")


if __name__ == "__main__":
    main()
