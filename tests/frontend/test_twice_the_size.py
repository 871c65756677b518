"""At 1366 × 768 with letters of twice the size (half as many pixels of the page), nothing is lost or out of reach."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from screening.phantoms.chest import chest_ct
from screening.services.sessions import start_session
from tests.pages.fit import cut_off
from tests.worklist.test_cockpit import busy_list

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TWICE = {"width": 683, "height": 384}


def test_the_list_shows_rows_and_the_room_whose_images_they_are(
    open_room, reader, technologist, take_in, claimed_by, north, make_study, live_server
):
    study = claimed_by(take_in(chest_ct(6, nodules=None, slices=4, size=96).datasets, "lung"))
    busy_list(north, make_study, reader, technologist, 6)
    make_study(north, status="TO_READ", programme="lung")
    start_session(reader=reader, wanted=3)
    room = open_room(reader, study)
    page = room.page
    # Another study than the session's: a sign in the bar, its words where it is pointed at.
    sign = page.locator("[data-standing=session]")
    expect(sign).to_have_text("○")
    expect(sign).to_have_attribute("title", "not in the session · 0 of 3 done in this session")
    assert sign.bounding_box()["width"] < 24
    page.set_viewport_size(TWICE)
    assert cut_off(page) == []
    # The name is whole: no dots in its place.
    whole = "(node) => node.getBoundingClientRect().right <= node.parentElement.getBoundingClientRect().right"
    assert page.locator("h1.patient b").evaluate(whole)
    page.locator("[data-part=sign]").scroll_into_view_if_needed()
    expect(page.locator("[data-part=sign]")).to_be_in_viewport()

    page.goto(f"{live_server.url}/worklist/")
    page.locator("tr[data-uid]").first.wait_for()
    assert cut_off(page) == []
    assert page.locator("#list").bounding_box()["height"] >= 300
    room.press("End")
    last = page.locator("tr[data-uid]").last
    expect(last).to_be_in_viewport()
    assert last.locator("td.person").bounding_box()["width"] > 90
    assert room.complaints == []
