"""The second stage learns from what it is shown, is judged on what it was not shown, and shapes are measured as they are."""

from __future__ import annotations

import numpy as np
import pytest

from screening.dicom.volume import Volume
from screening.scoring import lung_candidates
from screening.scoring.lung_candidates import (
    Candidate,
    Lungs,
    find_candidates,
    find_lungs,
    grid_step,
    pooled,
)
from screening.scoring.lung_reading import FEATURES, calibrated, mark_of
from screening.scoring.lung_shape import shape_of
from training.phantoms_lung import volume_of
from training.second_stage_lung import Seen, crossed, fit, fitted_on, marks, matches, tally

SPACING = (1.5, 0.8, 0.8)


def drawing(*, ball_mm: float = 10.0, hu: float = 40.0, tube_mm: float = 0.0, wall: bool = False) -> Volume:
    """A lung of air in a body, with a ball in its middle, a tube through it, or a wall beside it."""
    volume = np.full((60, 160, 160), 40, np.int16)
    z, y, x = np.ogrid[:60, :160, :160]
    lung = ((y - 80) / 70.0) ** 2 + ((x - 80) / 70.0) ** 2 < 1
    volume[np.broadcast_to(lung, volume.shape) & (z > 3) & (z < 56)] = -860
    away = np.sqrt(((z - 30) * SPACING[0]) ** 2 + ((y - 80) * SPACING[1]) ** 2 + ((x - 80) * SPACING[2]) ** 2)
    if tube_mm:
        across = np.sqrt(((z - 30) * SPACING[0]) ** 2 + ((y - 80) * SPACING[1]) ** 2) + 0 * x
        volume[(across < tube_mm / 2) & lung] = 40
    if wall:
        volume[np.broadcast_to((x > 80 + ball_mm / 2 / SPACING[2] - 1) & lung, volume.shape)] = 40
    volume[away < ball_mm / 2] = hu
    volume[:, :3], volume[:, -3:], volume[:, :, :3], volume[:, :, -3:] = (-1000,) * 4
    return volume_of(volume, SPACING[0], SPACING[1])


def found_in(volume: Volume, most: int = 60) -> tuple[Lungs, list[Candidate]]:
    step = grid_step(volume)
    coarse = pooled(volume, step)
    lungs = find_lungs(volume, coarse, step)
    return lungs, find_candidates(volume, coarse, lungs, most)


def near_middle(candidates: list[Candidate], mm: float = 2.5) -> list[Candidate]:
    middle = np.array([30, 80, 80])
    return [one for one in candidates if np.linalg.norm((np.array(one.voxel) - middle) * SPACING) <= mm]


@pytest.mark.parametrize("hu", [40.0, -600.0])
def test_solid_balls_and_ground_glass_are_candidates(hu: float) -> None:
    _lungs, candidates = found_in(drawing(hu=hu))
    assert near_middle(candidates)


def test_what_the_slabs_divide_is_found_once_and_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lung_candidates, "SLAB_MM", 100.0)
    whole = drawing()
    tall = volume_of(np.concatenate([whole.hu[:56], whole.hu[4:56], whole.hu[4:]]), SPACING[0], SPACING[1])
    _lungs, candidates = found_in(tall)
    assert sorted(one.voxel[0] for one in candidates[:3]) == pytest.approx([30, 82, 134], abs=1)


def test_no_more_candidates_than_asked_for() -> None:
    assert len(found_in(drawing(tube_mm=4.0), most=3)[1]) <= 3


def test_a_lone_ball_a_threaded_ball_and_one_at_the_wall_have_different_shapes() -> None:
    def shape(**what: float) -> object:
        volume = drawing(**what)
        return shape_of(volume, found_in(volume)[0], (30, 80, 80), 10.0)

    lone, threaded, leaning = shape(), shape(tube_mm=4.0), shape(wall=True)
    assert lone.arms == 0 and lone.attached < 0.02
    assert threaded.arms == 2 and threaded.attached > lone.attached
    assert leaning.outside + leaning.attached > 0.2
    assert lone.flatness > 0.8
    assert lone.inscribed == pytest.approx(1.0, abs=0.25)


