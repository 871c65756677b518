"""What a measurement on an image is worth, from its points, the pixel spacing and the pixels. Pure: no Django.

Points are pixels of the frame counted from its upper left corner, x to the right and y down, so that the middle of the
first pixel is (0.5, 0.5) (PS3.3 C.18.6.1.2): a whole number is an edge between pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Point = tuple[float, float]
Basis = Literal["patient", "detector", "none"]

# Tool → how many points it has. Bidirectional: both ends of the long axis, then of the short one. Angle: the second
# is its vertex. Ellipse: both ends of one axis, then of the other. Rectangle: upper left, upper right, lower left,
# lower right. Arrow: its tip, then where its words stand. Probe: somewhere in its pixel.
TOOLS = {"length": 2, "bidirectional": 4, "angle": 3, "ellipse": 4, "rectangle": 4, "arrow": 2, "probe": 1}
REGIONS = frozenset({"ellipse", "rectangle"})
# What can be measured across the slices, where no image holds the pixels as they are shown.
PLANE_TOOLS = frozenset({"length", "bidirectional", "angle"})
# What also needs the pixels.
PIXEL_TOOLS = REGIONS | {"probe"}
# Images of a shadow: what lies nearer to the tube is larger on the detector than in the patient.
PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "PX", "IO", "RG"})
TOLERANCE = 0.1
_DIGITS = 4


class MeasuringError(ValueError):
    """The points are no measurement; `str(error)` is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Millimetres between rows (down) and between columns (across); 1 and 1 where the image does not say.

    basis: "patient" (PixelSpacing), "detector" (ImagerPixelSpacing: what lies nearer to the tube looks larger) or "none".
    """

    row_mm: float
    column_mm: float
    basis: Basis

    @property
    def unit(self) -> str:
        return "px" if self.basis == "none" else "mm"


@dataclass(frozen=True, slots=True)
class Value:
    """name: of the quantity; unit: "mm", "mm2", "px", "px2", "deg", "HU" or "" for stored values."""

    name: str
    value: float
    unit: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": round(self.value, _DIGITS), "unit": self.unit}


def scale_of(header: Mapping[str, Any], modality: str) -> Scale:
    """The scale of an image from the header kept beside it (`header_of`) and its series' modality.

    A projection's PixelSpacing holds in the patient only where it differs from ImagerPixelSpacing, that is, where
    somebody calibrated it (PS3.3 10.7.1.3); otherwise it is the detector's.
    """
    spacing, imager = _pair(header.get("pixel_spacing")), _pair(header.get("imager_pixel_spacing"))
    found = spacing or imager
    if found is None:
        return Scale(1.0, 1.0, "none")
    calibrated = imager is not None and spacing != imager if modality in PROJECTIONS else True
    return Scale(*found, "patient" if spacing and calibrated else "detector")


def _pair(given: Any) -> tuple[float, float] | None:
    try:
        row, column = (float(each) for each in given or ())
    except (TypeError, ValueError):
        return None
    usable = all(math.isfinite(each) and 0 < each < 1000 for each in (row, column))
    return (row, column) if usable else None


def checked_points(tool: str, sent: object, *, rows: int, columns: int) -> list[Point]:
    """The points as pairs of finite numbers, as many as the tool has, none further than one image beside the image.

    Raises `MeasuringError` for anything else.
    """
    if tool not in TOOLS:
        raise MeasuringError("There is no such tool.")
    if not isinstance(sent, Sequence) or isinstance(sent, str) or len(sent) != TOOLS[tool]:
        raise MeasuringError("The measurement does not have the points of its tool.")
    points: list[Point] = []
    for each in sent:
        if not isinstance(each, Sequence) or isinstance(each, str) or len(each) != 2:
            raise MeasuringError("A point is not a pair of numbers.")
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in each):
            raise MeasuringError("A point is not a pair of numbers.")
        x, y = (float(value) for value in each)
        # A comparison with NaN is false.
        if not (-columns <= x <= 2 * columns and -rows <= y <= 2 * rows):
            raise MeasuringError("A point lies far beside the image.")
        points.append((x, y))
    return points


def checked_plane(tool: str, sent: object) -> tuple[str, list[tuple[float, float, float]]]:
    """The name of a plane across the slices, and the tool's points in it as places in the patient (mm, LPS).

    sent: {"name", "points": [[x, y, z], …]}. Raises `MeasuringError` for anything else, and for other tools.
    """
    if tool not in PLANE_TOOLS:
        raise MeasuringError("This tool measures on the slices themselves, not across them.")
    given = sent if isinstance(sent, Mapping) else {}
    name, points = given.get("name"), given.get("points")
    if not isinstance(name, str):
        raise MeasuringError("There is no such plane.")
    if not isinstance(points, Sequence) or isinstance(points, str) or len(points) != TOOLS[tool]:
        raise MeasuringError("The measurement does not have the points of its tool.")
    return name, [_place(each) for each in points]


def _place(sent: object) -> tuple[float, float, float]:
    parts = list(sent) if isinstance(sent, Sequence) and not isinstance(sent, str) else []
    known = all(isinstance(part, int | float) and not isinstance(part, bool) and math.isfinite(part) for part in parts)
    if len(parts) != 3 or not known:
        raise MeasuringError("A point is not three numbers.")
    return float(parts[0]), float(parts[1]), float(parts[2])


def geometry(tool: str, points: Sequence[Point], scale: Scale) -> list[Value]:
    """Length and axes in mm (px without a spacing), angle in degrees 0–180, area in mm² (px²); an arrow has no value.

    Raises `MeasuringError` for an angle or an area of nothing.
    """
    vectors = [np.array([x * scale.column_mm, y * scale.row_mm]) for x, y in points]
    if tool == "length":
        return [Value("length", _distance(vectors[0], vectors[1]), scale.unit)]
    if tool == "bidirectional":
        long, short = sorted((_distance(vectors[0], vectors[1]), _distance(vectors[2], vectors[3])), reverse=True)
        return [Value("long_axis", long, scale.unit), Value("short_axis", short, scale.unit)]
    if tool == "angle":
        return [Value("angle", _angle(*vectors), "deg")]
    if tool in REGIONS:
        u, v = _sides(tool, vectors)
        area = abs(u[0] * v[1] - u[1] * v[0]) * (math.pi if tool == "ellipse" else 1.0)
        if area <= 0:
            raise MeasuringError("The region has no area.")
        return [Value("area", float(area), f"{scale.unit}2")]
    return []


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.hypot(*(b - a)))


def _angle(a: np.ndarray, vertex: np.ndarray, b: np.ndarray) -> float:
    u, v = a - vertex, b - vertex
    if not u.any() or not v.any():
        raise MeasuringError("An angle needs two arms.")
    return float(np.degrees(np.arctan2(abs(u[0] * v[1] - u[1] * v[0]), float(u @ v))))


def _sides(tool: str, vectors: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The half axes of an ellipse, the sides of a rectangle."""
    if tool == "ellipse":
        return (vectors[0] - vectors[1]) / 2, (vectors[3] - vectors[2]) / 2
    return vectors[1] - vectors[0], vectors[2] - vectors[0]


