"""The halo of a part-solid nodule belongs to it, the blur of a solid one's edge does not, and a vessel beside is no nodule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from screening.dicom.volume import Volume
from screening.scoring.lung_candidates import Lungs
from screening.scoring.lung_measure import Outline, axes_mm, with_halo
from screening.scoring.lung_reading import _largest
from training.phantoms_lung import volume_of

MM = 0.7
MIDDLE = 80


def drawn(core_mm: float, whole_mm: float, glass: float = -600.0, vessel_mm: float = 0.0) -> tuple[Volume, Lungs]:
    """A core in a halo in lung, blurred and noisy as a low-dose scan, a vessel leaving it to one side."""
    y, x = np.ogrid[:161, :161]
    away = np.hypot(y - MIDDLE, x - MIDDLE) * MM
    plane = np.full((161, 161), -860.0)
    plane[away < whole_mm / 2] = glass
    plane[away < core_mm / 2] = 20.0
    plane[(np.abs(y - MIDDLE) * MM < vessel_mm / 2) & (x > MIDDLE)] = 40.0
    noise = np.random.default_rng(1).normal(0.0, 25.0, (3, 161, 161))
    hu = ndimage.gaussian_filter(np.stack([plane] * 3), (0, 0.75, 0.75)) + noise
    return volume_of(np.rint(hu).astype(np.int16), 2.0, MM), Lungs(np.ones((3, 80, 80), bool), 2, 4000.0, np.ones(3))


def disc(diameter_mm: float) -> Outline:
    """What a network would have outlined."""
    y, x = np.mgrid[:161, :161]
    level = diameter_mm / 2 - np.hypot(y - MIDDLE, x - MIDDLE) * MM
    rows, columns = np.nonzero(level > 0)
    return Outline((rows, columns), (0, 0), level, 0.0)


def width(outline: Outline | None) -> float:
    assert outline is not None
    return float(np.mean(axes_mm(outline.polygon, (2.0, MM, MM))))


@pytest.mark.parametrize(("core_mm", "whole_mm"), [(5.0, 10.0), (6.0, 14.0), (8.0, 18.0)])
def test_the_halo_around_a_core_is_measured_with_it(core_mm: float, whole_mm: float) -> None:
    volume, lungs = drawn(core_mm, whole_mm)
    assert width(with_halo(disc(core_mm), volume, lungs, 1)) == pytest.approx(whole_mm, abs=1.5)


@pytest.mark.parametrize("diameter_mm", [5.0, 8.0, 15.0])
def test_the_blurred_edge_of_a_solid_nodule_is_no_halo(diameter_mm: float) -> None:
    volume, lungs = drawn(diameter_mm, diameter_mm)
    assert with_halo(disc(diameter_mm), volume, lungs, 1) is None


def test_a_part_of_ground_glass_grows_to_all_of_it() -> None:
    volume, lungs = drawn(0.0, 12.0)
    assert width(with_halo(disc(9.0), volume, lungs, 1)) == pytest.approx(12.0, abs=1.2)


def test_a_vessel_that_leaves_the_nodule_hides_its_edge_there_and_is_not_outlined() -> None:
    volume, lungs = drawn(6.0, 13.0, vessel_mm=3.0)
    assert width(with_halo(disc(6.0), volume, lungs, 1)) == pytest.approx(13.0, abs=1.5)


def test_without_lung_around_there_is_nothing_to_compare_with() -> None:
    volume, lungs = drawn(5.0, 10.0)
    nowhere = Lungs(np.zeros_like(lungs.mask), lungs.step, 0.0, np.zeros(3))
    assert with_halo(disc(5.0), volume, nowhere, 1) is None


def test_a_nodule_is_measured_where_it_was_found_and_not_on_the_vessel_it_hangs_on() -> None:
    volume, _lungs = drawn(5.0, 5.0)
    outlines = {10: disc(5.0), 11: disc(5.2), 14: disc(6.0)}
    assert _largest(outlines, 10, volume) == 11
    assert _largest({10: disc(14.0), 12: disc(16.0)}, 10, volume) == 12
