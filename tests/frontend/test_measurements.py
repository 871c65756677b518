"""Measuring and deciding in a real browser: what one reader draws, another finds where it was, worth the same."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from screening.models import Measurement, Study
from screening.phantoms.chest import chest_ct
from tests.frontend.test_reading_room import nodule_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=None, slices=16, size=128)


@pytest.fixture
def chest_study(chest, take_in, give_result, claimed_by) -> Study:
    study = take_in(chest.datasets, "lung")
    findings = [nodule_on(chest.datasets[4], (40, 50, 52, 60)), nodule_on(chest.datasets[10], (80, 50, 92, 60))]
    give_result(study, findings)
    return claimed_by(study)


def drag(room: Any, start: tuple[float, float], end: tuple[float, float], pane: str = "main") -> None:
    """By the mouse over a pane, in parts of its width and height."""
    box = room.box(f"[data-pane={pane}] .surface")
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    room.page.mouse.move(*points[0])
    room.page.mouse.down()
    room.page.mouse.move(*((a + b) / 2 for a, b in zip(*points, strict=True)))
    room.page.mouse.move(*points[1])
    room.page.mouse.up()


def line_on_screen(room: Any) -> tuple[float, ...]:
    """Both ends of the only measure, as drawn."""
    line = room.page.locator("svg.svg-layer line").first
    expect(line).to_be_attached()
    return tuple(float(line.get_attribute(name)) for name in ("x1", "y1", "x2", "y2"))


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_what_one_reader_measures_another_finds_on_its_slice_with_the_same_value(
    open_room, reader, second_reader, chest_study, renderer
):
    room = open_room(reader, chest_study, f"?renderer={renderer}")
    room.press("ArrowDown", "l")
    room.wait(lambda data: data["slice"] == "6" and data["tool"] == "length")
    drag(room, (0.35, 0.4), (0.6, 0.55))
    room.wait(lambda data: data["measures"] == "1" and data["measuring"] == "saved")
    shown = room.page.locator("[data-part=measures] .what").inner_text()
    drawn = line_on_screen(room)
    room.page.close()
    kept = Measurement.objects.get()
    value = kept.values[0]["value"]
    assert f"Length {value:.1f} mm" in shown and "image 6 of 16" in shown
    other = open_room(second_reader, chest_study, f"?renderer={'gpu' if renderer == 'cpu' else 'cpu'}")
    expect(other.page.locator("[data-part=measures] .what")).to_contain_text(f"Length {value:.1f} mm")
    other.page.locator("[data-measure-key=m1]").click()
    other.wait(lambda data: data["slice"] == "6")
    assert line_on_screen(other) == pytest.approx(drawn, abs=1.0)
    on_image = other.page.locator("svg.svg-layer text").first
    expect(on_image).to_contain_text(f"{value:.1f} mm")
    assert other.complaints == []
