"""The evidence image of a finding lies where the finding is, whichever way the picture was turned."""

from __future__ import annotations

import numpy as np
import pytest

from screening.scoring.evidence import MOST_CELLS, heat_map, heat_values


def strongest(stored) -> tuple[float, float]:
    """x, y of the middle of the strongest cell, in pixels of the frame."""
    values = heat_values(stored)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    x0, y0, x1, y1 = stored["box"]
    return x0 + (column + 0.5) * (x1 - x0) / values.shape[1], y0 + (row + 0.5) * (y1 - y0) / values.shape[0]


def spot(shape=(60, 40), at=(10, 30)) -> np.ndarray:
    values = np.zeros(shape, np.float32)
    values[at] = 1.0
    return values


@pytest.mark.parametrize(
    ("mirrored", "flipped", "x", "y"), [(False, False, 61, 21), (True, False, 19, 21), (False, True, 61, 99)]
)
def test_the_strongest_place_is_found_again_in_the_frame_as_stored(mirrored, flipped, x, y):
    stored = heat_map(spot(), (0.0, 0.0, 80.0, 120.0), mirrored, flipped)
    assert strongest(stored) == pytest.approx((x, y), abs=0.01)


def test_a_large_map_is_reduced_and_its_strongest_place_kept():
    values = spot((512, 512), (300, 77))
    values[20:500, 20:500] += 0.2
    stored = heat_map(values, (0.0, 0.0, 512.0, 512.0))
    assert max(heat_values(stored).shape) <= MOST_CELLS
    assert strongest(stored) == pytest.approx((77.5, 300.5), abs=3.0)
    assert heat_values(stored).max() == 1.0


def test_a_map_is_cut_to_what_can_be_seen():
    stored = heat_map(spot((100, 100), (50, 60)), (0.0, 0.0, 100.0, 100.0))
    assert stored["box"] == [60.0, 50.0, 61.0, 51.0]


def test_a_map_without_anything_to_see_is_none():
    assert heat_map(np.zeros((8, 8)), (0.0, 0.0, 8.0, 8.0)) is None
    assert heat_map(np.full((8, 8), np.nan), (0.0, 0.0, 8.0, 8.0)) is None
