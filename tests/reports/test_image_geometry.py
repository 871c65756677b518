"""Which plane a pixel's size holds in, and which stacks other planes may be cut from."""

from __future__ import annotations

from typing import Any

import pytest

from reports.image_geometry import spacing_of, volume_of

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def slices(heights: list[float], **fields: Any) -> list[dict[str, Any]]:
    common = {"image_orientation": AXIAL, "pixel_spacing": [0.7, 0.7], **fields}
    return [{"image_position": [-100.0, -80.0, z], **common} for z in heights]


def volume(headers: list[dict[str, Any]], frames: int = 1) -> dict[str, Any]:
    return volume_of(headers, [(512, 512, frames)] * len(headers))


def test_the_size_of_a_ct_pixel_holds_in_the_patient():
    assert spacing_of({"pixel_spacing": [0.7, 0.6]}, "CT") == {"spacing": [0.7, 0.6], "spacing_at": "patient"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"imager_pixel_spacing": [0.1, 0.1]}, ([0.1, 0.1], "detector")),
        ({"imager_pixel_spacing": [0.1, 0.1], "pixel_spacing": [0.1, 0.1]}, ([0.1, 0.1], "detector")),
        ({"imager_pixel_spacing": [0.1, 0.1], "pixel_spacing": [0.09, 0.09]}, ([0.09, 0.09], "patient")),
        ({"pixel_spacing": [0.1, 0.1]}, ([0.1, 0.1], "detector")),
        ({"pixel_spacing": [0.0, 0.1]}, (None, "")),
        ({}, (None, "")),
    ],
)
def test_a_projection_is_true_to_size_only_where_it_was_calibrated(header, expected):
    assert spacing_of(header, "MG") == {"spacing": expected[0], "spacing_at": expected[1]}


def test_an_even_stack_is_a_volume_that_says_where_it_lies():
    found = volume(slices([10.0, 7.5, 5.0, 2.5, 0.0]))
    assert found["origin"] == [-100.0, -80.0, 10.0]
    assert found["step"] == pytest.approx([0.0, 0.0, -2.5])
    assert (found["row"], found["column"], found["spacing"]) == ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.7, 0.7])


def test_a_tilted_gantry_gives_a_step_that_is_not_along_the_normal():
    tilted = [1.0, 0.0, 0.0, 0.0, 0.966, -0.259]
    found = volume(slices([0.0, 5.0, 10.0, 15.0], image_orientation=tilted))
    assert found["step"] == pytest.approx([0.0, 0.0, 5.0])
    assert found["column"] == pytest.approx([0.0, 0.966, -0.259], abs=1e-3)


@pytest.mark.parametrize(
    ("heights", "refused"),
    [
        ([0.0, 1.0, 2.0, 4.0, 5.0], {"refused": "missing", "after": 3}),
        ([0.0, 1.0, 2.0, 3.2, 4.2], {"refused": "uneven", "after": 3}),
        ([0.0, 1.0, 1.0, 2.0, 3.0], {"refused": "uneven", "after": 2}),
        ([1.0, 1.0, 1.0, 1.0], {"refused": "uneven", "after": 1}),
        ([0.0, 1.0, 2.0], {"refused": "few"}),
    ],
)
def test_a_stack_whose_planes_would_lie_is_refused_and_says_where(heights, refused):
    assert volume(slices(heights)) == refused


def test_what_is_no_single_stack_is_refused():
    even = slices([0.0, 1.0, 2.0, 3.0])
    assert volume(even, frames=20) == {"refused": "frames"}
    assert volume([*even, {"pixel_spacing": [0.7, 0.7]}]) == {"refused": "unplaced"}
    assert volume([*even, *slices([4.0], pixel_spacing=[0.9, 0.9])]) == {"refused": "mixed"}
    assert volume([*even, *slices([4.0], image_orientation=[0.0, 1.0, 0.0, 0.0, 0.0, -1.0])]) == {"refused": "mixed"}
    assert volume_of(even, [(512, 512, 1)] * 3 + [(256, 256, 1)]) == {"refused": "mixed"}
