"""The reading room's right column: the text has the room, one act stands out, the rest is one key away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from screening.models import Study
from screening.phantoms.chest import chest_ct
from tests.frontend.test_addenda import sign_report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The buttons in the right column that are filled with the accent colour, by what they say.
BRIGHT = """() => {
  const accent = document.createElement('i');
  accent.style.setProperty('color', 'var(--accent)');
  document.body.append(accent);
  const colour = getComputedStyle(accent).color;
  accent.remove();
  return [...document.querySelectorAll('.report button')]
    .filter((node) => node.checkVisibility() && getComputedStyle(node).backgroundColor === colour)
    .map((node) => node.innerText.split('\\n')[0].trim());
}"""
TEXT_SHARE = """() => document.querySelector('.paper').getBoundingClientRect().height
  / document.querySelector('.report').getBoundingClientRect().height"""
NODULE = {
    "type": "solid_nodule", "location": "right upper lobe", "size_mm": 14.0, "probability": 0.9, "frame": 1,
    "box": [20, 20, 40, 40],
}  # fmt: skip


@pytest.fixture
def critical(take_in, give_result, claimed_by) -> Study:
    data = chest_ct(6, nodules=None, slices=8, size=96).datasets
    study = take_in(data, "lung")
    place = {"series_uid": str(data[3].SeriesInstanceUID), "sop_uid": str(data[3].SOPInstanceUID)}
    give_result(study, [{**NODULE, **place} for _each in range(6)], tier="critical", tier_rule="Critical: as found.")
    return claimed_by(study)


def test_the_text_has_half_of_the_column_on_a_small_screen_and_one_act_stands_out(open_room, reader, critical):
    room = open_room(reader, critical)
    page = room.page
    page.set_viewport_size({"width": 1366, "height": 768})
    line = page.locator("[data-part=tasks-line]")
    expect(line).to_contain_text("nobody told")
    expect(page.locator("[data-part=tasks-body]")).to_be_hidden()
    assert page.evaluate(TEXT_SHARE) >= 0.5
    assert line.bounding_box()["height"] < 44
    assert page.evaluate(BRIGHT) == ["Sign"]
    # Unfolded by a key, and folded again by the same.
    room.press("Shift+T")
    expect(page.get_by_text("Nobody has been told. Signing starts the clock.")).to_be_visible()
    room.press("Shift+T")
    expect(page.locator("[data-part=tasks-body]")).to_be_hidden()
    # While somebody is told, that is the act; afterwards the signature is again.
    room.press("w")
    form = page.locator("form[data-form=tell-now]")
    expect(form.locator("[name=whom]")).to_be_focused()
    assert page.evaluate(BRIGHT) == ["Record"]
    room.press("Escape")
    expect(form).to_be_hidden()
    assert page.evaluate(BRIGHT) == ["Sign"]
    sign_report(room)
    room.wait(lambda data: data.get("communications") == "OPEN")
    page.wait_for_function(f"() => ({BRIGHT})().join() === 'Tell'")
    assert page.evaluate(TEXT_SHARE) >= 0.5
    assert room.complaints == []
