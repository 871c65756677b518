"""Key images in the PDF: the whole frame with its mark, and beside it what is marked, enlarged. Pure: no Django."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer

from reports.export.document import KeyImage

# Two pictures beside each other on A4 between margins of 20 mm.
PICTURE, GAP, TALLEST = 82 * mm, 6 * mm, 82 * mm
MARK, HALO = HexColor("#ffd54a"), HexColor("#000000")
# The enlargement shows so many times the mark's own size, and at least this share of the frame.
AROUND, LEAST = 3.0, 0.12


class MarkedPicture(Flowable):
    """One key image: frame and enlargement. The mark is drawn as lines, so that it stays sharp in print."""

    def __init__(self, image: KeyImage) -> None:
        super().__init__()
        self._image = image
        self._reader = ImageReader(BytesIO(image.picture))
        pixels, lines = self._reader.getSize()
        self.scale = min(PICTURE / pixels, TALLEST / lines)
        self.frame = (pixels * self.scale, lines * self.scale)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return (2 * PICTURE + GAP, self.frame[1])

    def draw(self) -> None:
        width, height = self.frame
        self.canv.drawImage(self._reader, 0, 0, width, height)
        self._outline([(x * width, (1 - y) * height) for x, y in self._image.outline])
        self._enlarged(PICTURE + GAP, *self.frame)

    def _outline(self, points: list[tuple[float, float]]) -> None:
        path = self.canv.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.close()
        for colour, weight in ((HALO, 1.6), (MARK, 0.8)):
            self.canv.setStrokeColor(colour)
            self.canv.setLineWidth(weight)
            self.canv.drawPath(path, stroke=1, fill=0)

    def _enlarged(self, left: float, width: float, height: float) -> None:
        """A square around the mark, without the mark: it would hide what it shows."""
        side = min(width, height)
        x0, y0, size = square_around(self._image.outline, width, height)
        zoom = side / size
        path = self.canv.beginPath()
        path.rect(left, height - side, side, side)
        self.canv.saveState()
        self.canv.clipPath(path, stroke=0, fill=0)
        self.canv.drawImage(
            self._reader,
            left - x0 * zoom,
            height - side - (height - y0 - size) * zoom,
            width * zoom,
            height * zoom,
        )
        self.canv.restoreState()


def square_around(outline: Any, width: float, height: float) -> tuple[float, float, float]:
    """(left, top, side) of the square that is enlarged, within a frame of `width` × `height` from its upper left
    corner. outline: x, y as shares of the frame."""
    xs, ys = [x * width for x, _y in outline], [y * height for _x, y in outline]
    extent = max(max(xs) - min(xs), max(ys) - min(ys))
    shorter = min(width, height)
    size = min(max(extent * AROUND, shorter * LEAST), shorter)
    left = min(max((min(xs) + max(xs) - size) / 2, 0.0), width - size)
    top = min(max((min(ys) + max(ys) - size) / 2, 0.0), height - size)
    return left, top, size


def key_image_story(images: tuple[KeyImage, ...], words: Any) -> list[Flowable]:
    """words: (text, size, bold, grey) → a paragraph in the PDF's type."""
    story: list[Flowable] = []
    for image in images:
        title: Paragraph = words(image.caption, 9.5, True, False)
        below: Paragraph = words(image.source, 8, False, True)
        block = [title, Spacer(1, 1.2 * mm), MarkedPicture(image), Spacer(1, 1 * mm), below]
        story += [CondPageBreak(40 * mm), KeepTogether(block), Spacer(1, 4 * mm)]
    return story
