"""Two monitors: the images in a window of their own, the report in the first."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from screening.models import Study
from screening.phantoms.chest import chest_ct

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLICES = 8


@pytest.fixture
def study(take_in, claimed_by) -> Study:
    return claimed_by(take_in(chest_ct(5, nodules=None, slices=SLICES, size=96).datasets, "lung"))


def moved(room: Any) -> Any:
    with room.page.expect_popup() as opened:
        room.press("Shift+I")
    room.wait(lambda data: data.get("second") == "open")
    return opened.value


def test_the_images_move_to_the_second_window_and_come_back_when_it_closes(open_room, reader, study):
    room = open_room(reader, study)
    images, report = room.page.locator(".images"), room.page.locator(".report")
    second = moved(room)
    expect(images).to_have_count(0)
    expect(report).to_be_visible()
    expect(second.locator(".images .surface canvas").first).to_be_visible()
    expect(second.locator("[data-part=whose]")).to_have_text(room.text("h1.patient b"))
    second.close()
    room.wait(lambda data: data.get("second") == "closed")
    expect(images.locator(".surface canvas").first).to_be_visible()
    assert room.complaints == []


def test_keys_of_both_windows_reach_images_and_report(open_room, reader, study):
    room = open_room(reader, study)
    second = moved(room)
    second.keyboard.press("End")
    room.wait(lambda data: data["slice"] == str(SLICES))
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1")
    second.keyboard.press("e")
    expect(room.page.locator("[data-part=sections] .text").first).to_be_focused()
    room.page.locator(".images-away button").click()
    room.wait(lambda data: data.get("second") == "closed")
    assert room.complaints == []


def test_a_drag_in_the_second_window_scrolls_and_a_length_is_drawn_there(open_room, reader, study):
    room = open_room(reader, study)
    second = moved(room)
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1")
    surface = second.locator(".surface").first.bounding_box()
    x, y = surface["x"] + 200, surface["y"] + 200
    second.mouse.move(x, y)
    second.mouse.down()
    second.mouse.move(x, y + 60, steps=6)
    second.mouse.up()
    room.wait(lambda data: int(data["slice"]) > 1)
    second.keyboard.press("l")
    second.mouse.move(x, y)
    second.mouse.down()
    second.mouse.move(x + 90, y, steps=5)
    second.mouse.up()
    expect(second.locator(".surface svg text").first).to_contain_text("mm")
    assert room.complaints == []


def test_the_second_window_shows_nobody_once_the_room_is_left_and_the_next_study_after(
    open_room, reader, study, take_in, claimed_by
):
    other = claimed_by(take_in(chest_ct(6, nodules=None, slices=3, size=96).datasets, "lung"))
    room = open_room(reader, study)
    second = moved(room)
    room.page.goto(room.page.url.split("/studies/")[0] + "/worklist/")
    expect(second.locator(".images")).to_have_count(0)
    expect(second.locator(".no-study")).to_be_visible()
    expect(second.locator("[data-part=whose]")).to_have_text("")
    room.page.goto(room.page.url.split("/worklist/")[0] + f"/studies/{other.study_uid}/")
    room.wait(lambda data: data.get("second") == "open" and data.get("slices") == "3")
    expect(second.locator(".images .surface canvas").first).to_be_visible()
    assert room.complaints == []
