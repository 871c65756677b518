"""A person's own keys, pressed in a real browser; and where the focus is, one sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.models import User
from screening.phantoms.chest import chest_ct

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What is under the focus, and whether it shows: an outline, or something else that is drawn for it.
RING = """() => {
  const here = document.activeElement;
  const style = getComputedStyle(here);
  return [here.tagName, here.className, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
}"""


def test_a_key_of_ones_own_acts_in_the_room_and_stands_on_its_buttons(open_room, reader, take_in):
    User.objects.filter(pk=reader.pk).update(keys={"invert": ["F9"], "normal": ["I"], "window-2": ["Shift+9"]})
    room = open_room(reader, take_in(chest_ct(5, nodules=None, slices=4, size=64).datasets, "lung"))
    room.press("F9")
    room.wait(lambda data: data["invert"] == "true")
    room.press("i", "2")
    room.press("F9")
    room.wait(lambda data: data["invert"] == "false" and data["window"] == "1500/-600")
    room.press("?")
    listed = room.page.locator("[data-part=help]")
    expect(listed).to_be_visible()
    expect(listed.locator("dt", has_text="F9").locator("+ dd")).to_have_text("Invert the grey scale")
    assert room.complaints == []


def test_keys_are_chosen_by_pressing_them(look_at, world):
    room = look_at("preferences-keys")
    page = room.page
    field = page.locator("#act-invert")
    field.focus()
    room.press("F9", "Shift+I")
    expect(field).to_have_value("F9 Shift+I")
    page.locator("#act-second-window").focus()
    room.press("Backspace")
    page.locator("form[data-part=keys] button.primary").click()
    expect(page.locator(".messages .success")).to_be_visible()
    expect(field).to_have_value("F9 Shift+I")
    assert User.objects.get(pk=world.people["reader"].pk).keys == {"invert": ["F9", "Shift+I"], "second-window": []}
    field.focus()
    room.press("n")
    page.locator("form[data-part=keys] button.primary").click()
    expect(page.locator("[role=alert]")).to_contain_text("N is wanted by")
    expect(field).to_have_value("N")


@pytest.mark.parametrize("name", ["worklist", "reading-room", "preferences", "users"])
def test_the_focus_is_seen_wherever_it_goes(look_at, name):
    room = look_at(name)
    unseen = []
    for _step in range(25):
        room.press("Tab")
        tag, classes, seen = room.page.evaluate(RING)
        if tag == "BODY":
            break
        if not seen:
            unseen.append((tag, classes))
    assert unseen == []
