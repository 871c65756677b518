"""Planes across slices that are unevenly far apart, in a real browser, on a ball whose size is known."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect
from pydicom.dataset import Dataset

from screening.models import Measurement, Study
from screening.phantoms.headers import ct_datasets, fictional_patient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIDE, RADIUS = 96, 20.0
# Thin slices below, thick ones above; the ball lies half in either.
HEIGHTS = [*np.arange(0.0, 30.0, 2.0), *np.arange(32.0, 61.0, 4.0)]
CENTRE = (48.0, 48.0, 29.0)
# Of what is drawn in a plane: width and height (CSS px) of what is brighter than the ball's edge, and of the canvas.
BRIGHT = """(plane) => {
  const canvas = document.querySelector(`.plane[data-plane=${plane}] canvas`);
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let [x0, x1, y0, y1, count] = [width, 0, height, 0, 0];
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    if (data[4 * (y * width + x)] < 148) continue;
    count += 1;
    [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)];
  }
  return { wide: x1 - x0 + 1, high: y1 - y0 + 1, middle: (y0 + y1 + 1) / 2, count, width, height };
}"""


def ball(heights: list[float], key: str) -> list[Dataset]:
    """Its edge, at -480 HU, is half as bright in the lung window as its inside is."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    far = [np.sqrt((x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2 + (z - CENTRE[2]) ** 2) for z in heights]
    hu = np.clip(-480 + (RADIUS - np.stack(far)) * 260, -1000, 40)
    places = [(0.0, 0.0, z) for z in heights]
    return ct_datasets(hu, (2.0, 1.0, 1.0), fictional_patient(6), key=key, positions=places)


@pytest.fixture
def uneven(take_in, claimed_by) -> Study:
    return claimed_by(take_in(ball(HEIGHTS, "uneven ball"), "lung"))


def opened(room: Any, count: int) -> None:
    room.press("v")
    room.wait(lambda data: data.get("planeSlices") == f"{count}/{count}")


def test_a_ball_in_uneven_slices_is_round_in_every_plane_and_the_page_says_what_it_is_cut_from(
    open_room, reader, uneven
):
    room = open_room(reader, uneven)
    opened(room, len(HEIGHTS))
    expect(room.page.locator(".planes-status")).to_have_text("Uneven slices: spacing 2.0–4.0 mm")
    for plane in ("coronal", "sagittal"):
        shown = room.page.evaluate(BRIGHT, plane)
        assert shown["wide"] == pytest.approx(shown["high"], rel=0.05), shown
        assert shown["count"] == pytest.approx(np.pi / 4 * shown["wide"] * shown["high"], rel=0.03)
        scale = min(shown["width"] / SIDE, shown["height"] / (HEIGHTS[-1] + 1))
        assert shown["wide"] / scale == pytest.approx(2 * RADIUS, rel=0.06)
        from_head = (HEIGHTS[-1] - CENTRE[2] + 0.5) * scale
        top = (shown["height"] - (HEIGHTS[-1] + 1) * scale) / 2
        assert shown["middle"] == pytest.approx(top + from_head, abs=1.5 * scale)
    assert room.complaints == []


def test_where_slices_are_missing_the_planes_are_hatched_and_say_so(open_room, reader, take_in, claimed_by):
    datasets = ball([*np.arange(0.0, 20.0, 2.0), *np.arange(30.0, 50.0, 2.0)], "ball with a gap")
    room = open_room(reader, claimed_by(take_in(datasets, "lung")))
    opened(room, 20)
    expect(room.page.locator(".planes-status")).to_contain_text("Gaps without slices, hatched: 1")
    expect(room.page.locator(".plane[data-plane=coronal] .hole")).to_have_count(1)
    expect(room.page.locator(".plane[data-plane=axial] .hole")).to_have_count(0)
    hole = room.box(".plane[data-plane=sagittal] .hole")
    plane = room.box(".plane[data-plane=sagittal]")
    # 12 mm from slice to slice, of which either reaches half a distance of its own.
    scale = min(plane["width"] / SIDE, plane["height"] / 49)
    assert hole["height"] == pytest.approx(10 * scale, rel=0.03)
    assert room.complaints == []


