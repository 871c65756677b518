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
class ReportDocument:
    """One signed report. All of it is text for people, in one language, of any script.

    preliminary: a line that says so, "" for a final report. notice: the research-use line.
    facts: (label, value) of patient and study. signature: (label, value) of the signature block.
    page_words: with {page} and {pages}. appended: a line that says addenda follow, "" without any.
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
