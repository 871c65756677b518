import numpy as np
import pytest

from screening.scoring.breast_density import DENSITY_FEATURES, density_features
from screening.scoring.breast_film import Film, prepare_film
from screening.scoring.breast_lesion import LESION_FEATURES, lesion_features

RING_RATIO = 9 + 5 + 3  # log ratio of radial to ring-like lines, finest scale, first ring around the middle


def film(picture):
    """A film whose detail is this grey picture (600, 360), all of it breast."""
    return Film(
        np.zeros((2, 480, 288), np.float32),
        np.ones((480, 288), bool),
        (1.0, 1.0),
        (0.0, 0.0),
        False,
        288,
        0.5,
        picture.astype(np.float16),
    )


def drawn(lines, seed=0):
    """Grain with a bright spot at (180, 300) of the detail, and rays or rings around it."""
    rows, columns = np.mgrid[:600, :360] - np.array([300, 180])[:, None, None]
    far, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    pattern = {"rays": np.cos(14 * angle), "rings": np.cos(far * 0.9), "none": 0.0}[lines] * (far < 60)
    grain = np.random.default_rng(seed).normal(0.0, 0.005, far.shape)
    return np.clip(0.4 + 0.2 * np.exp(-((far / 14.0) ** 2)) + 0.05 * pattern + grain, 0.01, 1.0)


BOX = (134.0, 230.0, 154.0, 250.0)  # 20 canvas pixels around the spot


def test_rays_towards_the_centre_and_rings_around_it_are_told_apart():
    rays, rings, none = (lesion_features(film(drawn(lines)), BOX) for lines in ("rays", "rings", "none"))
    assert rays.shape == (LESION_FEATURES,)
    assert rays[RING_RATIO] > none[RING_RATIO] + 0.5
    assert rings[RING_RATIO] < none[RING_RATIO] - 0.5


def test_a_mirrored_picture_has_the_same_numbers():
    picture = drawn("rays")
    plain = lesion_features(film(picture), BOX)
    flipped = lesion_features(film(picture[::-1]), BOX)
    # the patch is cut at whole pixels, so mirroring moves it by up to one
    assert np.median(np.abs(flipped - plain)) < 0.02


def test_a_darker_film_has_another_level_but_almost_the_same_look():
    picture = drawn("rays")
    plain, dark = lesion_features(film(picture), BOX), lesion_features(film(picture * 0.5), BOX)
    assert dark[3] == pytest.approx(plain[3] / 2, rel=0.01)
    assert np.corrcoef(plain[5:], dark[5:])[0, 1] > 0.99


def test_a_box_outside_the_breast_has_finite_numbers():
    empty = film(np.zeros((600, 360)))
    assert np.isfinite(lesion_features(empty, (-40.0, -40.0, -20.0, -20.0))).all()


def test_a_denser_breast_has_a_higher_median_and_finite_numbers():
    rows, columns = np.mgrid[:600, :480].astype(np.float32)
    inside = (columns / 260.0) ** 2 + ((rows - 300) / 210.0) ** 2 < 1.0
    gland = (columns / 130.0) ** 2 + ((rows - 300) / 100.0) ** 2 < 1.0
    fatty, dense = (
        density_features(prepare_film(np.where(inside, 0.2 + share * gland, 0.0).astype(np.float32), (0.4, 0.4)))
        for share in (0.05, 0.5)
    )
    assert fatty.shape == (DENSITY_FEATURES,)
    assert np.isfinite(fatty).all()
    assert dense[8] > fatty[8] + 0.2
