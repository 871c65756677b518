"""Which plane the size of a pixel holds in."""

from __future__ import annotations

import pytest

from reports.image_geometry import spacing_of


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