def drag(room: Any, plane: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """By the mouse over a plane, in millimetres from its middle, right and down."""
    pane = room.box(f".plane[data-plane={plane}]")
    size = {"axial": (SIDE, SIDE), "coronal": (SIDE, HEIGHTS[-1] + 1), "sagittal": (SIDE, HEIGHTS[-1] + 1)}[plane]
    scale = min(pane["width"] / size[0], pane["height"] / size[1])
    middle = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2
    points = [(middle[0] + x * scale, middle[1] + y * scale) for x, y in (start, end)]
    room.page.mouse.move(*points[0])
    room.page.mouse.down()
    room.page.mouse.move(*((a + b) / 2 for a, b in zip(*points, strict=True)))
    room.page.mouse.move(*points[1])
    room.page.mouse.up()


def saved(room: Any, count: int) -> None:
    room.wait(lambda data: data["measures"] == str(count) and data["measuring"] == "saved")


def line_of(room: Any, key: str) -> list[float]:
    line = room.page.locator(f"[data-across={key}] line.over").first
    expect(line).to_be_attached()
    return [float(line.get_attribute(name)) for name in ("x1", "y1", "x2", "y2")]


def test_what_is_measured_in_a_plane_is_there_tomorrow_in_its_plane_and_goes_into_the_report(
    open_room, reader, second_reader, uneven
):
    room = open_room(reader, uneven)
    opened(room, len(HEIGHTS))
    room.press("l")
    drag(room, "coronal", (-20, -14), (10, 6))
    saved(room, 1)
    kept = Measurement.objects.get()
    (x0, y0, z0), (x1, y1, z1) = kept.plane["points"]
    assert (kept.plane["name"], y0, kept.points) == ("coronal", y1, [])
    # Thirty millimetres to the left, twenty to the feet: by the real distances of the slices, not by their number.
    assert (x1 - x0, z0 - z1) == pytest.approx((30, 20), abs=0.6)
    value = kept.values[0]["value"]
    assert value == pytest.approx(np.hypot(x1 - x0, z1 - z0), abs=0.01)
    expect(room.page.locator("[data-label=m1]")).to_have_text(f"{value:.1f} mm")
    drawn = line_of(room, "m1")
    room.press("b")
    drag(room, "sagittal", (-16, 0), (16, 0))
    saved(room, 2)
    expect(room.page.locator("[data-label=m2]")).to_have_text(re.compile(r"^3[12]\.\d × 1[56]\.\d mm$"))
    room.press("l")
    # By its end, which is taken hold of.
    drag(room, "sagittal", (16, 0), (20, 0))
    saved(room, 2)
    room.wait(lambda _data: Measurement.objects.filter(number=2, version=2).exists())
    room.press("Delete")
    saved(room, 1)
    room.page.locator("[data-measure-key=m1]").locator("xpath=..").get_by_role("button", name="Insert").click()
    where = f"coronal plane at y {y0:.1f} mm".replace("-", "−")
    expect(room.page.locator("[data-part=sections]")).to_contain_text(f"Length {value:.1f} mm (series 2, {where}).")
    room.page.close()
    other = open_room(second_reader, uneven)
    row = other.page.locator("[data-measure-key=m1]")
    expect(row).to_contain_text(f"Length {value:.1f} mm")
    expect(row).to_contain_text(where)
    # Another reader holds the study: what they measured is not for this one to take away.
    expect(row.locator("xpath=..").get_by_role("button", name="Remove")).to_have_count(0)
    row.click()
    other.wait(lambda data: data["planes"] == "three" and data.get("planeSlices") == f"{len(HEIGHTS)}/{len(HEIGHTS)}")
    assert line_of(other, "m1") == pytest.approx(drawn, abs=1.0)
    other.press("Shift+V", "ArrowDown")
    expect(other.page.locator("[data-across=m1]")).to_have_count(0)
    assert room.complaints == other.complaints == []


def test_what_cannot_be_measured_across_the_slices_says_so(open_room, reader, uneven):
    room = open_room(reader, uneven)
    opened(room, len(HEIGHTS))
    room.press("o")
    drag(room, "coronal", (-10, -5), (10, 5))
    expect(room.page.locator(".stage-note")).to_contain_text("measures on the slices themselves")
    room.press("l", "s")
    room.wait(lambda data: data["slab"] == "10")
    drag(room, "coronal", (-10, -5), (10, 5))
    expect(room.page.locator(".stage-note")).to_contain_text("make it thin to measure")
    room.press("s", "a")
    drag(room, "coronal", (-10, 0), (0, 0))
    room.page.mouse.move(*(room.box(".plane[data-plane=coronal]")[side] + 20 for side in ("x", "y")))
    assert not Measurement.objects.exists()
    drag(room, "coronal", (0, -12), (0, -12))
    saved(room, 1)
    assert Measurement.objects.get().values[0]["value"] == pytest.approx(90, abs=2)
    assert room.complaints == []
