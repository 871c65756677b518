import numpy as np
import pytest

from screening.scoring.networks.brain import HaemorrhageMember
from training.datasets_brain import BrainStudy
from training.measure_brain import CHANGES, recompressed, resampled, windowed
from training.places_brain import Looked, hide, places_of, pooled, summed


def slice_with_a_spot(size=64, column=12):
    plane = np.zeros((5, size, size), np.float16)
    plane[4, 4:-4, 4:-4] = 1.0
    plane[0, 20:30, column : column + 10] = 3.0
    plane[1, 20:30, column : column + 10] = 2.0
    plane[1, 20:30, size - column - 10 : size - column] = -2.0
    return plane


def test_every_change_gives_a_picture_of_greys_and_the_same_one_again():
    picture = np.clip(np.random.default_rng(0).normal(110, 30, (400, 400)), 0, 255).astype(np.float32)
    for change in CHANGES.values():
        changed = change(picture)
        assert changed.min() >= 0.0
        assert changed.max() <= 255.0
        assert np.array_equal(changed, change(picture))
        assert changed.shape != picture.shape or not np.array_equal(changed, picture)
    assert resampled(picture).shape == (256, 256)
    assert np.abs(recompressed(picture) - picture).mean() < 20


def test_another_window_keeps_the_density_it_shows():
    """100 HU is white in all of them, 40 HU half way between both ends of the window."""
    greys = np.array([[(40 + 20) * 255 / 120, 255.0]], np.float32)
    assert windowed(-20.0, 100.0)(greys) == pytest.approx(greys)
    assert windowed(-10.0, 90.0)(greys)[0] == pytest.approx([127.5, 255.0])


def test_hiding_a_place_takes_its_brightness_and_its_mirrored_difference_and_leaves_the_rest():
    plane = slice_with_a_spot()
    hidden = hide(plane, np.array([25.0, 17.0]))
    assert np.abs(hidden[0, 22:28, 14:20]).max() < 0.5
    assert np.abs(hidden[1, 22:28, 44:50]).max() < 0.5
    assert np.array_equal(hidden[4], plane[4])
    far = hide(plane, np.array([55.0, 55.0]))
    assert far[0, 22:28, 14:20].min() > 2.9


def test_cells_are_means():
    assert pooled(np.arange(16.0).reshape(4, 4), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_every_positive_slice_is_looked_at_and_its_strongest_place_is_brain():
    plane = slice_with_a_spot(96, 20)
    study = BrainStudy("a", np.stack([plane] * 3), np.array([0, 1, 1]), np.arange(3), np.full(3, 9000.0), ("x",) * 3)
    looked = places_of(study, [HaemorrhageMember(width=8).eval()])
    assert len(looked) == 2
    assert all(item.peak_inside for item in looked)


def test_shares_count_the_slices_they_say():
    good, bad = Looked(2.0, True, 1.0, False, 1.0, 0.1), Looked(0.0, False, 0.2, True, 0.0, 0.1)
    rows = summed([good, good, good, bad])
    assert rows["slices"] == 4
    assert rows["peak_inside"] == 0.75
    assert rows["darker"] == 0.25
    assert rows["rows"]["strongest place inside the brain, all positive slices"] == "3 of 4 (75.0 %)"
    assert rows["rows"]["strongest place inside the brain, the stronger half of them"] == "3 of 3 (100.0 %)"
