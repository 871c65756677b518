"""What every readable export of a report shows, already in words. Pure: no Django."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SectionText:
    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class AddendumText:
    """facts: (label, value) of its reason and its signature. text may have several lines."""

    title: str
    text: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeyImage:
    """picture: a JPEG of the whole frame. outline: at least three points of the mark, x and y as shares of the frame
    from its upper left corner. source: which image, and who marked it.
    """

    picture: bytes
    outline: tuple[tuple[float, float], ...]
    caption: str
    source: str


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """One signed report. All of it is text for people, in one language, of any script.

    preliminary: a line that says so, "" for a final report. notice: the research-use line.
    facts: (label, value) of patient and study. signature: (label, value) of the signature block.
    page_words: with {page} and {pages}. appended: a line that says addenda follow, "" without any. version: a line
    that says it replaces an earlier text, or was replaced; "" for a first and only text. cosignatures: one block each.
    """

    title: str
    site: str
    preliminary: str
    notice: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[SectionText, ...]
    signature: tuple[tuple[str, str], ...]
    page_words: str
    addenda: tuple[AddendumText, ...] = ()
    appended: str = ""
    version: str = ""
    cosignatures: tuple[tuple[tuple[str, str], ...], ...] = ()
    images: tuple[KeyImage, ...] = ()
    images_title: str = ""
    images_note: str = ""
