"""From any mammogram to the one form the breast network reads, and back again.

A film is reduced to a fixed pixel size in millimetres, cleared of borders, markers and labels,
turned so that the chest wall is on the left, and put on a fixed canvas. `Film.to_image` takes
boxes on the canvas back to the pixels of the image as stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

PIXEL_MM = 0.5
CANVAS = (480, 288)
DETAIL_MM = 0.4
DETAIL = (600, 360)
ASSUMED_HEIGHT_MM = 240.0
SMALLEST_BREAST_CM2 = 8.0
LARGEST_SHARE = 0.97
ERODED_PX = 4
LOCAL_SIGMA_PX = 14.0
EDGE_PX = 24

Box = tuple[float, float, float, float]


class BreastNotFound(Exception):
    """No single large, brighter-than-background region touches or fills the image."""


@dataclass(frozen=True, slots=True)
class Film:
    """One prepared mammogram.

    image: float32 (2, 480, 288): grey within the breast (0 at its 2nd, 1 at its 99.5th
        percentile), and local contrast (-1–1); 0 outside the breast.
    mask: bool (480, 288), the breast.
    scale: canvas pixels per image pixel. origin: (x, y) on the reduced image of the canvas's
        top left corner. mirrored: the image was flipped left to right (chest wall was on the right).
    width: of the reduced image, pixels. pixel_mm: of the canvas, as far as spacing was known; more
        than 0.5 where a large breast had to be made to fit.
    detail: float16 (600, 360), the grey (0–1) of the same field in finer pixels (4/5 of the
        canvas's), 0 outside the breast: what a mass looks like is judged on it.
    """

    image: np.ndarray
    mask: np.ndarray
    scale: tuple[float, float]
    origin: tuple[float, float]
    mirrored: bool
    width: int
    pixel_mm: float
    detail: np.ndarray

    def to_canvas(self, box: Box) -> Box:
        """A box of the stored image (x0, y0, x1, y1) on the canvas."""
        x0, x1 = box[0] * self.scale[0], box[2] * self.scale[0]
        y0, y1 = box[1] * self.scale[1], box[3] * self.scale[1]
        if self.mirrored:
            x0, x1 = self.width - x1, self.width - x0
        return x0 - self.origin[0], y0 - self.origin[1], x1 - self.origin[0], y1 - self.origin[1]

    def to_image(self, box: Box) -> Box:
        """A box of the canvas in pixels of the stored image; may reach over its edges."""
        x0, x1 = box[0] + self.origin[0], box[2] + self.origin[0]
        y0, y1 = box[1] + self.origin[1], box[3] + self.origin[1]
        if self.mirrored:
            x0, x1 = self.width - x1, self.width - x0
        return x0 / self.scale[0], y0 / self.scale[1], x1 / self.scale[0], y1 / self.scale[1]


def prepare_film(grey: np.ndarray, spacing_mm: tuple[float, float] | None) -> Film:
    """Prepare one mammogram.

    grey: float (rows, columns), 0 black – 1 white, tissue bright. spacing_mm: (row, column)
    spacing; None reads the image as 240 mm high. Raises `BreastNotFound`.
    """
    rows, columns = grey.shape
    row_mm, column_mm = spacing_mm or (ASSUMED_HEIGHT_MM / rows,) * 2
    height, width = max(1, round(rows * row_mm / PIXEL_MM)), max(1, round(columns * column_mm / PIXEL_MM))
    small = _resize(grey, height, width)
    mask = breast_mask(small)
    mirrored = _chest_wall_is_right(mask)
    if mirrored:
        small, mask = small[:, ::-1], mask[:, ::-1]
    inside_rows, inside_columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom = int(inside_rows[0]), int(inside_rows[-1]) + 1
    left, right = int(inside_columns[0]), int(inside_columns[-1]) + 1
    shrink = min(1.0, CANVAS[0] / (bottom - top), CANVAS[1] / (right - left))
    if shrink < 1.0:
        height, width = int(height * shrink), int(width * shrink)
        small = _resize(small, height, width)
        mask = _resize(mask.astype(np.float32), height, width) > 0.5
        top, bottom, left, right = (int(value * shrink) for value in (top, bottom, left, right))
    y0, x0 = (top + bottom - CANVAS[0]) // 2, left
    canvas, canvas_mask = _place(small, y0, x0), _place(mask, y0, x0).astype(bool)
    image = _normalised(canvas * canvas_mask, canvas_mask)
    return Film(
        image,
        canvas_mask,
        (width / columns, height / rows),
        (float(x0), float(y0)),
        mirrored,
        width,
        PIXEL_MM / shrink,
        _detail(grey, (height, width), mirrored, (y0, x0), canvas_mask),
    )


def _detail(
    grey: np.ndarray, size: tuple[int, int], mirrored: bool, corner: tuple[int, int], mask: np.ndarray
) -> np.ndarray:
    """`Film.detail` from the image as stored; `size` and `corner` are those of the reduced image."""
    finer = PIXEL_MM / DETAIL_MM
    height, width = (max(1, round(value * finer)) for value in size)
    fine = _resize(grey, height, width, Image.Resampling.BILINEAR)
    canvas = _place(fine[:, ::-1] if mirrored else fine, round(corner[0] * finer), round(corner[1] * finer), DETAIL)
    rows, columns = (np.minimum(np.arange(n) / finer, m - 1).astype(int) for n, m in zip(DETAIL, CANVAS, strict=True))
    return (canvas * mask[rows[:, None], columns]).astype(np.float16)


def breast_mask(small: np.ndarray) -> np.ndarray:
    """The breast on a reduced image (0.5 mm pixels), bool. Raises `BreastNotFound`."""
    smooth = ndimage.gaussian_filter(small, 1.5, mode="nearest")
    smooth = np.where(_white_frame(smooth) | _bright_edges(small), 0.0, smooth)
    background = float(np.percentile(smooth, 3))
    bright = smooth > max(background + 0.045, 0.06)
    bright = ndimage.binary_opening(np.pad(bright, 6, mode="edge"), iterations=5)[6:-6, 6:-6]
    labels, count = ndimage.label(bright)
    if count == 0:
        raise BreastNotFound
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    mask = ndimage.binary_fill_holes(labels == int(sizes.argmax()))
    area_cm2 = mask.sum() * (PIXEL_MM / 10.0) ** 2
    if area_cm2 < SMALLEST_BREAST_CM2 or mask.mean() > LARGEST_SHARE or float(smooth[mask].std()) < 0.005:
        raise BreastNotFound
    return np.asarray(mask)


def _white_frame(smooth: np.ndarray) -> np.ndarray:
    """Saturated regions that touch the edge: uncovered film, borders, tape."""
    labels, _ = ndimage.label(smooth > 0.95)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.unique(edge[edge > 0])
    if touching.size == 0:
        return np.zeros(smooth.shape, bool)
    return np.asarray(ndimage.binary_dilation(np.isin(labels, touching), iterations=4))


def _bright_edges(small: np.ndarray) -> np.ndarray:
    """Rows and columns near an edge that are bright from end to end: the rim of a digitised film.

    The chest-wall column may be bright by right, so a column must be almost white.
    """
    edges = np.zeros(small.shape, bool)
    rows, columns = np.percentile(small, 15, axis=1), np.percentile(small, 15, axis=0)
    for values, limit, view in ((rows, 0.2, edges), (columns, 0.85, edges.T)):
        for start, step in ((0, 1), (len(values) - 1, -1)):
            near = [i for i in range(start, start + step * min(EDGE_PX, len(values)), step) if values[i] > limit]
            if near:
                last = near[-1] + 2 * step
                view[min(start, last) if step < 0 else 0 : max(start, last) + 1] = True
    return edges


def _chest_wall_is_right(mask: np.ndarray) -> bool:
    """The breast is widest (in rows) at the chest wall."""
    columns = np.flatnonzero(mask.any(axis=0))
    strip = max(2, len(columns) // 10)
    heights = mask.sum(axis=0)[columns[0] : columns[-1] + 1]
    return bool(heights[-strip:].mean() > heights[:strip].mean())


def _resize(image: np.ndarray, height: int, width: int, method: Image.Resampling = Image.Resampling.BOX) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    return np.asarray(picture.resize((width, height), method), dtype=np.float32)


def _place(image: np.ndarray, y0: int, x0: int, size: tuple[int, int] = CANVAS) -> np.ndarray:
    canvas = np.zeros(size, np.float32)
    top, left = max(0, -y0), max(0, -x0)
    part = image[max(0, y0) : y0 + size[0], max(0, x0) : x0 + size[1]]
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def _normalised(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    core = ndimage.binary_erosion(mask, iterations=ERODED_PX, border_value=1)
    values = grey[core] if core.any() else grey[mask]
    low, high = np.percentile(values, [2.0, 99.5])
    level = np.clip((grey - low) / max(float(high - low), 1e-3), -0.5, 1.5) * mask
    weight = ndimage.gaussian_filter(mask.astype(np.float32), LOCAL_SIGMA_PX) + 1e-3
    mean = ndimage.gaussian_filter(level * mask, LOCAL_SIGMA_PX) / weight
    deviation = (level - mean) * mask
    spread = np.sqrt(ndimage.gaussian_filter(deviation**2, 1.5 * LOCAL_SIGMA_PX) / weight) + 0.05
    local = np.clip(deviation / spread / 3.0, -1.0, 1.0) * mask
    return np.stack([level, local]).astype(np.float32)
