"""Several people at one program: made, told of one another, and safe from what a file says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from screening.phantoms.breast import mammogram
from screening.phantoms.headers import fictional_patient
from tests.browser.studies import zipped

pytestmark = pytest.mark.browser

# In a person's name "=" and "^" part its components, so attributes stand in the other elements.
HOSTILE = "<script>alert(1)</script>^<b>Ada"
IMG = "<img src=x onerror=alert(2)>"


@pytest.fixture
def take_in(sit_down, tmp_path, seed):
    """A single film, uploaded and scored: its StudyInstanceUID."""

    def take(number: int, **changes: str) -> str:
        patient = fictional_patient(seed(number), "F").renamed(**changes)
        study = mammogram(seed(number), None, views=("RCC",), patient=patient)
        technologist = sit_down("technologist")
        technologist.upload(zipped(tmp_path / f"{number}.zip", study.datasets))
        reader = sit_down("second")
        reader.row_shows(study.study_uid, "scored", seconds=60)
        return study.study_uid

    return take


def test_a_reader_made_by_the_administrator_in_the_browser_signs_in_and_reads(sit_down, take_in):
    study_uid = take_in(201)
    administrator = sit_down("administrator")
    administrator.page.get_by_role("link", name="Users").click()
    administrator.page.get_by_role("link", name="New user").click()
    form = {"User name": "jonas.weiss", "First name": "Jonas", "Last name": "Weiß"}
    form["Password (empty: a link to choose one)"] = password = "a quiet morning list"
    for label, text in form.items():
        administrator.page.get_by_label(label, exact=True).fill(text)
    administrator.page.get_by_label("North Clinic").select_option("reader")
    administrator.page.get_by_role("button", name="Create").click()
    administrator.page.wait_for_url(re.compile(r"/users/"))
    administrator.page.get_by_role("link", name="Users").click()
    expect(administrator.page.get_by_role("link", name="Jonas Weiß")).to_be_visible()

    jonas = sit_down("jonas.weiss", password=password)
    jonas.row_shows(study_uid, "scored", seconds=10)
    jonas.open_by_keyboard(study_uid)
    assert jonas.images_are_ready()["viewer"] == "ready"
    expect(jonas.page.locator("[data-part=sign]")).to_be_visible()
    expect(jonas.page.locator("header").first).to_contain_text("Jonas Weiß", use_inner_text=True)
    assert administrator.complaints == jonas.complaints == []


def test_who_claims_second_is_told_and_may_look_only(sit_down, take_in):
    study_uid = take_in(202)
    first, second = sit_down("reader"), sit_down("second")
    first.goto("/worklist/")
    second.goto("/worklist/")
    # The second reader's list is still as it was when the first one presses Enter.
    second.wait(lambda data: data.get("worklist") == "ready")
    second.page.route("**/worklist/rows/**", lambda route: route.abort())
    first.open_by_keyboard(study_uid)
    second.row(study_uid).click()
    second.press("Enter")
    second.page.get_by_role("heading", name="Somebody else was first").wait_for()
    second.page.get_by_role("link", name="Look without reading").click()
    second.images_are_ready()
    expect(second.page.locator("[data-part=readonly]").first).to_contain_text(
        "Mara Osei is reading this study", use_inner_text=True
    )
    expect(second.page.locator("[contenteditable]")).to_have_count(0)
    expect(first.page.locator("[data-part=sign]")).to_be_visible()


def test_a_text_saved_elsewhere_is_shown_beside_ones_own(sit_down, take_in, server):
    study_uid = take_in(203)
    here, there = sit_down("reader"), sit_down("reader")
    here.open_by_keyboard(study_uid)
    for desk in (here, there):
        if desk is there:
            desk.goto(f"/studies/{study_uid}/")
        desk.images_are_ready()
        desk.draft_is_there()
    here.write_after_first_sentence("Written at the first desk.")
    here.press("Control+s")
    here.wait(lambda data: data["save"] == "saved")
    there.write_after_first_sentence("Written at the second desk.")
    there.press("Control+s")
    there.wait(lambda data: data["save"] == "conflict")
    both = there.text("[data-part=conflict]")
    assert "Written at the first desk." in both and "Written at the second desk." in both
    assert "Mara Osei" in both
    there.page.get_by_role("button", name="Keep").click()
    there.wait(lambda data: data["save"] == "saved")
    kept = (
        "SELECT v.sections FROM reports_revision v JOIN reports_report r ON r.id = v.report_id"
        " JOIN screening_study s ON s.id = r.study_id WHERE s.study_uid = ? ORDER BY v.number"
    )
    texts = [sections for (sections,) in server.rows(kept, study_uid)]
    assert "Written at the second desk." in texts[-1] and "first desk" not in texts[-1]
    assert any("Written at the first desk." in text for text in texts), "no text that was saved is ever lost"


def test_a_hostile_name_is_text_on_every_page_and_no_page_breaks_its_policy(sit_down, tmp_path, seed):
    patient = fictional_patient(seed(204), "F").renamed(name=HOSTILE, patient_id=IMG)
    study = mammogram(seed(204), None, views=("LCC",), patient=patient)
    study.datasets[0].StudyDescription = f"MAMMO {IMG}"
    technologist = sit_down("technologist")
    broken = tmp_path / f"{IMG}.dcm"
    broken.write_bytes(b"no image")
    counts = technologist.upload(zipped(tmp_path / "study.zip", study.datasets), broken)
    assert counts == {"stored": 1, "duplicate": 0, "rejected": 1}
    assert IMG in technologist.text("[data-part=problem-rows]")
    technologist.goto("/upload/")

    reader = sit_down("reader")
    reader.row_shows(study.study_uid, "scored", seconds=60)
    shown = reader.row(study.study_uid).inner_text()
    assert "<script>alert(1)</script>" in shown and shown.count(IMG) == 2
    reader.page.fill("#text", "<script>alert")
    reader.until(lambda: reader.page.locator("tr[data-uid]").count() == 1, 10, "the row that was searched")
    reader.press("Escape")
    reader.open_by_keyboard(study.study_uid)
    reader.images_are_ready()
    title = reader.text("h1.patient")
    assert "<script>alert(1)</script>" in title and title.count(IMG) == 2
    reader.draft_is_there()
    reader.press("n")
    reader.answer_what_is_open()
    reader.sign()
    reader.goto(str(reader.page.get_attribute("[data-part=printed] a[href*=print]", "href")))
    printed = reader.text("body")
    assert "<script>alert(1)</script>" in printed and IMG in printed

    administrator, auditor = sit_down("administrator"), sit_down("auditor")
    administrator.page.get_by_role("link", name="Users").click()
    auditor.page.get_by_role("link", name="Audit", exact=True).click()
    for person in (technologist, reader, administrator, auditor):
        expect(person.page.locator("img[src=x]")).to_have_count(0)
        assert person.complaints == []


def test_keys_are_listed_and_none_acts_while_typing(sit_down, take_in):
    study_uid = take_in(205)
    reader = sit_down("reader")
    reader.wait(lambda data: data.get("worklist") == "ready")
    address = reader.page.url
    reader.press("/")
    reader.page.keyboard.type("jjj/")
    expect(reader.page.locator("#text")).to_have_value("jjj/")
    assert reader.page.url == address
    reader.press("Escape")
    reader.until(lambda: reader.row(study_uid).count(), 10, "the whole list again")
    reader.open_by_keyboard(study_uid)
    reader.images_are_ready()
    reader.draft_is_there()

    reader.press("?")
    keys = reader.page.locator("[data-part=help]")
    expect(keys).to_be_visible()
    for key in ("Ctrl ⏎", "?", "]", "N"):
        expect(keys.get_by_text(key, exact=True).first).to_be_visible()
    reader.press("?")
    expect(keys).to_be_hidden()

    before = reader.data()
    reader.press("e", "End", "Enter")
    reader.page.keyboard.type("jinmlcfe 123 [] ?")
    expect(reader.page.locator(".s.human .text").first).to_have_text("jinmlcfe 123 [] ?")
    after = reader.data()
    for name in ("invert", "marks", "tool", "window", "slice"):
        assert after[name] == before[name], name
    expect(keys).to_be_hidden()
    assert study_uid in reader.page.url
