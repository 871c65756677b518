"""The order of images."""

from __future__ import annotations

import math

import pytest

from reports.hanging import (
    film_of,
    hangs_in_a_place,
    is_localiser,
    mammography_place,
    plane_of,
    position_along_normal,
    reads_from_the_feet,
    stack_key,
    view_of,
)
from screening.dicom.volume import slice_numbers

AXIAL = [1, 0, 0, 0, 1, 0]


def axial(z: object) -> dict[str, object]:
    return {"image_position": [0, 0, z], "image_orientation": AXIAL}


def test_an_axial_stack_reads_from_the_head_down():
    order = sorted([axial(-10), axial(30), axial(5)], key=lambda header: stack_key(header, None))
    assert [header["image_position"][2] for header in order] == [30, 5, -10]


def test_a_stack_scanned_with_its_normal_turned_round_reads_the_same_way():
    turned = [{**axial(z), "image_orientation": [1, 0, 0, 0, -1, 0]} for z in (1, 2, 3)]
    assert sorted(turned, key=lambda header: stack_key(header, None)) == turned[::-1]


def test_a_tilted_gantry_sorts_along_its_own_normal():
    c, s = math.cos(0.3), math.sin(0.3)
    tilted = [{"image_position": [0, 0, z], "image_orientation": [1, 0, 0, 0, c, s]} for z in (0, 5, 10)]
    along = [position_along_normal(header) for header in tilted]
    assert along == sorted(along, reverse=True)
    assert along[0] - along[1] == pytest.approx(5 * c)


def test_images_without_a_position_follow_in_the_order_of_their_numbers():
    order = sorted([({}, 2), (axial(0), 9), ({}, 1), ({}, None)], key=lambda item: stack_key(*item))
    assert [number for _header, number in order] == [9, 1, 2, None]


@pytest.mark.parametrize(
    "header",
    [
        {"image_position": "0\\0\\0", "image_orientation": AXIAL},
        {"image_position": [0, 0, "x"], "image_orientation": AXIAL},
        {"image_position": [0, 0, math.nan], "image_orientation": AXIAL},
        {"image_position": [0, 0], "image_orientation": AXIAL},
        {"image_position": [0, 0, 0], "image_orientation": [0] * 6},
        {"image_position": None, "image_orientation": None},
    ],
)
def test_a_hostile_position_counts_as_absent(header):
    assert position_along_normal(header) is None


def test_mammograms_hang_right_before_left_and_cc_before_mlo():
    views = [("L", "MLO"), ("R", "MLO"), ("L", "CC"), ("R", "CC"), ("L", "ML"), ("", "CC")]
    headers = [{"laterality": side, "view_position": view} for side, view in views]
    assert [mammography_place(header) for header in headers] == [3, 2, 1, 0, 4, 4]


def test_a_view_given_only_by_its_code_is_known():
    assert view_of({"laterality": "L", "view_code": "R-10226"}) == ("L", "MLO")


def test_a_magnified_view_does_not_take_the_place_of_the_plain_one():
    header = {"laterality": "L", "view_position": "CC", "view_modifiers": ["Magnification"]}
    assert mammography_place(header) == 4


def test_a_localiser_is_known_by_its_image_type():
    assert is_localiser({"image_type": ["ORIGINAL", "PRIMARY", "LOCALIZER"]})
    assert not is_localiser({"image_type": ["ORIGINAL", "PRIMARY", "AXIAL"]})
    assert not is_localiser({})


def test_the_scanners_own_direction_holds_where_it_numbers_from_the_feet():
    head_first = [axial(30), axial(5), axial(-10)]
    assert reads_from_the_feet(list(zip(head_first, (3, 2, 1), strict=True)))
    assert not reads_from_the_feet(list(zip(head_first, (1, 2, 3), strict=True)))
    assert not reads_from_the_feet(list(zip(head_first, (3, None, 1), strict=True)))


def test_the_viewer_counts_slices_as_the_models_do():
    assert slice_numbers([1, 2, 3]) == (1, 2, 3)
    assert slice_numbers([3, 2, 1]) == (3, 2, 1)
    assert slice_numbers([0, 0, 0]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("header", "description", "film"),
    [
        ({"laterality": "L", "view_position": "CC"}, "R CC", ("L", "CC", "tag")),
        ({"view_position": "RMLO"}, "", ("R", "MLO", "tag")),
        ({"view_position": "CC"}, "L CC", ("L", "CC", "words")),
        ({}, "Mammo RMLO", ("R", "MLO", "words")),
        ({"view_position": "MLO", "patient_orientation": ["A", "FR"]}, "", ("L", "MLO", "orientation")),
        ({"view_position": "MLO", "patient_orientation": ["P", "HR"]}, "", ("R", "MLO", "orientation")),
        # The columns of a CC run across the body, whichever breast it is.
        ({"view_position": "CC", "patient_orientation": ["P", "L"]}, "", ("", "CC", "")),
        ({"view_position": "MLO", "patient_orientation": ["P", "FL"]}, "left MLO", ("", "MLO", "")),
        ({"view_position": "CC"}, "R and L", ("", "CC", "")),
        ({"laterality": "B", "view_position": "CC"}, "R CC", ("", "CC", "")),
    ],
)
def test_a_side_that_has_no_tag_is_taken_from_what_the_rest_agrees_on(header, description, film):
    found = film_of(header, description)
    assert (found.side, found.view, found.taken_from) == film


def test_what_is_for_processing_or_has_several_frames_takes_no_place():
    assert hangs_in_a_place({"presentation_intent": "FOR PRESENTATION"}, 1)
    assert not hangs_in_a_place({"presentation_intent": "FOR PROCESSING"}, 1)
    assert not hangs_in_a_place({}, 60)
    assert not hangs_in_a_place({"view_modifiers": ["Spot compression"]}, 1)


def test_a_stack_has_the_plane_it_lies_nearest_to():
    tilted = [1, 0, 0, 0, math.cos(0.3), math.sin(0.3)]
    planes = [AXIAL, [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1], tilted, [0] * 6, "1\\0"]
    assert [plane_of({"image_orientation": each}) for each in planes] == [
        "axial", "coronal", "sagittal", "axial", "", "",
    ]  # fmt: skip
