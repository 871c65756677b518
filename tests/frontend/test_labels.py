"""Labels over an image in a real browser: no finding's lies on another's, nor on the figure of a measure."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from screening.phantoms.chest import chest_ct
from tests.frontend.test_measurements import drag
from tests.frontend.test_reading_room import nodule_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Is so much written over the images (but for the corners), and does none of it lie on any other?
APART = """(count) => {
  const all = [...document.querySelectorAll('.mark .tag rect, svg.svg-layer text')].map((node) => node.getBoundingClientRect());
  const on = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return all.length === count && all.every((a, at) => all.every((b, other) => at === other || !on(a, b)));
}"""


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_labels_of_findings_and_figures_of_measures_all_stand_apart(
    open_room, reader, take_in, give_result, claimed_by, renderer
):
    chest = chest_ct(5, nodules=None, slices=8, size=128)
    study = take_in(chest.datasets, "lung")
    boxes = [(50, 50, 58, 58), (51, 51, 59, 59), (52, 49, 60, 57), (54, 52, 61, 60)]
    give_result(study, [nodule_on(chest.datasets[4], box) for box in boxes])
    room = open_room(reader, claimed_by(study), f"?renderer={renderer}")
    room.page.wait_for_function(APART, arg=4)
    # The figure of this line would lie where the labels stand.
    room.press("l")
    drag(room, (0.36, 0.42), (0.5, 0.44))
    room.wait(lambda data: data["measures"] == "1" and data["measuring"] == "saved")
    room.page.wait_for_function(APART, arg=5)
    room.press("ArrowDown", "ArrowUp")
    expect(room.page.locator(".mark .tag")).to_have_count(4)
    room.page.wait_for_function(APART, arg=5)
    assert room.complaints == []
