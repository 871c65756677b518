"""What a measurement is worth: lengths in unequal pixels, angles, areas, and the pixels of a region."""

from __future__ import annotations

import math

import numpy as np
import pytest

from screening.dicom.measuring import (
    MeasuringError,
    Scale,
    Value,
    checked_points,
    differs,
    geometry,
    scale_of,
    statistics,
)

SQUARE = Scale(0.5, 0.5, "patient")
TALL = Scale(row_mm=2.0, column_mm=1.0, basis="patient")
PIXELS = Scale(1.0, 1.0, "none")


def values(tool, points, scale=SQUARE):
    return [(each.name, round(each.value, 3), each.unit) for each in geometry(tool, points, scale)]


def test_a_length_is_counted_in_the_pixels_own_sizes():
    assert values("length", [(0, 0), (3, 4)]) == [("length", 2.5, "mm")]
    assert values("length", [(0, 0), (3, 4)], TALL) == [("length", round(math.hypot(3, 8), 3), "mm")]


def test_without_a_spacing_nothing_is_called_a_millimetre():
    assert values("length", [(0, 0), (3, 4)], PIXELS) == [("length", 5.0, "px")]
    assert values("rectangle", [(0, 0), (4, 0), (0, 2), (4, 2)], PIXELS) == [("area", 8.0, "px2")]


def test_of_two_axes_the_longer_is_the_long_one_whichever_was_drawn_first():
    short_first = [(0, 0), (2, 0), (0, 0), (0, 8)]
    assert values("bidirectional", short_first) == [("long_axis", 4.0, "mm"), ("short_axis", 1.0, "mm")]


def test_an_angle_is_that_of_the_patient_not_of_the_screen():
    arms = [(1, 0), (0, 0), (0, 1)]
    assert values("angle", arms) == [("angle", 90.0, "deg")]
    diagonal = [(1, 0), (0, 0), (1, 1)]
    assert values("angle", diagonal, TALL) == [("angle", round(math.degrees(math.atan2(2, 1)), 3), "deg")]
    assert values("angle", [(1, 0), (0, 0), (-1, 0)]) == [("angle", 180.0, "deg")]


def test_areas_of_turned_regions_are_those_of_straight_ones():
    assert values("ellipse", [(5, 9), (5, 1), (3, 5), (7, 5)]) == [("area", round(math.pi * 4 * 2 / 4, 3), "mm2")]
    turned = [(0, 0), (3, 4), (-4, 3), (-1, 7)]
    assert values("rectangle", turned) == [("area", 25 / 4, "mm2")]


@pytest.mark.parametrize(
    ("tool", "points"),
    [("angle", [(1, 1), (1, 1), (2, 2)]), ("ellipse", [(1, 1)] * 4), ("rectangle", [(0, 0), (2, 2), (4, 4), (6, 6)])],
)
def test_what_has_no_arms_or_no_area_is_no_measurement(tool, points):
    with pytest.raises(MeasuringError):
        geometry(tool, points, SQUARE)


def test_an_arrow_is_worth_its_words_alone():
    assert geometry("arrow", [(0, 0), (5, 5)], SQUARE) == []


def test_a_region_counts_the_pixels_whose_middle_lies_inside():
    pixels = np.arange(100, dtype=np.float32).reshape(10, 10)
    found = {each.name: each for each in statistics("rectangle", [(2, 3), (4, 3), (2, 5), (4, 5)], pixels, "HU")}
    inside = pixels[3:5, 2:4]
    assert found["pixels"].value == 4
    assert (found["mean"].value, found["mean"].unit) == (inside.mean(), "HU")
    assert found["deviation"].value == pytest.approx(inside.std())
    assert (found["least"].value, found["most"].value) == (inside.min(), inside.max())


def test_an_ellipse_over_the_edge_counts_only_the_image():
    pixels = np.ones((10, 10), np.float32)
    found = {each.name: each.value for each in statistics("ellipse", [(0, 4), (0, -4), (-4, 0), (4, 0)], pixels, "")}
    assert found["mean"] == 1.0 and found["deviation"] == 0.0
    assert found["pixels"] == pytest.approx(math.pi * 16 / 4, abs=2)


def test_a_region_beside_the_image_has_no_figures():
    pixels = np.ones((10, 10), np.float32)
    assert statistics("rectangle", [(20, 3), (24, 3), (20, 5), (24, 5)], pixels, "") == []


def test_a_probe_reads_the_pixel_it_lies_in():
    pixels = np.arange(100, dtype=np.float32).reshape(10, 10)
    assert statistics("probe", [(4.99, 3.0)], pixels, "HU") == [Value("value", 34.0, "HU")]
    assert statistics("probe", [(-0.5, 3.0)], pixels, "HU") == []


def test_rows_come_before_columns_as_the_standard_has_it():
    assert scale_of({"pixel_spacing": [0.7, 0.5]}, "CT") == Scale(0.7, 0.5, "patient")


@pytest.mark.parametrize(
    ("header", "basis"),
    [
        ({"imager_pixel_spacing": [0.1, 0.1]}, "detector"),
        ({"imager_pixel_spacing": [0.1, 0.1], "pixel_spacing": [0.1, 0.1]}, "detector"),
        ({"imager_pixel_spacing": [0.1, 0.1], "pixel_spacing": [0.09, 0.09]}, "patient"),
        ({"pixel_spacing": [0.1, 0.1]}, "detector"),
        ({}, "none"),
        ({"pixel_spacing": [0, 0.1]}, "none"),
        ({"pixel_spacing": ["wide", None]}, "none"),
        ({"pixel_spacing": [float("nan"), 1]}, "none"),
    ],
)
def test_a_projection_is_measured_at_the_detector_unless_somebody_calibrated_it(header, basis):
    assert scale_of(header, "MG").basis == basis


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "ab",
        [],
        [[0, 0]],
        [[0, 0], [1, 1], [2, 2]],
        [[0, 0], [1]],
        [[0, 0], "12"],
        [[0, 0], [1, None]],
        [[0, 0], [True, 1]],
        [[0, 0], [float("nan"), 1]],
        [[0, 0], [float("inf"), 1]],
        [[0, 0], [0, 65]],
        [[0, 0], [-33, 0]],
    ],
)
def test_points_that_are_none_are_refused(sent):
    with pytest.raises(MeasuringError):
        checked_points("length", sent, rows=32, columns=32)


def test_points_a_little_beside_the_image_are_kept():
    assert checked_points("length", [[-1, 0], [33, 32.5]], rows=32, columns=32) == [(-1.0, 0.0), (33.0, 32.5)]
    with pytest.raises(MeasuringError):
        checked_points("volume", [[0, 0], [1, 1]], rows=32, columns=32)


def test_a_claim_is_held_against_the_first_value_to_a_tenth():
    ours = [Value("length", 8.2, "mm")]
    assert not differs(ours, 8.29) and not differs(ours, None) and not differs([], 3.0)
    assert differs(ours, 8.31) and differs(ours, "8.2") and differs(ours, float("nan"))
