"""Writing a report in a real browser: answers write sentences, nothing typed is lost, revisions stand side by side."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from reports.answers import Answer
from reports.models import Phrase, Report, Revision, Signature
from reports.services import drafting
from screening.models import Study
from screening.phantoms.chest import chest_ct

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=None, slices=16, size=128)


@pytest.fixture
def study(chest, take_in, give_result, claimed_by) -> Study:
    """A chest with one nodule of 8.2 mm: category 4A, drafted."""
    study = take_in(chest.datasets, "lung")
    image = chest.datasets[4]
    nodule = {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 8.2,
        "probability": 0.8,
        "series_uid": str(image.SeriesInstanceUID),
        "sop_uid": str(image.SOPInstanceUID),
        "frame": 1,
        "box": [40, 50, 52, 60],
        "attributes": {},
    }
    give_result(study, [nodule], category="4A", category_rule="Lung-RADS 4A: solid nodule of 8 mm or more")
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    return claimed_by(study)


def newest(study: Study) -> Revision:
    return Report.objects.get(study=study).revisions.order_by("-number").first()


def saved(room: Any) -> None:
    room.wait(lambda data: data["save"] == "saved" and "revision" in data)


def section(room: Any, name: str) -> Any:
    return room.page.locator(f"section[data-section={name}]")


def answer(room: Any, key: str) -> Any:
    return room.page.locator(f'[data-at="{key}"]')


def test_the_answers_of_the_ai_stand_in_their_fields_and_are_said_to_be_its(open_room, reader, study):
    room = open_room(reader, study)
    expect(answer(room, "category")).to_have_value("4A")
    expect(room.page.locator("[data-answer=category] .from")).to_have_text("AI")
    expect(room.page.locator(".differs")).to_have_count(0)
    assert room.complaints == []


def test_choosing_an_answer_writes_its_sentence(open_room, reader, study):
    room = open_room(reader, study)
    answer(room, "emphysema").select_option("mild")
    expect(section(room, "lungs_and_pleura").locator(".text")).to_have_text(["Mild emphysema."])
    answer(room, "emphysema").select_option("none")
    expect(section(room, "lungs_and_pleura").locator(".text")).to_have_text(["No emphysema."])
    room.press("Control+s")
    saved(room)
    kept = newest(study)
    assert kept.answers["values"]["emphysema"] == {"value": "none", "origin": "human"}
    assert kept.answers["values"]["category"] == {"value": "4A", "origin": "ai"}
    assert room.complaints == []


def test_editing_the_sentence_leaves_the_answer_and_one_key_brings_them_together_either_way(open_room, reader, study):
    room = open_room(reader, study)
    answer(room, "emphysema").select_option("mild")
    text = section(room, "lungs_and_pleura").locator(".text")
    text.click()
    room.press("Control+a")
    room.page.keyboard.type("Severe emphysema.")
    expect(answer(room, "emphysema")).to_have_value("mild")
    expect(room.page.locator("[data-line=emphysema]")).to_contain_text("Text differs")
    room.press("Control+b")
    expect(text).to_have_text("Mild emphysema.")
    expect(room.page.locator(".differs")).to_have_count(0)
    text.click()
    room.press("Control+a")
    room.page.keyboard.type("Severe emphysema.")
    room.press("Control+g")
    expect(answer(room, "emphysema")).to_have_value("severe")
    expect(text).to_have_text("Severe emphysema.")
    expect(room.page.locator(".differs")).to_have_count(0)


def test_what_only_a_reader_sees_moves_the_category_by_rule(open_room, reader, study):
    room = open_room(reader, study)
    room.press("]")
    room.page.locator('[data-at="suspicious.f1=spiculation"]').click()
    expect(answer(room, "category")).to_have_value("4X")
    expect(room.page.locator("[data-answer=category] .from")).to_have_text("by rule")
    expect(section(room, "assessment")).to_contain_text("Lung-RADS 4X: very suspicious, with additional features.")
    expect(section(room, "recommendation")).to_contain_text("Refer for further clinical evaluation")
    expect(section(room, "nodules")).to_contain_text("Nodule 1: spiculation, which raises suspicion.")
    answer(room, "significant").select_option("yes")
    expect(section(room, "assessment")).to_contain_text("Lung-RADS 4XS")
    room.press("Control+s")
    saved(room)
    assert newest(study).answers["values"]["category"] == {"value": "4X", "origin": "rule"}
    assert room.complaints == []


def test_a_text_that_a_rule_has_just_changed_is_looked_at_before_it_is_signed(open_room, reader, study):
    room = open_room(reader, study)
    room.press("n")
    expect(section(room, "technique").locator(".text")).to_have_count(1)
    waiting = []
    room.page.route("**/answers/", lambda route: waiting.append(route))
    with room.page.expect_request("**/answers/"):
        room.page.locator('[data-at="suspicious.f1=spiculation"]').click()
    room.press("Control+Enter")
    waiting[0].continue_()
    room.page.unroute("**/answers/")
    expect(room.page.locator("[data-part=answer]")).to_contain_text("a rule has just changed the text")
    expect(answer(room, "category")).to_have_value("4X")
    assert not Signature.objects.exists()


def test_the_fields_are_reached_and_left_by_the_keyboard(open_room, reader, study):
    room = open_room(reader, study)
    room.press("Shift+q")
    assert room.page.evaluate("document.activeElement.dataset.at") == "nodules"
    room.press("n", "Escape")
    expect(answer(room, "nodules")).to_have_value("no")
    assert room.page.evaluate("document.activeElement === document.body")


def test_a_sentence_of_the_ai_is_accepted_reworded_and_dropped_by_key(open_room, reader, study):
    room = open_room(reader, study)
    before = room.page.locator(".s.ai").count()
    first = room.page.locator(".s.ai").first
    first.locator(".text").click()
    room.press("Control+k")
    expect(room.page.locator(".s.ai.accepted")).to_have_count(1)
    room.press("Control+d")
    expect(room.page.locator(".s.ai")).to_have_count(before - 1)
    room.page.locator(".s.ai:not(.accepted) .text").first.click()
    room.press("Control+e")
    room.page.keyboard.type("In my own words.")
    expect(room.page.locator(".s.edited .text")).to_have_text(["In my own words."])
    room.press("Control+s")
    saved(room)
    states = [(each["state"], each.get("accepted")) for listed in newest(study).sections.values() for each in listed]
    assert states.count(("ai", True)) == 1 and states.count(("edited", None)) == 1
    assert "accepted" not in json.dumps(Report.objects.get(study=study).revisions.get(number=0).sections)


def test_a_text_that_could_not_be_sent_outlives_the_page_encrypted(open_room, reader, study, monkeypatch):
    room = open_room(reader, study)
    refused: list[float] = []

    def away(**_asked: object) -> Answer:
        refused.append(time.monotonic())
        return Answer(503, {"detail": "away"})

    monkeypatch.setattr("reports.views.reading_room.save_answer", away)
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("Typed while the network was away.")
    answer(room, "coronary").select_option("severe")
    room.wait(lambda data: data["save"] == "offline")
    expect(room.page.locator("[data-part=save-state]")).to_contain_text("offline, kept here")
    stored = (
        "() => Object.entries(sessionStorage).filter(([name]) => name.startsWith('firstread-kept')).map(([, v]) => v)"
    )
    room.page.wait_for_function(f"({stored})().length === 1")
    [sealed] = room.page.evaluate(stored)
    assert "Typed" not in sealed and "network" not in sealed

    # The page goes while nothing can be saved yet.
    address = room.page.url
    room.page.on("dialog", lambda dialog: dialog.accept())
    room.page.goto("about:blank")
    # What the page sent on leaving is refused too, before the network is back: else it is saved and nothing is to restore.
    left = time.monotonic()
    while time.monotonic() - max(left, *refused) < 3:
        time.sleep(0.1)
    assert newest(study).number == 0
    monkeypatch.undo()
    room.page.goto(address)
    room.wait(lambda data: data.get("kept") == "restored")
    expect(section(room, "technique")).to_contain_text("Typed while the network was away.")
    saved(room)
    assert "Typed while the network was away." in json.dumps(newest(study).sections)
    assert newest(study).answers["values"]["coronary"]["value"] == "severe"
    room.page.wait_for_function(f"({stored})().length === 0")


def test_a_phrase_is_expanded_with_what_is_known_and_the_rest_is_chosen(open_room, reader, study):
    Phrase.objects.create(user=reader, name="stable", text="Nodule in the {place}, {size}, unchanged since {year}.")
    Phrase.objects.create(user=reader, name="spine", text="Degenerative change of the spine.")
    room = open_room(reader, study)
    room.press("]")
    room.page.locator("section[data-section=other_findings] .add").click()
    room.page.keyboard.type("/sp")
    expect(room.page.locator("ul.phrases li")).to_have_count(1)
    room.press("Enter", "Enter")
    room.page.keyboard.type("/stable ")
    room.page.keyboard.type("2024")
    texts = section(room, "other_findings").locator(".text")
    expect(texts).to_have_text(
        ["Degenerative change of the spine.", "Nodule in the right upper lobe, 8.2 mm, unchanged since 2024."]
    )
    room.press("Escape", "/")
    expect(room.page.locator("ul.phrases li")).to_have_count(2)


def test_two_revisions_stand_side_by_side_word_by_word(open_room, reader, study):
    room = open_room(reader, study)
    answer(room, "emphysema").select_option("mild")
    room.press("Control+s")
    saved(room)
    answer(room, "emphysema").select_option("severe")
    room.press("Control+s")
    room.wait(lambda data: data["save"] == "saved" and data["revision"] == "2")
    room.page.get_by_role("link", name="Revisions").click()
    changed = room.page.locator(".said.changed")
    expect(changed).to_have_count(1)
    expect(changed.locator("del")).to_have_text("Mild ")
    expect(changed.locator("ins")).to_have_text("Severe ")
    expect(room.page.locator(".answers-changed")).to_contain_text("Emphysema")
    room.page.get_by_label("From").select_option("0")
    room.page.get_by_role("button", name="Compare").click()
    expect(room.page.locator(".said.new")).to_contain_text("Severe emphysema.")
    expect(room.page.locator(".said.ai .mark").first).to_have_text("AI")


def test_a_juxtapleural_nodule_and_a_cyst_are_described_and_graded(open_room, reader, study):
    room = open_room(reader, study)
    room.press("]")
    expect(answer(room, "margin.f1")).to_have_count(0)
    answer(room, "pleura.f1").select_option("perifissural")
    answer(room, "margin.f1").select_option("smooth")
    answer(room, "shape.f1").select_option("triangular")
    expect(answer(room, "category")).to_have_value("2")
    expect(section(room, "nodules")).to_contain_text("Nodule 1 is juxtapleural: perifissural, smooth, triangular.")
    expect(section(room, "assessment").locator(".text").first).to_have_text("Lung-RADS 2: benign.")
    answer(room, "cyst").select_option("unilocular")
    answer(room, "cyst_wall_mm").fill("2.5")
    answer(room, "cyst_wall_mm").press("Enter")
    expect(answer(room, "category")).to_have_value("4A")
    expect(section(room, "nodules")).to_contain_text("Unilocular cyst, wall up to 2.5 mm thick.")
    answer(room, "cyst").select_option("none")
    expect(answer(room, "cyst_wall_mm")).to_have_count(0)
    expect(answer(room, "category")).to_have_value("2")
    room.press("Control+s")
    saved(room)
    kept = newest(study).answers["values"]
    assert (kept["shape.f1"]["value"], "cyst_wall_mm" in kept) == ("triangular", False)
    assert room.complaints == []


def test_the_ais_yes_goes_when_the_only_nodule_is_rejected_and_comes_back_with_it(open_room, reader, study):
    room = open_room(reader, study)
    expect(answer(room, "nodules")).to_have_value("yes")
    room.press("]", "x", "v", "Enter")
    expect(answer(room, "nodules")).to_have_value("")
    expect(room.page.locator("[data-answer=nodules]")).to_have_class("field open")
    room.press("x")
    expect(answer(room, "nodules")).to_have_value("yes")
    expect(room.page.locator("[data-answer=nodules] .from")).to_have_text("by rule")
    assert room.complaints == []
