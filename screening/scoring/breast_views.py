"""Which images of a mammography study are the four screening views.

DICOM PS3.3 C.8.11 (mammography modules), PS3.16 CID 4014 (views) and CID 4015 (modifiers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import (
    BreastProjectionXRayImageStorageForPresentation,
    BreastProjectionXRayImageStorageForProcessing,
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForProcessing,
)

from screening.rules.breast import SIDES
from screening.scoring.types import InstanceInput, Refusal, StudyInput

# SNOMED CT and the retired SNOMED-RT codes that older machines still send
VIEW_CODES = {"399162004": "CC", "R-10242": "CC", "399368009": "MLO", "R-10226": "MLO"}
NIPPLE_IN_PROFILE = "442581004"
TOMOSYNTHESIS = {
    BreastTomosynthesisImageStorage,
    BreastProjectionXRayImageStorageForPresentation,
    BreastProjectionXRayImageStorageForProcessing,
}
LARGEST_FACTOR = 1.2
SPACING_RANGE_MM = (0.02, 1.0)


@dataclass(frozen=True, slots=True)
class View:
    """One of the four views. side: "R" or "L"; view: "CC" or "MLO"."""

    side: str
    view: str
    instance: InstanceInput

    @property
    def name(self) -> str:
        return f"{SIDES[self.side]} {self.view}"


def select_views(study: StudyInput) -> tuple[list[View], list[str]]:
    """At most one image of each of RCC, LCC, RMLO, LMLO, in that order, and limitations.

    Left aside: magnification, spot, implant-displaced and other modified views, tomosynthesis,
    images for processing. Of several images of one view the last acquired counts. Raises
    `Refusal` when nothing is left.
    """
    films = [item for item in study.instances if _text(item.dataset, "Modality") == "MG"]
    if not films:
        raise Refusal("There is no mammogram in this study.")
    if any(_text(item.dataset, "PatientSex") == "M" for item in films):
        raise Refusal("The model was made for women's screening mammograms only.")
    shown = [item for item in films if not _for_processing(item.dataset)]
    if not shown:
        raise Refusal("The mammograms are for processing, not for presentation.")
    flat = [item for item in shown if not _is_tomosynthesis(item.dataset)]
    if not flat:
        raise Refusal("The study holds only tomosynthesis; the model reads flat mammograms.")
    limitations: list[str] = []
    chosen: dict[tuple[str, str], InstanceInput] = {}
    for item in sorted(flat, key=lambda one: _acquired(one.dataset)):
        view = view_of(item.dataset)
        if view is None:
            continue
        side = side_of(item.dataset)
        if side is None:
            limitations.append(f"side of a {view} view is not given")
            continue
        chosen[(side, view)] = item
    if not chosen and limitations:
        raise Refusal("No image of this study says which breast it shows.")
    if not chosen:
        raise Refusal("There is no standard CC or MLO view in this study.")
    views = [
        View(side, view, chosen[(side, view)]) for view in ("CC", "MLO") for side in "RL" if (side, view) in chosen
    ]
    if any(_text(view.instance.dataset, "BreastImplantPresent") == "YES" for view in views):
        limitations.append("breast implant is present")
    return views, limitations


def view_of(dataset: Dataset) -> str | None:
    """ "CC", "MLO", or None for any other or a modified view. The code counts before the text."""
    modifiers = [
        code for item in _items(dataset, "ViewCodeSequence") for code in _codes(item, "ViewModifierCodeSequence")
    ] + list(_codes(dataset, "ViewModifierCodeSequence"))
    if any(code != NIPPLE_IN_PROFILE for code in modifiers):
        return None
    factor = _number(dataset.get("EstimatedRadiographicMagnificationFactor"))
    if factor is not None and factor > LARGEST_FACTOR:
        return None
    paddle = _text(dataset, "PaddleDescription")
    if "SPOT" in paddle or "MAG" in paddle:
        return None
    codes = list(_codes(dataset, "ViewCodeSequence"))
    if codes:
        return VIEW_CODES.get(codes[0])
    text = _text(dataset, "ViewPosition")
    if text[:1] in SIDES and text[1:] in ("CC", "MLO"):
        text = text[1:]
    return text if text in ("CC", "MLO") else None


def side_of(dataset: Dataset) -> str | None:
    """ "R", "L" or None, by Image Laterality, else Laterality, else the text of View Position."""
    for keyword in ("ImageLaterality", "FrameLaterality", "Laterality"):
        if _text(dataset, keyword) in SIDES:
            return _text(dataset, keyword)
        if _text(dataset, keyword) == "B":
            return None
    text = _text(dataset, "ViewPosition")
    return text[0] if text[:1] in SIDES and text[1:] in ("CC", "MLO") else None


def spacing_of(dataset: Dataset) -> tuple[float, float] | None:
    """(row, column) spacing in mm in the plane of the breast, or None when it is not given.

    Pixel Spacing counts when calibrated (PS3.3 10.7.1.3), else Imager Pixel Spacing divided by
    the magnification factor; an uncalibrated Pixel Spacing comes last.
    """
    calibrated = _text(dataset, "PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL")
    pixel, imager = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    if calibrated and pixel:
        return pixel
    factor = _number(dataset.get("EstimatedRadiographicMagnificationFactor"))
    if imager and factor and 1.0 <= factor <= 2.0:
        return imager[0] / factor, imager[1] / factor
    return imager or pixel


def upside_down(dataset: Dataset, side: str, view: str) -> bool:
    """Does Patient Orientation say that the top of the image is the feet, or in a CC the inner side?

    Without a usable value the image is taken to hang as usual: head, or outer side, up.
    """
    value = dataset.get("PatientOrientation")
    down = str(value[1]).strip().upper() if value is not None and not isinstance(value, str) and len(value) == 2 else ""
    return down.startswith("H") if view == "MLO" else down.startswith(side)


def _for_processing(dataset: Dataset) -> bool:
    if _text(dataset, "PresentationIntentType"):
        return _text(dataset, "PresentationIntentType") == "FOR PROCESSING"
    return dataset.get("SOPClassUID") == DigitalMammographyXRayImageStorageForProcessing


def _is_tomosynthesis(dataset: Dataset) -> bool:
    frames = _number(dataset.get("NumberOfFrames"))
    return dataset.get("SOPClassUID") in TOMOSYNTHESIS or (frames is not None and frames > 1)


def _acquired(dataset: Dataset) -> tuple[str, str, float, str]:
    number = _number(dataset.get("InstanceNumber")) or 0.0
    when = (_text(dataset, "AcquisitionDate"), _text(dataset, "AcquisitionTime"))
    return *when, number, _text(dataset, "SOPInstanceUID")


def _items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    value = dataset.get(keyword)
    yield from value if value is not None and not isinstance(value, str) else ()


def _codes(dataset: Dataset, keyword: str) -> Iterator[str]:
    for item in _items(dataset, keyword):
        yield _text(item, "CodeValue")


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip().upper()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    value = dataset.get(keyword)
    if value is None or isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        return None
    rows, columns = _number(value[0]), _number(value[1])
    if rows is None or columns is None:
        return None
    low, high = SPACING_RANGE_MM
    return (rows, columns) if low <= rows <= high and low <= columns <= high else None
