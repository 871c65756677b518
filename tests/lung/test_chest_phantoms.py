"""The synthetic chests: what is asked for is drawn, where it is said to be, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from screening.phantoms.chest import PLACES, NoduleSpec, chest_ct
from screening.phantoms.chest_vessels import bronchi, vessel_tree
from screening.phantoms.headers import PhantomStudy

SMALL = {"slices": 50, "slice_mm": 4.0, "size": 256}


def hounsfield(study: PhantomStudy) -> np.ndarray:
    return np.stack([dataset.pixel_array.astype(int) - 1024 for dataset in study.datasets])


def middle_of(study: PhantomStudy, number: int = 0) -> tuple[int, int, int]:
    nodule = study.truth["nodules"][number]
    x0, y0, x1, y1 = nodule["box"]
    return nodule["slice"], (y0 + y1) // 2, (x0 + x1) // 2


def test_the_same_seed_draws_the_same_chest_and_another_seed_another() -> None:
    first, again, other = (hounsfield(chest_ct(seed, **SMALL)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("place", PLACES)
def test_a_nodule_lies_where_it_was_asked_for(place: str) -> None:
    bare = chest_ct(8, [], **SMALL)
    drawn = chest_ct(8, [NoduleSpec(16.0, "solid", place=place)], **SMALL)
    assert [nodule["place"] for nodule in drawn.truth["nodules"]] == [place]
    slice_, row, column = middle_of(drawn)
    assert hounsfield(drawn)[slice_, row - 1 : row + 2, column - 1 : column + 2].mean() > -150
    reach = 9 if place == "pleural" else 6
    around = hounsfield(bare)[slice_, row - reach : row + reach + 1, column - reach : column + reach + 1]
    if place == "pleural":
        assert (around > -300).mean() > 0.05
    if place in ("free", "fissural"):
        assert (around < -600).mean() > 0.9


def test_ground_glass_is_less_dense_than_solid_and_a_part_solid_has_a_core() -> None:
    specs = [NoduleSpec(18.0, kind, lobe) for kind, lobe in (("solid", "RLL"), ("ground_glass", "LLL"))]
    drawn = chest_ct(9, [*specs, NoduleSpec(18.0, "part_solid", "LUL", core=0.4)], **SMALL)
    hu = hounsfield(drawn)
    kinds = [nodule["type"] for nodule in drawn.truth["nodules"]]
    assert kinds == ["solid", "ground_glass", "part_solid"]
    levels = []
    for number in range(3):
        slice_, row, column = middle_of(drawn, number)
        levels.append(hu[slice_, row - 1 : row + 2, column - 1 : column + 2].mean())
    assert levels[0] > -150 > levels[1]
    assert levels[1] == pytest.approx(-600, abs=90)
    slice_, row, column = middle_of(drawn, 2)
    rim = [hu[slice_, row, column + step] for step in (-5, 5)] + [hu[slice_, row + step, column] for step in (-5, 5)]
    assert levels[2] > np.mean(rim) + 200
    assert drawn.truth["nodules"][2]["core_mm"] == pytest.approx(7.2)


def test_a_lower_dose_and_thinner_slices_are_noisier() -> None:
    def noise(dose: float, slice_mm: float) -> float:
        study = chest_ct(4, [], slices=round(200 / slice_mm), slice_mm=slice_mm, size=256, dose=dose)
        return float(hounsfield(study)[len(study.datasets) // 3, 122:134, 135:160].std())

    usual = noise(1.0, 4.0)
    assert noise(0.25, 4.0) > 1.5 * usual
    assert noise(1.0, 2.0) > 1.15 * usual


def test_vessels_fork_into_thinner_ones_that_reach_the_outer_lung_and_bronchi_go_with_the_thick_ones() -> None:
    lungs = np.ones((60, 110, 110), bool)
    tubes = vessel_tree(lungs, (4.0, 3.0, 3.0), np.random.default_rng(2))
    radii = np.array([tube.radius_end for tube in tubes])
    assert radii.max() > 2.0
    assert (radii < 0.6).sum() > 100
    assert all(tube.radius_end <= tube.radius_start for tube in tubes)
    middle = np.array([0.47 * 240, 165.0, 165.0])
    away = np.array([np.linalg.norm(tube.end - middle) for tube in tubes])
    assert np.median(away[radii < 0.6]) > np.median(away[radii > 2.0])
    airways = bronchi(tubes)
    assert 0 < len(airways) < len(tubes) / 2
    assert max(airway.radius_end for airway in airways) < radii.max()
