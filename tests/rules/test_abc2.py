"""ABC/2, expansion and midline shift: the worked example and every limit from both sides."""

from __future__ import annotations

import pytest

from screening.rules.abc2 import abc2, ellipsoid_ml, expanded, slice_weight, voxel_ml
from screening.rules.midline import shift_from_line, shift_from_width


def test_five_by_four_by_six_centimetres_are_sixty_millilitres() -> None:
    assert ellipsoid_ml(50.0, 40.0, 60.0) == pytest.approx(60.0)


def test_an_irregular_bleed_is_divided_by_three() -> None:
    assert ellipsoid_ml(50.0, 40.0, 60.0, irregular=True) == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("share", "weight"), [(1.0, 1.0), (0.75, 1.0), (0.7499, 0.5), (0.5, 0.5), (0.25, 0.5), (0.2499, 0.0), (0.0, 0.0)]
)
def test_a_slice_counts_by_its_share_of_the_largest_area(share: float, weight: float) -> None:
    assert slice_weight(800.0 * share, 800.0) == weight


def test_the_height_is_the_sum_of_the_weights_times_the_distance_of_the_slices() -> None:
    found = abc2(50.0, 40.0, [100.0, 400.0, 1500.0, 2000.0, 1600.0, 499.9, 0.0], 5.0)
    # 1500, 2000 and 1600 count whole; the other three lie under a quarter of 2000.
    assert (found.whole_slices, found.half_slices, found.c_mm) == (3, 0, 15.0)
    assert found.volume_ml == pytest.approx(5.0 * 4.0 * 1.5 / 2)
    found = abc2(50.0, 40.0, [500.0, 1500.0, 2000.0, 1499.0], 5.0)
    assert (found.whole_slices, found.half_slices, found.c_mm) == (2, 2, 15.0)


def test_twelve_whole_slices_give_the_worked_example_and_its_reasons() -> None:
    found = abc2(50.0, 40.0, [1570.0] * 12, 5.0)
    assert found.volume_ml == pytest.approx(60.0)
    assert [reason.name for reason in found.reasons] == ["a", "b", "c", "volume"]
    assert found.reasons[2].as_json()["value"] == 60.0
    assert "12 slices count whole" in found.reasons[2].text


@pytest.mark.parametrize(
    ("a", "b", "areas", "spacing", "words"),
    [
        (50.0, 40.0, [], 5.0, "no slice"),
        (50.0, 40.0, [0.0], 5.0, "no slice"),
        (50.0, 40.0, [10.0], 0.0, "distance"),
        (40.0, 50.0, [10.0], 5.0, "longer"),
        (float("inf"), 50.0, [10.0], 5.0, "finite"),
    ],
)
def test_what_is_no_bleed_has_no_volume(a: float, b: float, areas: list[float], spacing: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        abc2(a, b, areas, spacing)


def test_voxels_are_counted_with_the_distance_of_the_slices() -> None:
    assert voxel_ml(4000, (5.0, 0.5, 0.5)) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("first", "now", "grew"),
    [(10.0, 13.3, False), (10.0, 13.4, True), (30.0, 36.0, False), (30.0, 36.1, True), (30.0, 20.0, False)],
)
def test_a_bleed_expands_by_more_than_a_third_or_six_millilitres(first: float, now: float, grew: bool) -> None:
    assert expanded(first, now) is grew


@pytest.mark.parametrize(
    ("septum_x", "shift", "towards", "significant"),
    [
        (0.0, 0.0, None, False),
        (4.9, 4.9, "left", False),
        (5.0, 5.0, "left", True),
        (-5.0, 5.0, "right", True),
        (-12.3, 12.3, "right", True),
        (4.94, 4.9, "left", False),
    ],
)
def test_the_shift_is_the_distance_from_the_midline_towards_a_side(
    septum_x: float, shift: float, towards: str | None, significant: bool
) -> None:
    found = shift_from_line((0.0, -80.0), (0.0, 90.0), (septum_x, -10.0))
    assert (found.shift_mm, found.towards, found.significant) == (shift, towards, significant)
    assert found.reasons[0].threshold == 5.0


def test_a_turned_head_has_the_same_shift() -> None:
    # The line leans by 3-4-5: 8 mm from it, at right angles, towards the left.
    found = shift_from_line((0.0, 0.0), (60.0, 80.0), (30.0 + 8 * 0.8, 40.0 - 8 * 0.6))
    assert (found.shift_mm, found.towards) == (8.0, "left")


def test_half_the_width_less_the_distance_to_the_septum_is_the_same_shift() -> None:
    assert shift_from_width(140.0, 63.0).towards == "left"
    assert shift_from_width(140.0, 63.0).shift_mm == 7.0
    assert shift_from_width(140.0, 73.0).towards == "right"
    assert shift_from_width(140.0, 70.0).towards is None


def test_points_that_make_no_line_are_refused() -> None:
    with pytest.raises(ValueError, match="front"):
        shift_from_line((0.0, 90.0), (0.0, -80.0), (0.0, 0.0))
    with pytest.raises(ValueError, match="inside"):
        shift_from_width(140.0, 150.0)