def statistics(tool: str, points: Sequence[Point], pixels: np.ndarray, unit: str) -> list[Value]:
    """Mean, standard deviation, least, most and number of the pixels whose middle lies inside a region; a probe's value.

    pixels: modality values of the frame, shape (Rows, Columns). Empty when no pixel's middle lies inside.
    """
    if tool == "probe":
        (x, y), (height, width) = points[0], pixels.shape
        there = 0 <= x < width and 0 <= y < height
        return [Value("value", float(pixels[math.floor(y), math.floor(x)]), unit)] if there else []
    inside = _inside(tool, points, pixels)
    if not inside.size:
        return []
    figures = {"mean": inside.mean(), "deviation": inside.std(), "least": inside.min(), "most": inside.max()}
    values = [Value(name, float(figure), unit) for name, figure in figures.items()]
    return [*values, Value("pixels", float(inside.size), "")]


def _inside(tool: str, points: Sequence[Point], pixels: np.ndarray) -> np.ndarray:
    vectors = [np.array(point, dtype=float) for point in points]
    u, v = _sides(tool, vectors)
    middle = np.mean(vectors, axis=0)
    reach = np.abs(u) + np.abs(v)
    height, width = pixels.shape
    x0, y0 = (max(0, math.floor(each)) for each in middle - reach)
    x1, y1 = (min(most, math.ceil(each)) for each, most in zip(middle + reach, (width, height), strict=True))
    if x1 <= x0 or y1 <= y0:
        return np.empty(0)
    ys, xs = np.mgrid[y0:y1, x0:x1] + 0.5
    # Every pixel's middle in terms of the two sides.
    start = middle if tool == "ellipse" else vectors[0]
    dx, dy = xs - start[0], ys - start[1]
    whole = u[0] * v[1] - u[1] * v[0]
    if whole == 0:
        return np.empty(0)
    a, b = (dx * v[1] - dy * v[0]) / whole, (u[0] * dy - u[1] * dx) / whole
    mask = a * a + b * b <= 1 if tool == "ellipse" else (a >= 0) & (a < 1) & (b >= 0) & (b < 1)
    return np.asarray(pixels[y0:y1, x0:x1][mask], dtype=np.float64)


def differs(values: Sequence[Value], claimed: object) -> bool:
    """Is what the browser worked out (its first value) further from ours than 0.1? A claim that is no number is one."""
    if not values or claimed is None:
        return False
    if not isinstance(claimed, int | float) or isinstance(claimed, bool) or not math.isfinite(claimed):
        return True
    return abs(values[0].value - claimed) > TOLERANCE