def test_a_tube_alone_is_long_and_full() -> None:
    volume = drawing(ball_mm=0.1, tube_mm=6.0)
    tube = shape_of(volume, found_in(volume)[0], (30, 80, 80), 6.0)
    ball_volume = drawing(ball_mm=6.0)
    ball = shape_of(ball_volume, found_in(ball_volume)[0], (30, 80, 80), 6.0)
    assert tube.fullness > 2 * ball.fullness
    assert tube.elongation < 0.8 < ball.elongation


def scans(count: int, seed: int = 1) -> list[Seen]:
    """Chests in which the first feature tells nodules from the rest."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        truth = np.array([0, 1] + [-1] * 20)
        features = rng.normal(0, 1, (22, len(FEATURES)))
        features[:, 0] += np.where(truth >= 0, 3.0, -1.0)
        features[:, FEATURES.index("ground_glass")] = rng.integers(0, 2, 22)
        nodules = [{"diameter_mm": 9.0}, {"diameter_mm": 5.0}]
        made.append(Seen(str(number), features, np.where(truth == 1, 5.0, 9.0), truth, nodules))
    return made


def test_the_second_stage_tells_what_it_was_taught_on_chests_it_did_not_see() -> None:
    chests = scans(16)
    held_out = crossed(chests)
    counted = tally(chests, held_out, 0.5, 6.0, 99.0)
    assert counted["found"] >= 13 and counted["of"] == 16
    assert counted["false_per_scan"] < 1.0


def test_the_shipped_form_of_the_second_stage_gives_the_same_probability() -> None:
    chests = scans(6)
    stage = fitted_on(chests)
    row = chests[0].features[3]
    assert mark_of(dict(zip(FEATURES, row.tolist(), strict=True)), stage) == pytest.approx(
        float(marks(row[None], stage)[0])
    )


def test_a_real_scan_without_a_nodule_weighs_against_what_looks_like_it() -> None:
    chests = scans(6)
    bare = fitted_on(chests)
    lure = np.array([[2.0, *[0.0] * (len(FEATURES) - 1)]])
    scan = Seen("somebody", np.repeat(lure, 12, axis=0), np.full(12, 8.0), np.full(12, -1), [])
    warned = fitted_on([*chests, scan])
    assert marks(lure, warned)[0] < marks(lure, bare)[0]


def test_a_place_belongs_to_the_nearest_planted_nodule_that_reaches_it() -> None:
    volume = drawing()
    nodules = [
        {"box": [75, 75, 86, 86], "slice": 30, "diameter_mm": 9.0},
        {"box": [95, 75, 106, 86], "slice": 30, "diameter_mm": 9.0},
    ]
    places = np.array([[30, 80, 81], [30, 80, 99], [10, 80, 80]]) * np.array(SPACING)
    assert matches(places, volume, nodules).tolist() == [0, 1, -1]


def test_calibration_moves_suspicion_along_its_line_and_keeps_the_order() -> None:
    points = {"suspicion_slope": 0.5, "suspicion_intercept": -1.0}
    assert calibrated(0.5, points) == pytest.approx(1 / (1 + np.e))
    values = [calibrated(value, points) for value in (0.01, 0.2, 0.7, 0.99)]
    assert values == sorted(values)
    assert calibrated(0.7, {}) == pytest.approx(0.7)


def test_a_fit_of_one_kind_alone_says_so_with_certainty_but_without_failing() -> None:
    features = np.random.default_rng(3).normal(size=(30, len(FEATURES)))
    stage = fit(features, np.zeros(30), np.ones(30))
    assert marks(features, stage).max() < 0.05
