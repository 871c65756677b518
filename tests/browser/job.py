"""The main job as a person does it: upload, score, list, read, sign, PDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.studies import text_of

OWN_SENTENCE = "Compared with nothing: no earlier study is at hand."


@dataclass(frozen=True)
class Job:
    """A study to read. single_view: one film of four, so that nothing may sound like an all-clear."""

    archive: Path
    study_uid: str
    images: int
    scoring_s: float = 60
    single_view: bool = False


def do_the_job(job: Job, sit_down) -> None:
    reader = sit_down("reader")
    reader.page.evaluate("() => { window.stayed = true; }")
    technologist = sit_down("technologist")
    counts = technologist.upload(job.archive)
    assert counts == {"stored": job.images, "duplicate": 0, "rejected": 0}

    reader.row_shows(job.study_uid, "scored", seconds=job.scoring_s)
    assert reader.page.evaluate("() => window.stayed"), "the list was loaded anew"
    if job.single_view:
        said = reader.row(job.study_uid).inner_text().lower()
        assert "incomplete" in said
        assert "below" not in said and "negative" not in said
    reader.open_by_keyboard(job.study_uid)

    shown = reader.images_are_ready()
    assert shown["viewer"] == "ready"
    look_at_the_images(reader, shown)
    look_at_the_result(reader, job)

    reader.draft_is_there()
    reader.write_after_first_sentence(OWN_SENTENCE)
    reader.press("n")
    assert "empty" not in reader.data()["issues"]
    reader.sign()
    check_the_signed_report(reader, job)

    reader.page.get_by_role("link", name="Worklist").click()
    reader.wait(lambda data: data.get("worklist") == "ready")
    expect(reader.row(job.study_uid)).to_have_count(0)
    assert reader.complaints == []
    assert technologist.complaints == []


def look_at_the_images(reader, shown) -> None:
    if shown["slices"] == "1":
        reader.press("f")
        reader.wait(lambda data: "enlarged" in data)
        reader.press("f")
        return
    reader.press("Home")
    reader.wait(lambda data: data["slice"] == "1")
    before = reader.data()["rendered"]
    reader.page.locator(".vp").first.hover()
    reader.page.mouse.wheel(0, 100)
    reader.wait(lambda data: data["slice"] == "2" and data["rendered"] != before)


def look_at_the_result(reader, job: Job) -> None:
    said = reader.text("[data-part=ai]")
    found = reader.page.locator(".find").count()
    if found:
        reader.press("]")
        reader.page.locator("[data-mark].on").first.wait_for()
    elif not job.single_view:
        assert "nothing above the threshold" in said
        expect(reader.page.locator("[data-part=strip]").first).to_contain_text("No AI marks", use_inner_text=True)
    if job.single_view:
        assert "Assessment incomplete" in said
        assert "CC" in said, "the missing views are listed"
        for all_clear in ("nothing above", "below", "negative", "normal"):
            assert all_clear not in said.lower()


def check_the_signed_report(reader, job: Job) -> None:
    expect(reader.page.locator("[data-part=readonly]").first).to_contain_text("Mara Osei", use_inner_text=True)
    expect(reader.page.locator("[contenteditable]")).to_have_count(0)
    pdf = reader.pdf()
    assert pdf.startswith(b"%PDF")
    words = text_of(pdf)
    if words:
        assert OWN_SENTENCE in words
        assert "Mara Osei" in words
    if job.single_view:
        assert "BI-RADS 1" not in words and "negative" not in words.lower()
