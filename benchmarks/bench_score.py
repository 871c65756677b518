"""How long a score takes and what the engine makes of it: `python -m benchmarks.bench_score [--programme P] [--real] [--long]`.

One JSON line for each study: a phantom of each programme (a chest of 300 slices, a head of 30, four views), with
`--real` also the real studies of FIRSTREAD_DATA, with `--long` also a chest of 1,000 slices. Every study is
scored in a process of its own.

seconds     on the clock and on the processor (user + system), of a study in a warm worker (best of the rounds),
            and of the first one from the start of the process: interpreter, imports, bundle and probe included.
peak_mb     of the process's resident memory after these (VmHWM), before the comparisons.
plain       the same programme with the same inputs through the same network as it was trained: float32, layer by layer,
            one item at a time. Ratios of processor seconds, of the network alone and of the whole score.
            `equal`: the same state, verdict, category, band, tier, limitations, and findings by type, image and place.
half_overlap  the plain way to look everywhere: windows of the network's own size, each overlapping the next by
            half, over every slice where a window touches the lungs (lung), over the whole picture (brain, breast).
            The windows are counted, their seconds are the count by what one item took above on the quick engine.
            `network`: to the network's seconds of the programme; `score`: these seconds alone to the whole score.
share_of_peak  floating point operations the network did a second, to those of a matrix product in the same
            precision on the same device, measured beside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from config.data import data_folder
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, as_bytes, make_uid

LONG = 1000
NODULES = [NoduleSpec(9.0, "solid", "RUL"), NoduleSpec(14.0, "part_solid", "LLL"), NoduleSpec(7.0, "solid", "RLL")]
PHANTOMS: dict[str, Callable[[], PhantomStudy]] = {
    "lung": lambda: chest_ct(7, NODULES, slices=300, slice_mm=1.0, size=512),
    "brain": lambda: head_ct(11, BleedSpec(), slices=30),
    "breast": lambda: mammogram(12, MassSpec()),
}
REAL = {"lung": "chest_ct_screening_nlst", "brain": "head_ct_ge", "breast": "mammogram_ge"}


def write_phantom(programme: str, folder: Path, slices: int = 0) -> None:
    """A phantom's images as files; with `slices` drawn out to so many, each between its neighbours."""
    study = PHANTOMS[programme]()
    count = slices or len(study.datasets)
    reach = (len(study.datasets) - 1) / (count - 1)
    for number in range(count):
        low = min(int(number * reach), len(study.datasets) - 2)
        dataset = study.datasets[low] if slices else study.datasets[number]
        if slices:
            dataset = pydicom.dcmread(BytesIO(as_bytes(dataset)))
            _place_between(dataset, study.datasets[low], study.datasets[low + 1], number * reach - low)
            dataset.InstanceNumber = number + 1
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = make_uid("drawn out", number)
        (folder / f"{number:04d}.dcm").write_bytes(as_bytes(dataset))


def _place_between(dataset: Any, low: Any, high: Any, part: float) -> None:
    first, second = low.pixel_array, high.pixel_array
    dataset.PixelData = np.rint(first * (1 - part) + second * part).astype(first.dtype).tobytes()
    heights = float(low.ImagePositionPatient[2]), float(high.ImagePositionPatient[2])
    dataset.ImagePositionPatient[2] = f"{heights[0] + part * (heights[1] - heights[0]):.4f}"


def child(module: str, *arguments: object) -> str:
    """Run a module in a process of its own; its output."""
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *map(str, arguments)]
    return subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "BENCH_STARTED": str(time.time())},
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programme", choices=sorted(PHANTOMS), action="append")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=2, help="warm scores, of which the best counts")
    parser.add_argument("--real", action="store_true", help="also the real studies of FIRSTREAD_DATA")
    parser.add_argument("--long", action="store_true", help=f"also a chest of {LONG} slices")
    parser.add_argument("--make", type=int, metavar="SLICES", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    programmes = chosen.programme or list(PHANTOMS)
    if chosen.make is not None:
        write_phantom(programmes[0], chosen.folder, chosen.make)
        return

    def line(programme: str, name: str, folder: Path, rounds: int) -> None:
        options = ("--programme", programme, "--name", name, "--folder", folder, "--device", chosen.device)
        sys.stdout.write(child("score_once", *options, "--rounds", rounds))
        sys.stdout.flush()

    for programme in programmes:
        for slices in (0, LONG) if chosen.long and programme == "lung" else (0,):
            with tempfile.TemporaryDirectory(prefix="firstread-benchmark-") as folder:
                child("bench_score", "--programme", programme, "--make", slices, "--folder", folder)
                name = f"phantom drawn out to {LONG} slices" if slices else "phantom"
                line(programme, name, Path(folder), 0 if slices else max(1, chosen.rounds))
        real = data_folder() / "dicom" / REAL[programme]
        if chosen.real and real.is_dir():
            line(programme, real.name, real, max(1, chosen.rounds))


if __name__ == "__main__":
    main()
