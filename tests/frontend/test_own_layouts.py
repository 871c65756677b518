"""A layout of one's own, built from nothing by keyboard, changed by mouse, and a study that hangs by it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reports.models import UserHangingProtocol
from screening.phantoms.chest import chest_ct

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_layout_is_built_by_keyboard_and_mouse_and_studies_open_in_it(
    open_room, reader, take_in, claimed_by, live_server
):
    study = claimed_by(take_in(chest_ct(6, nodules=None, slices=8, size=96).datasets, "lung"))
    room = open_room(reader, study)
    page = room.page
    page.locator("[data-menu=layout]").click()
    page.locator("[data-layout=build]").click()
    page.wait_for_url("**/layouts/?kind=lung")

    # From nothing: a name, a grid of two rows and three columns, all by keyboard.
    page.locator("[data-focus=new-lung]").focus()
    room.press("Enter")
    expect(page.locator("[data-focus=name]")).to_be_focused()
    page.keyboard.type("Nodules")
    page.locator("[data-focus=rows]").focus()
    page.keyboard.type("2")
    room.press("Tab")
    expect(page.locator("[data-focus=columns]")).to_be_focused()
    page.keyboard.type("3")
    room.press("Enter")
    expect(page.locator("[data-cell]")).to_have_count(6)
    page.locator("[data-focus=cell]").focus()
    room.press("Shift+ArrowDown", "Shift+ArrowRight", "ArrowRight", "Enter")
    expect(page.locator("[data-cell='1/3'].place")).to_be_focused()
    room.press("ArrowDown", "Enter", "ArrowUp", "Delete", "Enter")
    expect(page.locator(".place")).to_have_count(3)
    expect(page.locator(".empty")).to_have_count(0)
    page.locator("[data-focus=window]").select_option("mediastinum")

    # The third by mouse: coronal, in a window of its own. Then a second stage, which goes again.
    page.locator("[data-cell='2/3']").click()
    page.locator("[data-focus=plane]").select_option("coronal")
    page.locator("[data-focus=window]").select_option("=")
    page.locator("[data-focus=width]").fill("600")
    page.locator("[data-focus=level]").fill("-100")
    page.get_by_role("button", name="Duplicate the stage").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    page.get_by_role("button", name="Remove the stage").click()
    page.get_by_label("Use for these studies").check()
    expect(page.locator("[data-part=list] [aria-current] .second")).to_have_text("in use")
    expect(page.locator("[data-part=state]")).to_have_text("Kept")
    # "Kept" may still be that of the change before: what counts is what is kept in the end.
    for _wait in range(100):
        kept = UserHangingProtocol.objects.get()
        if kept.chosen and [each.get("window") for each in kept.protocol["stages"][0]["places"]][1:2] == [
            {"width": 600, "level": -100}
        ]:
            break
        page.wait_for_timeout(100)
    assert (kept.name, kept.kind, kept.chosen) == ("Nodules", "lung", True)
    [stage] = kept.protocol["stages"]
    assert [(each["row"], each["column"], each["rows"], each["columns"]) for each in stage["places"]] == [
        (1, 1, 2, 2), (2, 3, 1, 1), (1, 3, 1, 1),
    ]  # fmt: skip
    assert stage["places"][1]["window"] == {"width": 600, "level": -100}
    assert (stage["places"][1]["orientation"], stage["places"][2]["window"]) == ("coronal", {"preset": "mediastinum"})

    # Deleted by mistake, it comes back, in use as it was.
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-focus=name]")).to_have_value("Nodules")
    expect(page.get_by_label("Use for these studies")).to_be_checked()

    again = open_room(reader, study)
    expect(again.page.locator("[data-pane]")).to_have_count(3)
    first, small = (again.box(f"[data-pane=place-{n}]") for n in (1, 2))
    assert first["height"] == pytest.approx(2 * small["height"], rel=0.03)
    assert first["width"] == pytest.approx(2 * small["width"], rel=0.03)
    expect(again.page.locator("[data-part=stage-name]")).to_contain_text("Stage 1")
    again.page.locator("[data-menu=layout]").click()
    again.page.locator("[data-layout=back]").click()
    expect(again.page.locator("[data-pane]")).to_have_count(1)
    assert UserHangingProtocol.objects.get().chosen is False
    assert (room.complaints, again.complaints) == ([], [])
