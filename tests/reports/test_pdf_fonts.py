"""Names in Chinese in the PDF: every character has its glyph in the file, and can be read back."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from config.env import ROOT
from reports.export.fonts import HAN_FILE
from reports.export.pdf import report_pdf
from tests.reports.test_pdf import DOCUMENT

FONTS = ROOT / "static" / "dist" / "fonts"
PACKAGE = ROOT / "frontend" / "node_modules" / "@expo-google-fonts" / "noto-sans-sc"
# Common, rare, traditional, and one beyond the basic plane.
NAMES = ("王芳", "欧阳喆珺", "龑堃甯", "張麗華", "𬱖")

pytestmark = pytest.mark.skipif(not (FONTS / HAN_FILE).is_file(), reason="the front end is not built")


def embedded(data: bytes) -> dict[str, dict[str, Any]]:
    """Fonts of the first page: name → descriptor."""
    page = PdfReader(io.BytesIO(data)).pages[0]
    fonts = (font.get_object() for font in page["/Resources"]["/Font"].values())
    return {str(font["/BaseFont"]): font for font in fonts if "/FontDescriptor" in font}


def tables(font: bytes) -> dict[str, bytes]:
    count = struct.unpack(">H", font[4:6])[0]
    rows = (struct.unpack(">4sLLL", font[12 + 16 * n : 28 + 16 * n]) for n in range(count))
    return {tag.decode("ascii"): font[start : start + size] for tag, _check, start, size in rows}


def outlines(font: bytes) -> list[bytes]:
    """The glyphs of a TrueType font, the box for a missing character first."""
    parts = tables(font)
    wide = struct.unpack(">h", parts["head"][50:52])[0]
    step, form = (4, ">L") if wide else (2, ">H")
    places = [
        at[0] * (1 if wide else 2)
        for at in struct.iter_unpack(form, parts["loca"][: len(parts["loca"]) // step * step])
    ]
    return [parts["glyf"][start:end] for start, end in zip(places, places[1:], strict=False)]


@pytest.mark.parametrize("name", NAMES)
def test_a_chinese_name_has_every_glyph_in_the_file(name):
    data = report_pdf(replace(DOCUMENT, facts=(("患者", name), ("Patient ID", "7715-204"))), FONTS)
    [font] = [font for base, font in embedded(data).items() if "NotoSansSC" in base]
    missing, *drawn = outlines(font["/FontDescriptor"]["/FontFile2"].get_data())
    shapes = [glyph for glyph in drawn if glyph and glyph != missing]
    assert len(set(shapes)) >= len(set(f"患者{name}"))
    assert not any("STSong" in base for base in embedded(data))


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_chinese_name_can_be_found_in_the_text_of_the_file(name):
    data = report_pdf(replace(DOCUMENT, facts=(("患者", name),)), FONTS)
    assert name in PdfReader(io.BytesIO(data)).pages[0].extract_text()


def test_the_font_travels_with_its_license():
    assert "SIL OPEN FONT LICENSE" in (FONTS / "LICENSE-NotoSansSC").read_text(encoding="utf-8").upper()
    assert (PACKAGE / "LICENSE_FONT").is_file()


def test_no_font_is_kept_in_the_repository():
    kept = [
        path
        for folder in ("static/css", "static/icons", "frontend/src", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".ttf", ".otf", ".woff", ".woff2", ".ttc")
    ]
    assert kept == []
