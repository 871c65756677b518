"""Fonts for printed reports: names come in any script.

DejaVu Sans (Latin, Greek, Cyrillic, Arabic letters and more) and Noto Sans SC (Chinese characters, rare ones of names
included, and kana) travel with the front end's build and into the file, cut to what it uses. Korean, and Chinese where
Noto is not there, use the viewer's own fonts through the PDF's standard CID fonts.
Scripts that need shaping are written letter by letter.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

CHINESE = "STSong-Light"
KOREAN = "HYSMyeongJo-Medium"
HAN, HAN_FILE = "Report-Han", "NotoSansSC-Regular.ttf"
FILES = {"Report": "DejaVuSans.ttf", "Report-Bold": "DejaVuSans-Bold.ttf"}


@dataclass(frozen=True, slots=True)
class Face:
    """A main font and the characters it has; regular and bold have the same ones here. `han`: those of the
    Chinese font, none where it is not there."""

    regular: str
    bold: str
    characters: frozenset[int]
    han: frozenset[int] = frozenset()


@lru_cache(maxsize=4)
def face(folder: Path | None) -> Face:
    """The main font from `folder`, or the PDF's own Helvetica where it is not there."""
    registerFont(UnicodeCIDFont(CHINESE))
    registerFont(UnicodeCIDFont(KOREAN))
    if folder is not None:
        try:
            loaded = [TTFont(name, str(folder / file)) for name, file in FILES.items()]
        except (TTFError, OSError):
            loaded = []
        if loaded:
            for font in loaded:
                registerFont(font)
            common = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in loaded))
            return Face("Report", "Report-Bold", common, _han(folder))
    latin = frozenset(ord(bytes([code]).decode("cp1252")) for code in range(0x20, 0x100) if _in_cp1252(code))
    return Face("Helvetica", "Helvetica-Bold", latin)


def _han(folder: Path) -> frozenset[int]:
    """Make the Chinese font known. The characters it has; none without its file."""
    try:
        font = TTFont(HAN, str(folder / HAN_FILE))
    except (TTFError, OSError):
        return frozenset()
    registerFont(font)
    return frozenset(font.face.charToGlyph)


def _in_cp1252(code: int) -> bool:
    try:
        bytes([code]).decode("cp1252")
    except UnicodeDecodeError:
        return False
    return code not in (0x7F, 0xA0, 0xAD)


def _font_of(character: str, main: str, face: Face) -> str:
    code = ord(character)
    if code in face.characters or character == " ":
        return main
    if code in face.han:
        return HAN
    if 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F or 0xAC00 <= code <= 0xD7A3:
        return KOREAN
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return main  # nobody has it: an empty box is honest, a wrong letter is not
    return CHINESE


def is_wide(text: str) -> bool:
    """Does the text hold characters that may break anywhere (CJK)?"""
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def markup(text: str, main: Face, *, bold: bool = False) -> str:
    """Plain text as paragraph markup, escaped, each run in a font that has it; control characters dropped."""
    name = main.bold if bold else main.regular
    clean = "".join(" " if each.isspace() else each for each in text if each.isspace() or each.isprintable())
    runs = groupby(clean, key=lambda character: _font_of(character, name, main))
    return "".join(f'<font name="{font}">{escape("".join(run))}</font>' for font, run in runs)
