"""Amending in the reading room: the review speaks, answers and follow-up are changed, and a side is signed only over a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from reports.models import FollowUp, Report, Signature
from reports.services import drafting
from reports.services.editing import save_revision
from reports.services.follow_up import recommend
from reports.services.signing import sign_report
from screening.models import Study
from screening.phantoms.chest import chest_ct
from screening.services.reading import claim_study
from tests.chromium import Room
from tests.conftest import PASSWORD
from tests.frontend.test_evidence import finding_on
from tests.frontend.test_review import heard, reword
from tests.reports.conftest import full_text, request_by  # noqa: F401  a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def signed(reader, take_in, give_result, request_by) -> Report:  # noqa: F811
    """A drafted study with one solid nodule in the right upper lobe, signed with a follow-up in three months."""
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
    claim_study(study=study, reader=reader)
    save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    recommend(
        report=report,
        actor=reader,
        kind="imaging",
        what="Low-dose CT of the chest",
        number=3,
        unit="months",
        owner="programme",
    )
    by: dict[str, Any] = {"signer": reader, "password": PASSWORD, "request": request_by(reader)}
    sign_report(report=report, revision=1, meaning="final", **by)
    return report


def begin(room: Room) -> None:
    room.page.get_by_role("button", name="Amend the text").click()
    expect(room.page.locator("[data-part=readonly]")).to_contain_text("You are changing a signed report")


def test_a_side_in_an_amendment_is_said_while_typing_and_signed_over_with_a_reason(open_room, second_reader, signed):
    room = open_room(second_reader, signed.study)
    begin(room)
    reword(room, "right", "left")
    heard(room, "side-evidence")
    expect(room.page.locator("[data-part=review]")).to_contain_text("1 before signing")
    room.page.locator("[data-part=amend-reason]").fill("The side was wrong")
    room.page.locator("[data-part=amend-password]").fill(PASSWORD)
    room.page.locator("[data-part=amend-password]").press("Enter")
    expect(room.page.locator("[data-part=review-line]")).to_contain_text("The side differs from finding 1")
    assert Signature.objects.count() == 1
    reason = room.page.get_by_label("Why you sign as it is")
    reason.fill("Situs inversus")
    reason.press("Enter")
    room.wait(lambda data: data["versions"] == "2")
    content = json.loads(Signature.objects.get(meaning="amended").canonical)
    assert (content["review"]["reason"], content["reason"]) == ("Situs inversus", "The side was wrong")
    expect(room.page.locator("[data-part=review-line]")).to_be_hidden()


def test_an_amendment_changes_an_answer_with_its_sentence_and_the_follow_up(open_room, second_reader, signed):
    room = open_room(second_reader, signed.study)
    begin(room)
    room.page.locator("[data-at=emphysema]").select_option("mild")
    section = room.page.locator("[data-section=lungs_and_pleura]")
    expect(section).to_contain_text("ild emphysema.")
    form = room.page.locator("[data-part=amend-form]")
    expect(form.get_by_label("A follow-up is recommended")).to_be_checked()
    expect(form.locator("[name=what]")).to_have_value("Low-dose CT of the chest")
    form.locator("[name=number]").fill("6")
    room.page.locator("[data-part=amend-reason]").fill("Seen anew")
    room.page.locator("[data-part=amend-password]").fill(PASSWORD)
    room.page.locator("[data-part=amend-password]").press("Enter")
    room.wait(lambda data: data["versions"] == "2")
    content = json.loads(Signature.objects.get(meaning="amended").canonical)
    assert [each["value"] for each in content["answers"] if each["id"] == "emphysema"] == ["mild"]
    assert content["follow_up"]["interval"] == "6 months"
    assert sorted(FollowUp.objects.values_list("status", "closed_reason")) == [("CLOSED", "amended"), ("DUE", "")]
    # Given up, a second amendment leaves answer and follow-up as they now are.
    begin(room)
    room.page.locator("[data-at=emphysema]").select_option("severe")
    room.page.locator("[data-part=amend-cancel]").click()
    expect(room.page.locator("[data-fields=lungs_and_pleura]")).to_contain_text("mild")
    assert room.complaints == []


def test_an_addendum_is_reviewed_while_it_is_written(open_room, second_reader, signed):
    room = open_room(second_reader, signed.study)
    room.page.get_by_role("button", name="Add an addendum").click()
    text = room.page.locator("[data-part=addendum-text]")
    text.fill("Looked at again. A solid nodule of 8.2 mm in the left upper lobe.")
    heard(room, "side")
    room.page.locator("[data-part=review]").click()
    expect(room.page.locator("[data-part=review-line]")).to_contain_text("Addendum: The side differs from finding 1")
    chosen = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
    assert text.evaluate(chosen) == "left"
    text.fill("Looked at again. A solid nodule of 8.2 mm in the right upper lobe.")
    room.wait(lambda data: "side" not in data.get("review", "").split())
    assert room.complaints == []
