"""A signed report in a real browser: amended by another reader, the old text beside it, co-signed by a third look."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from reports.content import content_for
from reports.models import Report, Signature
from reports.services.addenda import add_addendum
from reports.services.drafting import ensure_report
from reports.services.editing import save_revision
from reports.services.signing import sign_report
from screening.models import Study
from screening.phantoms.chest import chest_ct
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.conftest import request_by, sentence  # noqa: F401  a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OLD = "Low-dose CT in 12 months."
NEW = "Low-dose CT in 3 months."
REASON = "The interval was wrong"


@pytest.fixture
def study(take_in, give_result) -> Study:
    study = take_in(chest_ct(6, nodules=None, slices=8, size=96).datasets, "lung")
    give_result(study, [])
    return study


def write_text(study: Study, author: Any) -> Report:
    """The whole text of a report, as `author` writes it who has claimed the study."""
    claim_study(study=study, reader=author)
    report = ensure_report(study=study)
    names = [section.name for section in content_for(report.programme).sections]
    sections = {name: [sentence(OLD if name == "recommendation" else f"About {name}.", f"h-{name}")] for name in names}
    answers = {"values": {"nodules": {"value": "no"}, "category": {"value": "1"}}}
    save_revision(report=report, author=author, parent=None, sections=sections, answers=answers)
    return report


@pytest.fixture
def signed(study, reader, request_by) -> Report:  # noqa: F811
    """Signed by the reader, with an addendum by them."""
    report = write_text(study, reader)
    by = {"report": report, "signer": reader, "password": PASSWORD, "request": request_by(reader)}
    sign_report(revision=1, meaning="final", **by)
    add_addendum(after=0, reason="Asked by telephone", text="No earlier study is at hand.", images=None, **by)
    return report


def test_a_reader_amends_a_signed_report_and_another_sees_old_and_new_and_cosigns(
    open_room, reader, second_reader, study, signed
):
    room = open_room(second_reader, study)
    expect(room.page.locator("[data-part=signed-texts]")).to_contain_text("Mara Osei")
    room.page.get_by_role("button", name="Amend the text").click()
    expect(room.page.locator("[data-part=readonly]")).to_contain_text("You are changing a signed report")
    text = room.page.locator("[data-section=recommendation] .text")
    text.click()
    room.press("Control+a")
    room.page.keyboard.type(NEW)
    # From the text: what is missing is asked for, nothing is signed.
    room.press("Control+Enter")
    expect(room.page.locator("[data-part=amend-reason]")).to_be_focused()
    room.page.keyboard.type(REASON)
    room.page.locator("[data-part=amend-password]").fill("not the password")
    room.press("Control+Enter")
    room.page.locator("[data-part=amend-answer]").wait_for(state="visible")
    assert Signature.objects.count() == 2
    expect(text).to_have_text(NEW)
    room.page.keyboard.type(PASSWORD)
    room.press("Enter")
    room.wait(lambda data: data["versions"] == "2")
    expect(room.page.locator("[contenteditable]")).to_have_count(0)
    expect(room.page.locator("[data-section=recommendation]")).to_contain_text(NEW)
    expect(room.page.locator("[data-part=readonly]")).to_contain_text("This report was amended")
    expect(room.page.get_by_role("button", name="Co-sign")).to_be_hidden()
    assert [each for each in room.complaints if "400" not in each] == []

    other = open_room(reader, study)
    expect(other.page.locator("[data-section=recommendation]")).to_contain_text(NEW)
    texts = other.page.locator("[data-part=signed-texts]")
    expect(texts).to_contain_text(REASON)
    texts.get_by_text("Version 1, replaced").click()
    expect(texts.locator("[data-version='1']")).to_contain_text(OLD)
    texts.get_by_text("What it changed").first.click()
    expect(texts.locator("del")).to_contain_text("12")
    expect(texts.locator("ins")).to_contain_text("3")
    # The amendment has not lost what was added before.
    expect(other.page.locator("[data-part=addenda]")).to_contain_text("No earlier study is at hand.")
    other.page.get_by_role("button", name="Co-sign").click()
    other.page.keyboard.type(PASSWORD)
    other.press("Enter")
    other.wait(lambda data: data["cosigned"] == "1")
    expect(texts).to_contain_text("Co-signed by Mara Osei")
    assert list(Signature.objects.values_list("meaning", flat=True)) == ["final", "addendum", "amended", "cosigned"]
    assert other.complaints == []


def test_an_amendment_that_is_given_up_leaves_the_page_and_the_report_as_they_were(
    open_room, second_reader, study, signed
):
    room = open_room(second_reader, study)
    room.page.get_by_role("button", name="Amend the text").click()
    room.page.locator("[data-section=recommendation] .text").click()
    room.page.keyboard.type("Something else. ")
    room.press("Escape")
    room.page.locator("[data-part=amend-cancel]").click()
    expect(room.page.locator("[data-section=recommendation] .text")).to_have_text(OLD)
    expect(room.page.locator("[contenteditable]")).to_have_count(0)
    expect(room.page.get_by_role("button", name="Amend the text")).to_be_focused()
    assert signed.revisions.count() == 1
    assert room.complaints == []


def test_a_trainees_preliminary_is_finalised_by_a_reader_who_sees_what_was_changed(open_room, reader, trainee, study):
    write_text(study, trainee)
    room = open_room(trainee, study)
    expect(room.page.locator("[data-part=sign]")).to_be_hidden()
    room.page.get_by_role("button", name="Preliminary").click()
    room.page.locator("[data-part=password]").wait_for(state="visible")
    room.page.keyboard.type(PASSWORD)
    room.press("Enter")
    expect(room.page.locator("[data-part=answer]")).to_contain_text("A reader confirms it")
    study.refresh_from_db()
    claim_study(study=study, reader=reader)

    room = open_room(reader, study)
    text = room.page.locator("[data-section=technique] .text").first
    expect(text).to_have_text("About technique.")
    text.click()
    room.press("Control+a")
    room.page.keyboard.type("Low-dose CT, read anew.")
    room.press("Escape", "Control+Enter")
    room.page.locator("[data-part=password]").wait_for(state="visible")
    room.page.keyboard.type(PASSWORD)
    room.press("Enter")
    room.wait(lambda data: data.get("signed") == "yes")
    texts = room.page.locator("[data-part=signed-texts]")
    texts.get_by_text("Version 1, replaced").click()
    expect(texts.locator("[data-version='1']")).to_contain_text("About technique.")
    texts.get_by_text("What it changed").first.click()
    expect(texts.locator("ins").first).to_contain_text("Low-dose CT, read anew.")
    assert list(Signature.objects.values_list("meaning", flat=True)) == ["preliminary", "final"]
    assert Report.objects.get().status == "SIGNED"
