"""Which stacks other planes may be cut from, where their slices lie, and where a place in a plane is."""

from __future__ import annotations

import math
from typing import Any

import pytest

from screening.dicom.measuring import MeasuringError
from screening.dicom.stack import points_in_plane, volume_of

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
# A head of 14 thin and 14 thick slices behind a gantry that leans by 18.5 degrees, as an old scanner sends it.
LEAN = math.radians(18.5)
HEAD = [index * 4.22 for index in range(14)] + [56.0 + index * 7.38 for index in range(14)]


def slices(heights: list[float], **fields: Any) -> list[dict[str, Any]]:
    common = {"image_orientation": AXIAL, "pixel_spacing": [0.7, 0.7], **fields}
    return [{"image_position": [-100.0, -80.0, z], **common} for z in heights]


def volume(headers: list[dict[str, Any]], frames: int = 1) -> dict[str, Any]:
    return volume_of(headers, [(512, 512, frames)] * len(headers))


def test_an_even_stack_is_a_volume_that_says_where_it_lies():
    found = volume(slices([10.0, 7.5, 5.0, 2.5, 0.0]))
    assert found["origin"] == [-100.0, -80.0, 10.0]
    assert found["step"] == pytest.approx([0.0, 0.0, -2.5])
    assert (found["row"], found["column"], found["spacing"]) == ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.7, 0.7])
    assert found["tilt"] == 0.0 and "places" not in found


def test_a_tilted_gantry_gives_a_step_that_is_not_along_the_normal():
    tilted = [1.0, 0.0, 0.0, 0.0, math.cos(LEAN), -math.sin(LEAN)]
    found = volume(slices([0.0, 5.0, 10.0, 15.0], image_orientation=tilted))
    assert found["step"] == pytest.approx([0.0, 0.0, 5.0])
    assert found["column"] == pytest.approx([0.0, math.cos(LEAN), -math.sin(LEAN)])
    assert found["tilt"] == 18.5


def test_an_uneven_tilted_head_says_where_each_slice_lies_and_that_nothing_is_missing():
    tilted = [1.0, 0.0, 0.0, 0.0, math.cos(LEAN), -math.sin(LEAN)]
    found = volume(slices(HEAD, image_orientation=tilted))
    assert "step" not in found and (found["tilt"], found["holes"]) == (18.5, [])
    assert found["gaps"] == pytest.approx([1.14 * math.cos(LEAN), 7.38 * math.cos(LEAN)], abs=0.01)
    for (a, b, height), z in zip(found["places"], HEAD, strict=True):
        assert (a, b, height) == pytest.approx((0, -z * math.sin(LEAN), z * math.cos(LEAN)), abs=1e-3)


@pytest.mark.parametrize(
    ("heights", "gaps", "holes"),
    [
        ([0.0, 1.0, 2.0, 4.0, 5.0], [1.0, 2.0], [2]),
        ([0.0, 1.0, 3.0, 5.0, 6.0, 7.0, 8.0], [1.0, 2.0], [1, 2]),
        ([8.0, 7.0, 6.0, 1.0], [1.0, 5.0], [2]),
        ([0.0, 1.0, 2.0, 3.2, 4.2], [1.0, 1.2], []),
        ([0.0, 1.0, 2.0, 3.0, 8.0, 13.0, 18.0], [1.0, 5.0], []),
    ],
)
def test_a_gap_is_a_hole_only_where_it_is_longer_than_what_is_usual_on_both_sides(heights, gaps, holes):
    found = volume(slices(heights))
    assert (found["gaps"], found["holes"]) == (gaps, holes)
    assert [each[2] for each in found["places"]] == [height - heights[0] for height in heights]


@pytest.mark.parametrize(
    ("heights", "refused"),
    [
        ([0.0, 1.0, 1.0, 2.0, 3.0], {"refused": "duplicate", "after": 2}),
        ([1.0, 1.0, 1.0, 1.0], {"refused": "duplicate", "after": 1}),
        ([0.0, 1.0, 2.0], {"refused": "few"}),
    ],
)
def test_slices_on_each_other_are_no_volume(heights, refused):
    assert volume(slices(heights)) == refused


def test_what_is_no_single_stack_is_refused():
    even = slices([0.0, 1.0, 2.0, 3.0])
    assert volume(even, frames=20) == {"refused": "frames"}
    assert volume([*even, {"pixel_spacing": [0.7, 0.7]}]) == {"refused": "unplaced"}
    assert volume([*even, *slices([4.0], pixel_spacing=[0.9, 0.9])]) == {"refused": "mixed"}
    assert volume([*even, *slices([4.0], image_orientation=[0.0, 1.0, 0.0, 0.0, 0.0, -1.0])]) == {"refused": "mixed"}
    assert volume_of(even, [(512, 512, 1)] * 3 + [(256, 256, 1)]) == {"refused": "mixed"}
    aside = [*even, {**even[0], "image_position": [900.0, -80.0, 4.0]}]
    assert volume(aside) == {"refused": "beside"}


SIZE = (512, 512, 5)


def test_places_in_a_plane_are_millimetres_along_its_axes_and_know_their_nearest_slice():
    stack = volume(slices([10.0, 7.5, 5.0, 2.5, 0.0]))
    points, nearest = points_in_plane(stack, SIZE, "coronal", [[-100.0, -40.0, 10.0], [-70.0, -40.0, 2.5]])
    assert points == [pytest.approx((0.0, 0.0)), pytest.approx((30.0, -7.5))]
    assert nearest == 1
    points, nearest = points_in_plane(stack, SIZE, "sagittal", [[-50.0, -40.0, 1.0], [-50.0, 0.0, 1.0]])
    assert math.dist(*points) == pytest.approx(40.0) and nearest == 4
    points, _nearest = points_in_plane(stack, SIZE, "axial", [[-50.0, -40.0, 5.0], [-20.0, 0.0, 5.0]])
    assert math.dist(*points) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("name", "points", "said"),
    [
        ("coronal", [[0.0, 0.0, 0.0], [0.0, 1.0, 5.0]], "The points do not lie in one plane."),
        ("oblique", [[0.0, 0.0, 0.0], [0.0, 0.0, 5.0]], "There is no such plane."),
        ("coronal", [[0.0, 0.0, 0.0], [0.0, 0.0, 500.0]], "A point lies far beside the image."),
    ],
)
def test_what_lies_in_no_plane_of_the_volume_is_refused(name, points, said):
    stack = volume(slices([10.0, 7.5, 5.0, 2.5, 0.0]))
    with pytest.raises(MeasuringError, match=said):
        points_in_plane(stack, SIZE, name, points)


def test_a_side_view_of_the_stack_has_its_own_axis_across():
    side = slices([0.0, 0.0, 0.0, 0.0], image_orientation=[0.0, 1.0, 0.0, 0.0, 0.0, -1.0])
    for at, header in enumerate(side):
        header["image_position"] = [at * 2.0, -80.0, 50.0]
    stack = volume(side)
    points, nearest = points_in_plane(stack, (512, 512, 4), "axial", [[0.0, -40.0, 20.0], [6.0, -40.0, 20.0]])
    assert math.dist(*points) == pytest.approx(6.0) and nearest in (1, 2)
