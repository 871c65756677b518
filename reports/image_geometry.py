"""How large the pixels of an image are, and in which plane that holds. Pure: header facts in, facts out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reports.hanging import numbers

# Images of a shadow: what lies nearer to the tube is larger on the detector than in the patient.
PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "PX", "IO", "RG"})
SAME = 1e-6


def spacing_of(header: Mapping[str, Any], modality: str) -> dict[str, Any]:
    """{"spacing": [mm between rows, mm between columns] or None, "spacing_at": "patient", "detector" or ""}.

    A projection's PixelSpacing holds in the patient only where it differs from ImagerPixelSpacing, that is, where
    somebody calibrated it (PS3.3 10.7.1.3); otherwise both are those of the detector.
    """
    patient, detector = _positive(header.get("pixel_spacing")), _positive(header.get("imager_pixel_spacing"))
    found = patient or detector
    if found is None:
        return {"spacing": None, "spacing_at": ""}
    if modality in PROJECTIONS:
        calibrated = patient and detector and any(abs(a - b) > SAME for a, b in zip(patient, detector, strict=True))
        return {"spacing": list(found), "spacing_at": "patient" if calibrated else "detector"}
    return {"spacing": list(found), "spacing_at": "patient" if patient else "detector"}


def _positive(value: Any) -> tuple[float, ...] | None:
    found = numbers(value, 2)
    return found if found and all(0 < each < math.inf for each in found) else None
