"""The PDF of a report, read back as text."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from config.data import ROOT
from reports.export.document import ReportDocument, SectionText
from reports.export.fonts import face, is_wide, markup
from reports.export.pdf import report_pdf

FONTS = next(
    (
        folder
        for folder in (ROOT / "static/dist/fonts", ROOT / "frontend/node_modules/dejavu-fonts-ttf/ttf")
        if (folder / "DejaVuSans.ttf").is_file()
    ),
    None,
)
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")

DOCUMENT = ReportDocument(
    title="Low-dose CT of the chest",
    site="North Clinic",
    preliminary="",
    notice="Research software, not a medical device.",
    facts=(("Patient", "Nowak, Łucja"), ("Patient ID", "7715-204"), ("Birth date", "1960-01-01")),
    sections=(
        SectionText("Nodules", ("A solid nodule of 8.2 mm.", "No other nodule.")),
        SectionText("Assessment", ("Lung-RADS 4A.",)),
    ),
    signature=(("Signed by", "Mara Osei"), ("Signed at", "2026-11-21 10:00:00 UTC")),
    page_words="Page {page} of {pages}",
)


def read_back(data: bytes, tmp_path: Path) -> str:
    file = tmp_path / "report.pdf"
    file.write_bytes(data)
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, timeout=60, check=True).stdout
    return re.sub(r"\s+", " ", text.decode("utf-8"))


@needs_pdftotext
@pytest.mark.parametrize("fonts", [FONTS, None], ids=["DejaVu", "built in"])
def test_every_sentence_and_the_signature_can_be_read_back(fonts, tmp_path):
    text = read_back(report_pdf(DOCUMENT, fonts), tmp_path)
    for words in (
        "A solid nodule of 8.2 mm. No other nodule.",
        "Lung-RADS 4A.",
        "Mara Osei",
        "Page 1 of 1",
        "7715-204",
    ):
        assert words in text


@needs_pdftotext
@pytest.mark.skipif(FONTS is None, reason="the front end is not built")
def test_names_of_any_script_are_printed(tmp_path):
    names = "王芳 Łukasz René 김철수 Ελένη Зоя さくら"
    text = read_back(report_pdf(replace(DOCUMENT, facts=(("Patient", names),)), FONTS), tmp_path)
    for name in names.split():
        assert name in text


@needs_pdftotext
def test_a_preliminary_report_says_so(tmp_path):
    text = read_back(report_pdf(replace(DOCUMENT, preliminary="Preliminary report, to be confirmed"), FONTS), tmp_path)
    assert "Preliminary report, to be confirmed" in text


@needs_pdftotext
def test_a_long_report_runs_over_pages_that_all_name_the_patient(tmp_path):
    long = SectionText("Nodules", tuple(f"Sentence number {n} about the lungs." for n in range(300)))
    text = read_back(report_pdf(replace(DOCUMENT, sections=(long,)), FONTS), tmp_path)
    pages = int(re.search(r"Page 1 of (\d+)", text)[1])
    assert pages > 1
    assert text.count("7715-204 · Low-dose CT") == pages
    assert all(f"Sentence number {n} " in text for n in range(300))


@needs_pdftotext
def test_markup_in_a_name_or_a_sentence_is_shown_not_run(tmp_path):
    hostile = replace(
        DOCUMENT,
        title="<b>bold</b>",
        facts=(("Patient", '<img src="http://example.org/x">'),),
        sections=(SectionText("A & B", ("</font><link>5 < 6 & 7\x00\x07",)),),
    )
    text = read_back(report_pdf(hostile, FONTS), tmp_path)
    assert '<img src="http://example.org/x">' in text
    assert "</font><link>5 < 6 & 7" in text


def test_the_same_document_gives_the_same_bytes():
    assert report_pdf(DOCUMENT, FONTS) == report_pdf(DOCUMENT, FONTS)
    assert report_pdf(DOCUMENT, FONTS).startswith(b"%PDF-")


def test_a_broken_font_file_falls_back_to_the_built_in_one(tmp_path):
    (tmp_path / "DejaVuSans.ttf").write_bytes(b"no font")
    assert face(tmp_path).regular == "Helvetica"


def test_text_is_split_by_the_font_that_has_it():
    main = face(None)
    assert markup("a王b", main) == (
        '<font name="Helvetica">a</font><font name="STSong-Light">王</font><font name="Helvetica">b</font>'
    )
    assert is_wide("王") and not is_wide("Łé")
