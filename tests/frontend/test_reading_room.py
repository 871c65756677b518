"""The reading room in a real browser: images, marks, text, saving and signing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import SignWith
from reports.models import Report, Signature
from reports.services import drafting
from reports.states import ReportStatus
from screening.models import Study
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from screening.states import AiState, StudyStatus
from tests.conftest import PASSWORD
from tests.frontend.filling import answer_what_is_open, fill_required

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLICES = 16


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=None, slices=SLICES, size=128)


def nodule_on(dataset: Any, box: tuple[float, ...], **fields: Any) -> dict[str, Any]:
    return {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 8.2,
        "probability": 0.8,
        "series_uid": str(dataset.SeriesInstanceUID),
        "sop_uid": str(dataset.SOPInstanceUID),
        "frame": 1,
        "box": list(box),
        "attributes": {},
        **fields,
    }


@pytest.fixture
def chest_study(chest, take_in, give_result, claimed_by) -> Study:
    study = take_in(chest.datasets, "lung")
    findings = [
        nodule_on(chest.datasets[4], (40, 50, 52, 60)),
        nodule_on(chest.datasets[10], (80, 50, 92, 60), location="left upper lobe", size_mm=None),
    ]
    give_result(study, findings)
    return claimed_by(study)


def test_the_study_opens_at_its_first_finding_in_the_window_of_its_programme(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    data = room.data()
    assert data["slices"] == str(SLICES)
    assert data["finding"] == "1"
    assert data["window"] == "1500/-600"
    expect(room.page.locator("[data-mark=f1].own.on")).to_have_count(1)
    assert room.complaints == []


def test_keys_move_through_the_stack_and_the_window_stays(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("3")
    room.wait(lambda data: data["window"] == "2500/480")
    room.press("End")
    room.wait(lambda data: data["slice"] == str(SLICES) and data["window"] == "2500/480")
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1" and data["window"] == "2500/480")
    room.press("ArrowDown", "i")
    room.wait(lambda data: data["slice"] == "2" and data["invert"] == "true")
    room.press("Space")
    shown = room.wait(lambda data: data["window"] == "1500/-600" and data["invert"] == "false")
    assert shown["slice"] == "2"
    assert room.complaints == []


def test_dragging_scrolls_and_the_keys_work_after_it(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1")
    stage = room.box(".surface")
    x, y = stage["x"] + 200, stage["y"] + 200
    room.page.mouse.move(x, y)
    room.page.mouse.down()
    room.page.mouse.move(x, y + 130, steps=8)
    room.page.mouse.up()
    reached = int(room.wait(lambda data: int(data["slice"]) > 3)["slice"])
    room.press("ArrowDown", "ArrowDown", "ArrowDown")
    shown = room.wait(lambda data: int(data["slice"]) >= min(SLICES, reached + 3))
    assert int(shown["slice"]) == min(SLICES, reached + 3)
    assert room.complaints == []
    room.page.mouse.wheel(0, -100)
    room.press("Home")
    room.wait(lambda data: data["slice"] == "1")


def test_a_length_is_measured_in_millimetres(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("l")
    stage = room.box(".surface")
    room.page.mouse.move(stage["x"] + 200, stage["y"] + 200)
    room.page.mouse.down()
    room.page.mouse.move(stage["x"] + 300, stage["y"] + 200, steps=5)
    room.page.mouse.up()
    expect(room.page.locator(".surface svg text").first).to_contain_text("mm")
    assert room.complaints == []


def test_brackets_go_from_finding_to_finding_and_their_sentences(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    first = room.data()["slice"]
    room.press("]")
    second = room.wait(lambda data: data["finding"] == "2" and data["slice"] != first)["slice"]
    expect(room.page.locator(".find.on .n")).to_have_text("2")
    expect(room.page.locator("[data-mark=f2].own.on")).to_have_count(1)
    room.press("[")
    room.wait(lambda data: data["finding"] == "1" and data["slice"] == first)
    room.page.locator(".find").nth(1).click()
    room.wait(lambda data: data["finding"] == "2" and data["slice"] == second)


def test_marks_can_be_hidden_and_shown(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("m")
    room.wait(lambda data: data["marks"] == "off")
    expect(room.page.locator("[data-mark]")).to_have_count(0)
    room.press("m")
    room.wait(lambda data: data["marks"] == "on")
    expect(room.page.locator("[data-mark=f1]")).to_have_count(1)


def test_both_renderers_put_a_mark_at_the_same_place(open_room, reader, chest_study):
    places = []
    for renderer in ("cpu", "gpu"):
        room = open_room(reader, chest_study, f"?renderer={renderer}")
        assert room.data()["renderer"] == renderer
        box = room.box("[data-mark=f1] .over")
        places.append([box["x"], box["y"], box["width"], box["height"]])
    assert places[0] == pytest.approx(places[1], abs=1.5)


def test_image_keys_do_not_fire_while_typing(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    before = room.data()
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("mmi12n")
    data = room.data()
    assert (data["marks"], data["window"], data["slice"]) == (before["marks"], before["window"], before["slice"])
    expect(room.page.locator("[data-part=sections]").first).to_contain_text("mmi12n", use_inner_text=True)


def test_what_is_typed_is_saved_by_itself_and_belongs_to_the_reader(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("Compared with nothing.")
    room.page.keyboard.press("Enter")
    room.page.keyboard.type("Second sentence.")
    room.wait(lambda data: data["save"] == "saved" and "revision" in data)
    newest = Report.objects.get(study=chest_study).revisions.order_by("-number").first()
    written = [sentence for listed in newest.sections.values() for sentence in listed if sentence["state"] == "human"]
    assert [sentence["text"] for sentence in written] == ["Compared with nothing.", "Second sentence."]
    assert newest.author == reader


def test_a_lost_race_shows_both_texts_and_loses_neither(open_room, reader, chest_study):
    first, second = open_room(reader, chest_study), open_room(reader, chest_study)
    for room, words in ((first, "Written first."), (second, "Written second.")):
        room.page.locator(".sections .add").first.click()
        room.page.keyboard.type(words)
        room.press("Control+s")
        room.wait(lambda data: data["save"] == "conflict" or "revision" in data)
    assert first.data()["save"] == "saved"
    assert second.data()["save"] == "conflict"
    shown = second.text("[data-part=conflict]")
    assert "Written first." in shown and "Written second." in shown
    second.page.get_by_role("button", name="Keep mine").click()
    second.wait(lambda data: data["save"] == "saved")
    newest = Report.objects.get(study=chest_study).revisions.order_by("-number").first()
    assert "Written second." in str(newest.sections)


def test_a_report_is_signed_from_the_keyboard_and_then_stands(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    fill_required(room)
    room.press("n")
    answer_what_is_open(room)
    # What the rules make of an answer is in the text by then; a signature before that is refused.
    room.wait(lambda data: data.get("save") == "saved" and data.get("review") == "")
    room.press("Control+Enter")
    room.page.locator("[data-part=password]").wait_for(state="visible")
    room.page.keyboard.type("not the password")
    room.press("Enter")
    room.page.locator("[data-part=answer]").wait_for(state="visible")
    assert not Signature.objects.exists()
    room.page.locator("[data-part=password]").fill(PASSWORD)
    room.press("Enter")
    room.wait(lambda data: data.get("signed") == "yes")
    assert Report.objects.get(study=chest_study).status == ReportStatus.SIGNED
    chest_study.refresh_from_db()
    assert chest_study.status == StudyStatus.REPORTED
    expect(room.page.locator("[contenteditable]")).to_have_count(0)
    expect(room.page.locator("[data-part=pdf]")).to_be_visible()


def test_a_normal_study_takes_three_keys_to_the_next_one(
    open_room, reader, north, chest, take_in, give_result, claimed_by, make_study
):
    north.sign_with = SignWith.RECENT
    north.save()
    study = take_in(chest.datasets, "lung")
    give_result(study, [])
    following = make_study(north, status=StudyStatus.TO_READ)
    room = open_room(reader, claimed_by(study), recent=True)
    room.press("n", "Control+Enter")
    room.wait(lambda data: data.get("signed") == "yes")
    room.press("j")
    room.page.wait_for_url(re.compile(rf"/studies/{re.escape(following.study_uid)}/"))
    room.wait(lambda data: data.get("viewer") == "error")
    expect(room.page.locator(".vp .no-image").first).to_contain_text("did not arrive", use_inner_text=True)
    study.refresh_from_db()
    assert study.status == StudyStatus.REPORTED


def test_signing_waits_for_required_sections(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.wait(lambda data: "empty" in data["issues"])
    room.press("Control+Enter")
    room.page.locator("[data-part=answer]").wait_for(state="visible")
    expect(room.page.locator("[data-part=password]")).to_be_hidden()
    assert not Signature.objects.exists()


def write_draft(study: Study) -> None:
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))


@pytest.fixture
def waiting_study(chest, take_in, claimed_by) -> Study:
    return claimed_by(take_in(chest.datasets, "lung", ai_state=AiState.PENDING))


def test_a_draft_that_arrives_fills_an_untouched_report_in_place(open_room, reader, waiting_study, chest, give_result):
    room = open_room(reader, waiting_study)
    room.wait(lambda data: data["aiTone"] == "wait")
    give_result(waiting_study, [nodule_on(chest.datasets[4], (40, 50, 52, 60))])
    write_draft(waiting_study)
    room.wait(lambda data: data["aiTone"] == "found")
    expect(room.page.locator("[data-part=findings]").first).to_contain_text("8.2 mm", use_inner_text=True)
    expect(room.page.locator(".s.ai")).not_to_have_count(0)
    room.press("]")
    room.wait(lambda data: data.get("finding") == "1")
    expect(room.page.locator(".s.ai.on")).not_to_have_count(0)


def test_a_draft_that_arrives_late_is_offered_beside_the_text(open_room, reader, waiting_study, chest, give_result):
    room = open_room(reader, waiting_study)
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("The reader was first.")
    room.press("Control+s")
    room.wait(lambda data: data["save"] == "saved" and "revision" in data)
    give_result(waiting_study, [nodule_on(chest.datasets[4], (40, 50, 52, 60))])
    write_draft(waiting_study)
    room.page.locator("[data-part=offered]").wait_for(state="visible")
    expect(room.page.locator(".sections .s.ai")).to_have_count(0)
    expect(room.page.locator("[data-part=sections]").first).to_contain_text(
        "The reader was first.", use_inner_text=True
    )


def test_late_images_are_said_and_hold_the_signature(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    Study.objects.filter(pk=chest_study.pk).update(instance_count=SLICES + 2)
    room.wait(lambda data: "late" in data["issues"])
    expect(room.page.locator("[data-part=issues]").first).to_contain_text("2 images arrived", use_inner_text=True)
    room.press("Control+Enter")
    room.page.locator("[data-part=answer]").wait_for(state="visible")
    assert not Signature.objects.exists()


def test_without_a_claim_the_room_is_read_only_and_says_why(open_room, second_reader, chest_study):
    room = open_room(second_reader, chest_study)
    expect(room.page.locator("[contenteditable]")).to_have_count(0)
    expect(room.page.locator("[data-part=readonly]").first).to_contain_text("reading this study", use_inner_text=True)
    expect(room.page.locator("[data-part=sign]")).to_be_hidden()


def test_a_damaged_image_is_said_in_its_place_and_the_others_stay_readable(open_room, reader, chest_study, chest):
    room = open_room(reader, chest_study, spoilt=str(chest.datasets[4].SOPInstanceUID))
    room.wait(lambda data: data["failures"] == "1")
    expect(room.page.locator(".vp .no-image").first).to_contain_text("cannot be shown", use_inner_text=True)
    expect(room.page.locator("[data-mark]")).to_have_count(0)
    expect(room.page.locator(".vp canvas")).to_be_hidden()
    room.press("ArrowDown")
    room.wait(lambda data: data["failures"] == "0")
    expect(room.page.locator(".vp canvas")).to_be_visible()


def test_without_a_connection_the_text_is_kept_and_sent_when_it_is_back(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.page.context.set_offline(True)
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("Typed while away.")
    room.press("Control+s")
    room.wait(lambda data: data["save"] == "offline")
    expect(room.page.locator("[data-part=save-state]").first).to_contain_text("kept here", use_inner_text=True)
    room.page.context.set_offline(False)
    room.wait(lambda data: data["save"] == "saved" and "revision" in data)
    newest = Report.objects.get(study=chest_study).revisions.order_by("-number").first()
    assert "Typed while away." in str(newest.sections)


def test_text_out_of_a_file_stays_text(open_room, reader, chest_study):
    chest_study.description = "<img src=x onerror=alert(1)></script>"
    chest_study.save()
    chest_study.series.update(description="<b>bold</b>")
    room = open_room(reader, chest_study)
    expect(room.page.locator(".vp .tl").first).to_contain_text("<b>bold</b>", use_inner_text=True)
    expect(room.page.locator(".patient").first).to_contain_text("<img src=x", use_inner_text=True)
    assert room.complaints == []


def film_finding(study: Any, view: str) -> dict[str, Any]:
    dataset = next(each for each in study.datasets if each.ImageLaterality + each.ViewPosition == view)
    box = study.truth["masses"][0]["boxes"][view]
    return nodule_on(dataset, tuple(box), type="mass", location="left breast, upper", size_mm=14.0)


def test_films_hang_back_to_back_and_a_missing_view_is_said(open_room, reader, take_in, give_result, claimed_by):
    films = mammogram(3, MassSpec(), views=("LMLO", "RMLO", "RCC"))
    study = take_in(films.datasets, "breast")
    give_result(study, [], limitations=["left CC view is missing"])
    room = open_room(reader, claimed_by(study))
    box = {view: room.box(f".vp[data-pane={view}]") for view in ("RCC", "LCC", "RMLO", "LMLO")}
    assert box["RCC"]["x"] < box["LCC"]["x"] and box["RCC"]["y"] < box["RMLO"]["y"]
    expect(room.page.locator(".vp[data-pane=LCC]").first).to_contain_text("Left CC missing", use_inner_text=True)
    expect(room.page.locator(".vp[data-pane=LCC] .cornerstone-canvas")).to_have_count(0)
    # Chest walls: posterior is at the right edge of the right breast, at the left edge of the left one.
    expect(room.page.locator(".vp[data-pane=RMLO] .right")).to_have_text(re.compile("^P"))
    expect(room.page.locator(".vp[data-pane=LMLO] .left")).to_have_text(re.compile("^P"))
    expect(room.page.locator("[data-part=ai]")).to_contain_text("incomplete", ignore_case=True)
    expect(room.page.locator("[data-part=ai]").first).to_contain_text("left CC view is missing", use_inner_text=True)
    room.wait(lambda data: data["aiTone"] == "warn")
    assert room.complaints == []


def test_a_film_is_enlarged_and_put_back_with_its_mark(open_room, reader, take_in, give_result, claimed_by):
    films = mammogram(3, MassSpec(side="L"))
    study = take_in(films.datasets, "breast")
    give_result(study, [film_finding(films, "LMLO")])
    room = open_room(reader, claimed_by(study))
    mark = ".vp[data-pane=LMLO] [data-mark=f1] .over"
    small = room.box(mark)["width"]
    room.press("f")
    room.wait(lambda data: data.get("enlarged") == "LMLO")
    room.box(mark, until=lambda box: box["width"] > small + 5)
    room.press("f")
    room.wait(lambda data: "enlarged" not in data)
    room.box(mark, until=lambda box: abs(box["width"] - small) < 1)
    assert room.complaints == []


def test_a_role_without_scores_sees_images_and_no_result(open_room, technologist, chest_study):
    room = open_room(technologist, chest_study)
    room.wait(lambda data: data["slices"] == str(SLICES))
    expect(room.page.locator("[data-mark]")).to_have_count(0)
    expect(room.page.locator("[data-part=ai]").first).to_contain_text("does not see AI results", use_inner_text=True)
    expect(room.page.locator("[data-part=readonly]").first).to_contain_text("not the report", use_inner_text=True)
    assert "0.8" not in room.text("main")
    expect(room.page.locator("button[data-marks], .legend")).to_have_count(2)
    expect(room.page.locator("button[data-marks]:visible, .legend:visible")).to_have_count(0)


def test_the_list_of_keys_is_shown_beside_the_images(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("?")
    room.page.locator("[data-part=help]").wait_for(state="visible")
    shown = room.text("[data-part=help]")
    assert all(words in shown for words in ("Next slice", "Mediastinum", "Sign", "Next study"))
    room.press("End")
    room.wait(lambda data: data["slice"] == str(SLICES))
    room.press("?")
    room.page.locator("[data-part=help]").wait_for(state="hidden")
