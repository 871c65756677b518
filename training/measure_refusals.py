"""How many right inputs are refused: every real study there is, wrapped as DICOM where it is not, and phantoms.

`python -m training.measure_refusals --programme lung|breast|brain [--data DIR]`

Each goes through the whole scorer until its network has begun. Writes `refusals.json` into the bundle:
{source: {"studies", "refused", "reasons": {sentence: count}}}.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from config.data import data_folder
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient, mammogram_dataset
from screening.programmes import PROGRAMMES
from screening.scoring.brain_slices import ASSUMED_PIXEL_MM
from screening.scoring.bundle import BUNDLES
from screening.scoring.registry import score_study
from screening.scoring.types import Cancelled, InstanceInput, RunContext, StudyInput
from training.familiarity_sources import jpeg_films, jpeg_heads

FILE = "refusals.json"
PHANTOMS = 8
# Every scorer reports more than this only after its network's first batch.
NETWORK_BEGUN = 0.5


def inputs_of(datasets: Sequence[Dataset]) -> StudyInput:
    instances = [InstanceInput(item, partial(as_bytes, item)) for item in datasets]
    return StudyInput(str(datasets[0].StudyInstanceUID), instances)


def files_of(folder: Path) -> StudyInput:
    paths = sorted(folder.glob("*.dcm"))
    instances = [InstanceInput(pydicom.dcmread(path, stop_before_pixels=True), path.read_bytes) for path in paths]
    return StudyInput(str(instances[0].dataset.StudyInstanceUID), instances)


def right_inputs(programme: str, data: Path) -> Iterator[tuple[str, StudyInput]]:
    """(source, study) of everything that the programme's model is for. Phantoms: seeds that nothing was fitted on."""
    folders = {"lung": "chest_ct_screening_nlst", "brain": "head_ct_ge", "breast": "mammogram_ge"}
    folder = data / "dicom" / folders[programme]
    if folder.is_dir():
        yield folder.name, files_of(folder)
    if programme == "brain":
        for patient, hu in jpeg_heads(data):
            pixel = ASSUMED_PIXEL_MM
            yield "CT-ICH", inputs_of(
                ct_datasets(
                    hu, (5.0, pixel, pixel), fictional_patient(int(patient)), key=patient, body_part="HEAD", kernel="H31s",
                    study_description="CT HEAD", series_description="Axial",
                )
            )  # fmt: skip
        for seed in range(700, 700 + PHANTOMS):
            yield "phantom", inputs_of(head_ct(seed, (None, BleedSpec("epidural", "left", 25.0))[seed % 2]).datasets)
    if programme == "breast":
        for film in jpeg_films(data):
            woman = fictional_patient(1, sex="F")
            image = mammogram_dataset(film.grey, 0.2, woman, key=film.name, side=film.side, view=film.view)
            yield film.source, inputs_of([image])
        for seed in range(700, 700 + PHANTOMS):
            study = mammogram(seed, MassSpec() if seed % 2 else None, density="abcd"[seed % 4])
            yield "phantom", inputs_of(study.datasets)
    if programme == "lung":
        for seed in range(700, 700 + PHANTOMS):
            size, slices, slice_mm = ((512, 88, 2.5), (256, 60, 4.0))[seed % 2]
            yield "phantom", inputs_of(chest_ct(seed, slices=slices, slice_mm=slice_mm, size=size).datasets)


def reason_of(programme: str, study: StudyInput) -> str | None:
    """Why the study is refused, None when its network begins."""
    done = [0.0]
    context = RunContext(progress=lambda part: done.append(part), cancelled=lambda: done[-1] > NETWORK_BEGUN)
    try:
        return score_study(programme, study, context).reason
    except Cancelled:
        return None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.measure_refusals", description=__doc__)
    parser.add_argument("--programme", required=True, choices=sorted(PROGRAMMES))
    parser.add_argument("--data", type=Path, default=None)
    chosen = parser.parse_args(arguments)
    studies: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for source, study in right_inputs(chosen.programme, chosen.data or data_folder()):
        studies[source] += 1
        reason = reason_of(chosen.programme, study)
        if reason is not None:
            reasons[source][reason] += 1
            sys.stdout.write(f"{source} {studies[source]}: {reason}\n")
        if studies[source] % 20 == 0:
            sys.stdout.write(f"{source} {studies[source]}\n")
        sys.stdout.flush()
    table = {
        source: {"studies": count, "refused": reasons[source].total(), "reasons": dict(reasons[source])}
        for source, count in studies.items()
    }
    path = BUNDLES / PROGRAMMES[chosen.programme].bundle / FILE
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(table) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
