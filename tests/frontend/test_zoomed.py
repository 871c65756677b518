"""The reading room at 200 % (WCAG 1.4.4, 1.4.10): nothing is cut off, nothing lies on anything else, all can be reached."""

from __future__ import annotations

import pytest

from screening.phantoms.chest import chest_ct
from tests.frontend.test_reading_room import nodule_on
from tests.reports.conftest import by_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What can be pressed or written in, and is not there once it is brought into sight: covered, cut off, or beside the page.
LOST = """() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled && node.getClientRects().length;
  const wanted = [...document.querySelectorAll('main button, main [contenteditable], main select, main a[href]')].filter(shown);
  const lost = wanted.filter((node) => {
    node.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, right, top, bottom } = node.getClientRects()[0];
    if (left < -1 || right > innerWidth + 1 || top < 0 || bottom > innerHeight + 1) return true;
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const there = document.elementFromPoint(x, y);
    return !(there && (node.contains(there) || there.contains(node)));
  });
  scrollTo(0, 0);
  return { count: wanted.length, lost: lost.map((node) => node.outerHTML.slice(0, 160)) };
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


# 1440 × 900 and 1366 × 768 at 200 %, 1440 × 900 and 1366 × 768 at 150 %, in CSS pixels.
@pytest.mark.parametrize("size", [(720, 450), (683, 384), (960, 600), (911, 512)])
def test_at_every_size_of_a_zoomed_page_all_can_be_reached(open_room, reader, take_in, give_result, claimed_by, size):
    chest = chest_ct(5, nodules=None, slices=8, size=128)
    study = take_in(chest.datasets, "lung")
    give_result(study, [nodule_on(chest.datasets[4], (40, 50, 52, 60)), nodule_on(chest.datasets[2], (70, 50, 82, 60))])
    study = claimed_by(study)
    by_template(study)
    room = open_room(reader, study)
    room.page.set_viewport_size({"width": size[0], "height": size[1]})
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1")
    found = room.page.evaluate(LOST)
    assert found["count"] > 25
    assert found["lost"] == []
    assert room.page.evaluate(SIDEWAYS) <= 0
    whole = "node => node.scrollWidth <= node.clientWidth + 1 || node.querySelector('b').offsetWidth < node.clientWidth"
    assert room.page.locator("h1.patient").evaluate(whole)
    assert room.box(".stage")["height"] > 0.4 * size[1]
    # The slice that was asked for stands there, and what it is signed with is at hand without looking for it.
    sign = room.box("[data-part=sign]") if size[0] > 900 else None
    assert sign is None or sign["y"] + sign["height"] <= size[1]
    assert room.complaints == []
