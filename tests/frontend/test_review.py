"""The review in the reading room: it speaks while the text is written, one key goes there, and what blocks is refused."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from reports.models import Signature
from reports.services import drafting
from screening.models import Study
from screening.phantoms.chest import chest_ct
from tests.chromium import Room
from tests.conftest import PASSWORD
from tests.frontend.filling import fill_required
from tests.frontend.test_addenda import sign_report
from tests.frontend.test_evidence import finding_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chest_room(open_room, reader, take_in, give_result, claimed_by) -> Room:
    """A drafted study with one solid nodule of 8.2 mm in the right upper lobe, opened by its reader."""
    slices = chest_ct(5, nodules=None, slices=16, size=128).datasets
    study: Study = take_in(slices, "lung")
    finding = finding_on(slices[4], (40.0, 50.0, 52.0, 60.0))
    give_result(
        study, [finding], programme="lung", category="4A", category_rule="Lung-RADS 4A: solid nodule of 8 mm or more"
    )
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    assert claim is not None
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    return open_room(reader, claimed_by(study), recent=False)


def reword(room: Room, old: str, new: str) -> None:
    """Write the finding's sentence anew, in the page."""
    text = room.page.locator("[data-section=nodules] [data-sentence] .text").first
    said = text.inner_text()
    assert old in said
    text.fill(said.replace(old, new))


def heard(room: Room, rule: str) -> dict[str, Any]:
    return room.wait(lambda data: rule in data.get("review", "").split())


def test_another_place_than_the_findings_is_said_while_typing_and_one_key_goes_there(chest_room):
    room = chest_room
    room.press("n")
    section = room.page.locator("[data-section=nodules]")
    section.get_by_role("button", name="Add a sentence").click()
    room.page.keyboard.type("The nodule lies in the left upper lobe.")
    heard(room, "side")
    button = room.page.locator("[data-part=review]")
    expect(button).to_contain_text("to check")
    room.page.keyboard.press("Escape")
    line = room.page.locator("[data-part=review-line]")
    for _press in range(int(button.inner_text().split()[0])):
        room.page.keyboard.press("Control+i")
        if "The side differs from finding 1" in line.inner_text():
            break
    expect(line).to_contain_text("Nodules: The side differs from finding 1 (right upper lobe).")
    # The caret is in the sentence, and the images show the finding.
    expect(room.page.locator(".s:focus-within .text")).to_have_text("The nodule lies in the left upper lobe.")
    expect(room.page.locator("[data-finding-key=f1]")).to_have_attribute("aria-pressed", "true")
    # Put right, it is gone.
    room.page.locator(".s:focus-within .text").fill("The nodule lies in the right upper lobe.")
    room.wait(lambda data: "side" not in data.get("review", "").split())
    assert room.complaints == []


def test_what_blocks_is_refused_with_its_sentence_and_signed_over_with_a_reason(chest_room):
    room = chest_room
    room.press("n")
    reword(room, "right", "left")
    heard(room, "side-evidence")
    expect(room.page.locator("[data-part=review]")).to_contain_text("1 before signing")
    room.page.keyboard.press("Control+Enter")
    password = room.page.locator("[data-part=password]")
    expect(password).to_be_visible()
    password.fill(PASSWORD)
    password.press("Enter")
    expect(room.page.locator("[data-part=review-line]")).to_contain_text("The side differs from finding 1")
    assert not Signature.objects.exists()
    reason = room.page.get_by_label("Why you sign as it is")
    reason.fill("Situs inversus")
    reason.press("Enter")
    room.wait(lambda data: data.get("signed") == "yes")
    assert "Situs inversus" in Signature.objects.get().canonical


def test_a_question_still_open_is_taken_back_when_the_signature_goes_out(
    open_room, reader, take_in, give_result, claimed_by
):
    """Answered after the signature it would be refused, and the browser would tell of an error."""
    study = take_in(chest_ct(6, nodules=None, slices=16, size=128).datasets, "lung")
    give_result(study, [])
    room = open_room(reader, claimed_by(study))
    asked: list[Any] = []
    room.page.route("**/review/", lambda route: asked.append(route.request))
    with room.page.expect_request("**/review/"):
        fill_required(room)
    sign_report(room)
    assert asked
    assert [request.failure for request in asked] == ["net::ERR_ABORTED"] * len(asked)
