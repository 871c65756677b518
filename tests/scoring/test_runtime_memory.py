"""A scan is held once, in 16 bits: 1,000 slices of 512 × 512 must be scored within 4 GiB."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

from screening.dicom.volume import build_volume
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient
from screening.scoring.registry import score_study
from screening.scoring.types import InstanceInput, RunContext, StudyInput

GIB = 1 << 30
# What a worker holds before the first study: interpreter, torch, networks (measured: 0.35 GiB).
WORKER = GIB // 2
LARGEST_SCAN = 1000 * 512 * 512
BYTES_A_VOXEL = (4 * GIB - WORKER) / LARGEST_SCAN


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that Python and numpy held at once while `work` ran."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def headers_and_files(datasets) -> list[InstanceInput]:
    """Headers without pixels, and files that are made when they are read, as from a disk."""
    instances = []
    for dataset in datasets:
        raw = as_bytes(dataset)
        header = dataset.copy()
        del header.PixelData
        instances.append(InstanceInput(header, lambda raw=raw: raw))
    return instances


@pytest.mark.parametrize("slices", [12, 48])
def test_reading_a_series_needs_the_volume_and_a_few_slices_however_long_it_is(slices):
    hu = np.random.default_rng(1).integers(-1000, 1000, (slices, 256, 256)).astype(np.float32)
    series = headers_and_files(ct_datasets(hu, (1.0, 0.7, 0.7), fictional_patient(1), key="memory"))
    of_a_slice = 256 * 256 * 2
    peak = peak_of(lambda: build_volume(series))
    assert slices * of_a_slice < peak < (slices + 16) * of_a_slice


@pytest.mark.soak
def test_a_chest_is_scored_within_the_bytes_a_voxel_that_the_longest_scan_may_take():
    chest = chest_ct(3, [NoduleSpec(12.0, "solid", "RLL")], slices=44, slice_mm=4.0)
    study = StudyInput(chest.study_uid, headers_and_files(chest.datasets))
    results = []
    peak = peak_of(lambda: results.append(score_study("lung", study, RunContext())))
    assert results[0].state == "scored"
    assert peak / (44 * 512 * 512) < BYTES_A_VOXEL
