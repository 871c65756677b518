"""A signed report as PDF: A4, white, black, with every page saying whose it is."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from reports.export.document import ReportDocument
from reports.export.fonts import Face, face, is_wide, markup
from reports.export.key_images import key_image_story

MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
INK, GREY, LINE = HexColor("#111111"), HexColor("#555555"), HexColor("#bbbbbb")


def report_pdf(document: ReportDocument, fonts: Path | None = None) -> bytes:
    """The PDF file. fonts: folder with DejaVuSans.ttf and DejaVuSans-Bold.ttf, None for the built-in ones.

    Deterministic: the same document gives the same bytes. Text of any origin is shown as text.
    """
    main = face(fonts)
    stream = BytesIO()
    template = BaseDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=24 * mm,
        title=document.title,
        author=document.site,
        creator="Firstread",
        producer="Firstread",
        invariant=1,
    )
    frame = Frame(MARGIN, 24 * mm, WIDTH, A4[1] - MARGIN - 24 * mm, 0, 0, 0, 0)
    template.addPageTemplates(PageTemplate(frames=[frame]))
    template.build(_story(document, main), canvasmaker=partial(_Pages, document=document, main=main))
    return stream.getvalue()


def _paragraph(text: str, main: Face, size: float, *, bold: bool = False, colour: HexColor = INK) -> Paragraph:
    style = ParagraphStyle(
        "text",
        fontName=main.bold if bold else main.regular,
        fontSize=size,
        leading=size * 1.45,
        textColor=colour,
        alignment=TA_LEFT,
        wordWrap="CJK" if is_wide(text) else "LTR",
        splitLongWords=1,
    )
    return Paragraph(markup(text, main, bold=bold), style)


def _story(document: ReportDocument, main: Face) -> list[Flowable]:
    story: list[Flowable] = [
        _paragraph(document.site, main, 9, colour=GREY),
        _paragraph(document.title, main, 15, bold=True),
    ]
    for line in (document.preliminary, document.version, document.appended):
        story += [Spacer(1, 2 * mm), _boxed(line, main)] if line else []
    story += [Spacer(1, 4 * mm), _facts(document.facts, main, columns=2), Spacer(1, 5 * mm)]
    for section in document.sections:
        # A title stays with its first lines, while a long section may run over the page.
        story += [CondPageBreak(22 * mm), _paragraph(section.title, main, 10, bold=True)]
        story += [_paragraph(section.text, main, 10), Spacer(1, 3.5 * mm)]
    story += [Spacer(1, 3 * mm), KeepTogether([_facts(document.signature, main, columns=1)])]
    for block in document.cosignatures:
        story += [Spacer(1, 2 * mm), KeepTogether([_facts(block, main, columns=1)])]
    for addendum in document.addenda:
        story += [Spacer(1, 6 * mm), CondPageBreak(30 * mm), _paragraph(addendum.title, main, 11, bold=True)]
        story += [_paragraph(line, main, 10) for line in addendum.text.splitlines() if line.strip()]
        story += [Spacer(1, 2 * mm), KeepTogether([_facts(addendum.facts, main, columns=1)])]
    if document.images:
        story += [Spacer(1, 8 * mm), CondPageBreak(118 * mm), _paragraph(document.images_title, main, 11, bold=True)]
        story += [_paragraph(document.images_note, main, 8.5, colour=GREY), Spacer(1, 3 * mm)]
        story += key_image_story(document.images, partial(_words, main))
    return story


def _words(main: Face, text: str, size: float, bold: bool, grey: bool) -> Paragraph:
    return _paragraph(text, main, size, bold=bold, colour=GREY if grey else INK)


def _boxed(text: str, main: Face) -> Table:
    return Table(
        [[_paragraph(text, main, 10, bold=True)]], colWidths=[WIDTH], style=[("BOX", (0, 0), (-1, -1), 1, INK)]
    )


def _facts(facts: tuple[tuple[str, str], ...], main: Face, *, columns: int) -> Table:
    """Label and value pairs between two hairlines, down first, then across."""
    height = -(-len(facts) // columns)
    label, value = (31 * mm, WIDTH / 2 - 31 * mm) if columns == 2 else (34 * mm, WIDTH - 34 * mm)
    rows = []
    for line in range(height):
        row: list[Any] = []
        for pair in facts[line::height]:
            row += [_paragraph(pair[0], main, 8.5, colour=GREY), _paragraph(pair[1], main, 9)]
        rows.append(row + [""] * (2 * columns - len(row)))
    return Table(
        rows,
        colWidths=[label, value] * columns,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
            ("LINEABOVE", (0, 0), (-1, 0), 0.5, LINE),
            ("LINEBELOW", (0, -1), (-1, -1), 0.5, LINE),
        ],
    )


class _Pages(Canvas):
    """Holds every page back until their number is known, then adds the feet."""

    def __init__(self, *args: Any, document: ReportDocument, main: Face, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._document_shown = document
        self._main = main
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  the library's name
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        pages = len(self._held)
        for number, page in enumerate(self._held, start=1):
            self.__dict__.update(page)
            self._foot(number, pages)
            Canvas.showPage(self)
        super().save()

    def _foot(self, number: int, pages: int) -> None:
        document = self._document_shown
        whose = " · ".join(value for _label, value in document.facts[:2])
        count = document.page_words.format(page=number, pages=pages)
        lines = [f"{whose} · {document.title} · {count}", document.notice]
        height = 17 * mm
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, 19 * mm, A4[0] - MARGIN, 19 * mm)
        for text in lines:
            paragraph = _paragraph(text, self._main, 7.5, colour=GREY)
            _width, used = paragraph.wrap(WIDTH, 20 * mm)
            paragraph.drawOn(self, MARGIN, height - used + 1 * mm)
            height -= used
