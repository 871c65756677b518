"""The quick search finds what the plain one found: its parts against the textbook's way, the whole against stored findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from config.data import data_folder
from screening.dicom.volume import Volume, build_volume, choose_axial_series
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.scoring.lung import MOST_CANDIDATES, LungScorer
from screening.scoring.lung_candidates import SOLID, closed_by, find_candidates, find_lungs, grid_step, pooled
from screening.scoring.lung_patches import context_planes, scan_patches
from screening.scoring.lung_scales import peaks_of, smoothed
from screening.scoring.types import RunContext, StudyInput
from tests.scoring.test_runtime_memory import headers_and_files
from training.phantoms_lung import volume_of
from training.second_stage_lung import real_scan

BEFORE = json.loads((Path(__file__).parent / "findings_before.json").read_text(encoding="utf-8"))["scans"]
REAL = data_folder() / "dicom" / "chest_ct_screening_nlst"


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).random(shape).astype(np.float32)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_cells_hold_the_means_of_their_pixels(step: int) -> None:
    hu = np.random.default_rng(2).integers(-1024, 3072, (3, 31, 33)).astype(np.int16)
    rows, columns = 31 // step * step, 33 // step * step
    means = hu[:, :rows, :columns].reshape(3, rows // step, step, columns // step, step).mean((2, 4), dtype=np.float32)
    assert np.abs(pooled(volume_of(hu, 1.0, 0.7), step) - means).max() <= 0.5


@pytest.mark.parametrize("radius", [1, 4, 7])
def test_lungs_are_closed_as_by_distance(radius: int) -> None:
    mask = ndimage.gaussian_filter(noise(20, 60, 70), (0, 3, 3)) > 0.5
    for plane, closed in zip(mask, closed_by(mask, radius), strict=True):
        padded = np.pad(plane, radius + 1)
        grown = ndimage.distance_transform_edt(~padded) <= radius
        inner = slice(radius + 1, -radius - 1)
        by_distance = (ndimage.distance_transform_edt(grown) > radius)[inner, inner]
        assert (closed == ndimage.binary_fill_holes(by_distance | plane)).all()


@pytest.mark.parametrize("steps", [(1, 1, 1), (2, 1, 2), (2, 2, 2)])
@pytest.mark.parametrize("sigma", [1.2, 4.9])
def test_smoothing_by_matrices_is_the_gaussian(sigma: float, steps: tuple[int, int, int]) -> None:
    grey, spacing = noise(31, 50, 41), (1.0, 0.7, 1.3)
    plain = ndimage.gaussian_filter(grey, [sigma / step for step in spacing], truncate=3.0)
    every = plain[:: steps[0], :: steps[1], :: steps[2]]
    assert smoothed(grey, sigma, spacing, steps) == pytest.approx(every, abs=1e-5)


@pytest.mark.parametrize("sigma", [1.6, 2.8, 4.9])
def test_a_ball_has_its_peak_in_its_middle_whatever_grid_its_scale_has(sigma: float) -> None:
    z, y, x = np.ogrid[:60, :61, :62]
    middle, spacing = (29, 33, 30), (1.0, 1.3, 1.3)
    away = sum(((axis - at) * mm) ** 2 for axis, at, mm in zip((z, y, x), middle, spacing, strict=True))
    hu = np.where(away < 3.0 * sigma**2, 40, -860).astype(np.int16)
    peaks = peaks_of(hu, np.ones(hu.shape, bool), spacing, SOLID)
    best = peaks[peaks[:, 3].argmax()]
    assert np.abs(best[:3] - middle).max() <= 1
    assert best[5] == pytest.approx(sigma, rel=0.35)
    assert best[4] > 0.6


def test_planes_made_together_and_planes_made_before_are_the_planes_made_alone() -> None:
    hu = np.random.default_rng(3).integers(-1000, 200, (9, 90, 95)).astype(np.int16)
    spacing = (1.0, 0.6, 0.6)
    offsets = (np.arange(128) - 63.5) * 0.7
    y, x = np.meshgrid(40 + offsets / 0.6, 50 + offsets / 0.6, indexing="ij")
    alone = ndimage.map_coordinates(hu[4].astype(np.float32), [y, x], order=1, mode="constant", cval=-1024.0)
    inside = (y >= 0) & (y <= 89) & (x >= 0) & (x <= 94)
    together = context_planes(hu, [2, 4], (40, 50), spacing[1:])
    assert np.abs(together[1] - alone)[inside].max() < 0.01
    assert (together[1][~inside] == -1024.0).all()
    known: dict[int, np.ndarray] = {}
    first = scan_patches(hu, [4], (40, 50), spacing, known)
    assert sorted(known) == [2, 4, 6]
    assert (scan_patches(hu, [2, 4], (40, 50), spacing, known)[1] == first[0]).all()
    assert (scan_patches(hu, [2, 4], (40, 50), spacing) == scan_patches(hu, [2, 4], (40, 50), spacing, known)).all()


@pytest.fixture(scope="module")
def phantom() -> Volume:
    chest = chest_ct(5, [NoduleSpec(11.0, "solid", "RUL"), NoduleSpec(15.0, "part_solid", "LLL")], slices=76)
    study = StudyInput(chest.study_uid, headers_and_files(chest.datasets))
    return build_volume(choose_axial_series(study, prefer_sharp=True))


@dataclass(frozen=True)
class Scan:
    """What the shipped model makes of one scan today, beside what was marked before.

    sizes: mean diameters in mm that the marks have now, in their order in the file, within SIZE_MM. drawn: as the
    phantom was drawn, within DRAWN_MM; empty where nobody knows. more: marks beside those from before.
    """

    sizes: tuple[float, ...]
    drawn: tuple[float, ...]
    more: int


# Measured: 15.7 mm for the part-solid nodule of 15.0 mm, whose halo the search of before did not measure, and 11.2 mm
# for the solid one of 11.0 mm. The phantom has two marks more, of 6 and 7 mm where no nodule was drawn; the real chest none.
SCANS = {
    "phantom": Scan(sizes=(15.7, 11.2), drawn=(15.0, 11.0), more=2),
    "real": Scan(sizes=(19.8, 12.9), drawn=(), more=0),
}
SIZE_MM, DRAWN_MM = 0.2, 0.8


@pytest.fixture(
    params=[
        "phantom",
        pytest.param(
            "real",
            marks=[
                pytest.mark.data,
                pytest.mark.skipif(not REAL.is_dir(), reason="FIRSTREAD_DATA has no screening chest CT"),
            ],
        ),
    ]
)
def scan(request: pytest.FixtureRequest) -> tuple[str, Volume]:
    name = request.param
    return name, request.getfixturevalue("phantom") if name == "phantom" else real_scan(REAL)


def test_a_scan_keeps_the_marks_it_had_before(scan: tuple[str, Volume]) -> None:
    name, volume = scan
    before, now = BEFORE[name], SCANS[name]
    step = grid_step(volume)
    coarse = pooled(volume, step)
    lungs = find_lungs(volume, coarse, step)
    assert lungs.millilitres == pytest.approx(before["millilitres"], abs=0.1)
    assert int(lungs.mask.sum()) == before["mask_cells"]
    spacing = np.array(volume.spacing)
    found = np.array([one.voxel for one in find_candidates(volume, coarse, lungs, MOST_CANDIDATES)]) * spacing
    wanted = np.array(before["candidates"]) * spacing
    assert len(found) <= MOST_CANDIDATES
    assert (np.linalg.norm(found[None] - wanted[:, None], axis=2).min(1) <= 2.5).all()
    _lungs, nodules, _below = LungScorer().nodules_in(volume, RunContext())
    assert len(nodules) == len(before["marked"]) + now.more
    left = list(nodules)
    for place, told in enumerate(before["marked"]):
        x0, y0, x1, y1 = told["box"]
        row, column = (y0 + y1) / 2, (x0 + x1) / 2
        (same,) = (
            nodule
            for nodule in left
            if nodule.outline.box[0] < column < nodule.outline.box[2]
            and nodule.outline.box[1] < row < nodule.outline.box[3]
            and abs(nodule.slice - told["slice"]) <= 1
        )
        left.remove(same)
        assert same.lobe == told["lobe"]
        assert same.measure.diameter_mm == pytest.approx(now.sizes[place], abs=SIZE_MM)
        if now.drawn:
            assert same.measure.diameter_mm == pytest.approx(now.drawn[place], abs=DRAWN_MM)
    # What is marked besides is smaller than any of those.
    assert all(nodule.measure.diameter_mm < min(now.sizes) for nodule in left)
