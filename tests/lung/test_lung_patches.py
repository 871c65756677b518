"""What the lung network reads must not depend on how a crop was stretched."""

from __future__ import annotations

import numpy as np

from screening.scoring.lung_patches import central_component, normalise, scan_patch, stretch


def lung_crop(highest: float) -> np.ndarray:
    hu = np.random.default_rng(1).normal(-860.0, 12.0, (128, 128))
    hu[:, 90:] = 40.0
    hu[60:70, 30:40] = 20.0
    hu[0:6, 120:128] = highest
    return hu


def test_the_stretch_of_a_crop_does_not_change_what_the_network_reads() -> None:
    pale, dark = normalise(stretch(lung_crop(100.0))), normalise(stretch(lung_crop(2800.0)))
    inside = (slice(20, 120), slice(0, 110))
    assert np.abs(pale[inside] - dark[inside]).max() < 0.05


def test_lung_becomes_zero_and_soft_tissue_one() -> None:
    grey = normalise(stretch(lung_crop(900.0)))
    assert abs(grey[100, 10]) < 0.05
    assert abs(grey[100, 100] - 1.0) < 0.05


def test_a_crop_of_one_grey_is_read_as_nothing_and_not_as_an_error() -> None:
    assert not normalise(np.full((128, 128), 7, np.uint8)).any()


def test_a_patch_at_the_corner_of_a_scan_is_filled_with_air() -> None:
    hu = np.full((5, 200, 200), -860, np.int16)
    patch = scan_patch(hu, (0, 0, 199), (2.0, 0.7, 0.7))
    assert patch.shape == (3, 64, 64)
    assert np.isfinite(patch).all()


def test_the_component_nearest_the_middle_is_kept_and_far_ones_are_not() -> None:
    mask = np.zeros((64, 64), bool)
    mask[28:34, 30:36] = True
    mask[2:20, 2:20] = True
    assert central_component(mask).sum() == 36
    mask[28:34, 30:36] = False
    assert not central_component(mask).any()
