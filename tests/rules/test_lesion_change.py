"""Which findings of two dates are one lesion: the AI's and a reader's own alike."""

from __future__ import annotations

import pytest

from screening.rules.lesion_change import Lesion, centre_of_box, propose

AXIAL = {
    "image_position": [-100.0, -80.0, 40.0], "image_orientation": [1, 0, 0, 0, 1, 0], "pixel_spacing": [2.0, 0.5],
}  # fmt: skip


def lesion(key: str, centre=None, side: str = "", location: str = "right upper lobe") -> Lesion:
    return Lesion(key, "solid_nodule", location, 8.0, centre_mm=centre, side=side)


def pairs(now, then) -> list[tuple[str, str, str]]:
    return [(pair.now, pair.then, pair.basis) for pair in propose(now, then)]


def test_the_middle_of_a_box_counts_pixels_from_the_edge_of_the_image():
    # The first pixel's middle is the image's position; 2 mm between rows, 0.5 mm between columns.
    assert centre_of_box(AXIAL, [0, 0, 1, 1]) == (-100.0, -80.0, 40.0)
    assert centre_of_box(AXIAL, [10, 20, 30, 24]) == (-100.0 + 19.5 * 0.5, -80.0 + 21.5 * 2.0, 40.0)


def test_an_oblique_image_turns_the_box_with_it():
    sagittal = {**AXIAL, "image_orientation": [0, 1, 0, 0, 0, -1], "pixel_spacing": [1.0, 1.0]}
    assert centre_of_box(sagittal, [10, 4, 11, 5]) == (-100.0, -70.0, 36.0)


@pytest.mark.parametrize("name", ["image_position", "image_orientation", "pixel_spacing"])
@pytest.mark.parametrize("value", [None, [1.0], ["1", "2", "3"], [float("nan")] * 6, "1\\2"])
def test_a_header_that_does_not_say_where_the_image_lies_gives_no_place(name, value):
    assert centre_of_box({**AXIAL, name: value}, [0, 0, 1, 1]) is None


def test_a_finding_without_a_side_is_met_by_its_place_and_sides_that_differ_never_are():
    there = (50.0, 60.0, 70.0)
    assert pairs([lesion("r1", there)], [lesion("f2", there, "right")]) == [("r1", "f2", "position")]
    assert pairs([lesion("f1", there, "left")], [lesion("f2", there, "right")]) == []


def test_a_readers_finding_without_a_place_in_the_body_is_met_as_the_only_one_of_its_kind_there():
    assert pairs([lesion("r1")], [lesion("f1", (1.0, 1.0, 1.0), "right")]) == [("r1", "f1", "place")]
    assert pairs([lesion("r1"), lesion("r2")], [lesion("f1")]) == []
