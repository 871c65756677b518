"""What a series is about, as far as its tags can be believed: the ground on which studies are routed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset

NOT_PRIMARY = {"LOCALIZER", "SECONDARY", "SCREEN SAVE", "SCOUT", "DOSE_INFO"}


def text_of(dataset: Dataset, keyword: str) -> str:
    """An element's value as one short line, empty when absent or unreadable."""
    value = dataset.get(keyword)
    return " ".join(str(value).split())[:256] if value not in (None, "") else ""


def is_primary(image_type: Sequence[str], rows: int) -> bool:
    """Is it an image to read, rather than a localiser, a screen save or an object without pixels (PS3.3 C.7.6.1.1.2)?"""
    return rows > 0 and not NOT_PRIMARY & {str(part).upper() for part in image_type}


def series_facts(datasets: Sequence[Dataset]) -> dict[str, Any]:
    """The facts of one series, named as the fields of `screening.programmes.SeriesFacts`."""
    first = datasets[0]
    primary = [d for d in datasets if is_primary(list(d.get("ImageType") or ()), int(d.get("Rows") or 0))]
    codes = [text_of(item, "CodeMeaning") for item in first.get("ProcedureCodeSequence") or ()]
    regions = [text_of(item, "CodeMeaning") for item in first.get("AnatomicRegionSequence") or ()]
    said = [text_of(first, k) for k in ("StudyDescription", "SeriesDescription", "ProtocolName")]
    parts = Counter(text_of(d, "BodyPartExamined").upper() for d in datasets)
    return {
        "modality": text_of(first, "Modality").upper(),
        "body_part": parts.most_common(1)[0][0],
        "descriptions": tuple(text for text in (*said, *codes, *regions) if text),
        "images": len(datasets),
        "primary": len(primary),
        "in_plane_mm": in_plane_mm(first),
        "extent_mm": extent_mm(primary),
        "contrast": bool(text_of(first, "ContrastBolusAgent")),
    }


def _floats(dataset: Dataset, keyword: str, count: int) -> list[float] | None:
    try:
        values = [float(value) for value in dataset.get(keyword) or ()]
    except (TypeError, ValueError):
        return None
    return values if len(values) == count else None


def in_plane_mm(dataset: Dataset) -> float | None:
    """Field of view: the longer side of the image in mm, None when unknown."""
    spacing = _floats(dataset, "PixelSpacing", 2)
    if spacing is None or not dataset.get("Rows") or not dataset.get("Columns"):
        return None
    return max(spacing[0] * int(dataset.Rows), spacing[1] * int(dataset.Columns))


def extent_mm(datasets: Sequence[Dataset]) -> float | None:
    """Length covered along the patient's axis in mm, from positions; None when unknown."""
    heights = [position[2] for d in datasets if (position := _floats(d, "ImagePositionPatient", 3))]
    return max(heights) - min(heights) if len(heights) > 1 else None
