"""After the signature in a real browser: an addendum from the room to the print page, and images that came late."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import AuditEvent, Verb
from reports.models import Addendum
from screening.models import Study
from screening.phantoms.chest import chest_ct
from tests.conftest import PASSWORD
from tests.frontend.filling import fill_required

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLICES = 8
TEXT = "The earlier study of 2021 shows the same."


@pytest.fixture
def study(take_in, give_result, claimed_by) -> Study:
    study = take_in(chest_ct(6, nodules=None, slices=SLICES, size=96).datasets, "lung")
    give_result(study, [])
    return claimed_by(study)


def sign_report(room: Any) -> None:
    fill_required(room)
    room.press("Escape", "n")
    # What the rules make of the answers is in the text by then; a signature before that is refused.
    room.wait(lambda data: data.get("save") == "saved")
    room.press("Control+Enter")
    room.page.locator("[data-part=password]").wait_for(state="visible")
    room.page.keyboard.type(PASSWORD)
    room.press("Enter")
    room.wait(lambda data: data.get("signed") == "yes")


def test_a_signed_report_takes_an_addendum_and_the_print_page_shows_it(open_room, reader, study, live_server):
    room = open_room(reader, study)
    begin = room.page.get_by_role("button", name="Add an addendum")
    expect(begin).to_be_hidden()
    sign_report(room)
    begin.click()
    room.page.keyboard.type("An earlier study has turned up")
    room.press("Tab")
    room.page.keyboard.type(TEXT)
    room.page.locator("[data-part=addendum-password]").fill("not the password")
    room.press("Control+Enter")
    room.page.locator("[data-part=addendum-answer]").wait_for(state="visible")
    assert not Addendum.objects.exists()
    expect(room.page.locator("[data-part=addendum-text]")).to_have_value(TEXT)
    room.page.keyboard.type(PASSWORD)
    room.press("Enter")
    room.wait(lambda data: data["addenda"] == "1")
    shown = room.text("[data-part=addenda]")
    for words in ("Addendum 1", TEXT, "Reason: An earlier study has turned up", "Mara Osei", "I add this"):
        assert words in shown
    expect(room.page.locator("[data-part=addendum-form]")).to_be_hidden()
    assert [each for each in room.complaints if "400" not in each] == []

    report = Addendum.objects.get().report
    room.page.goto(f"{live_server.url}/reports/{report.pk}/print/")
    sheet = room.text("main")
    assert "1 addendum follows after the signature" in sheet
    assert sheet.index("I have read the study") < sheet.index("Addendum 1") < sheet.index(TEXT)


def test_images_that_came_after_the_signature_are_said_until_a_reader_has_seen_them(
    open_room, reader, second_reader, study
):
    sign_report(open_room(reader, study))
    Study.objects.filter(pk=study.pk).update(instance_count=SLICES + 2)
    room = open_room(second_reader, study)
    note = room.page.locator("[data-part=came-late]")
    assert "2 images came after this report was signed; they are not in it." in note.inner_text()
    note.get_by_role("button", name="I have seen them").click()
    note.wait_for(state="hidden")
    assert AuditEvent.objects.get(verb=Verb.LATE_IMAGES_SEEN).actor == second_reader
    expect(open_room(reader, study).page.locator("[data-part=came-late]")).to_be_hidden()
