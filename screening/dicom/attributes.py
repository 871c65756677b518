"""The DICOM JSON Model (PS3.18 Annex F) of stored files: their headers as attributes, and those as text."""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr

from screening.dicom.elements import READING_ERRORS
from screening.dicom.parse import drop_unreadable, reading_quietly

Attributes = dict[str, dict[str, Any]]
# UN may hide a private sequence or a value of any size, so it goes with the bulk.
BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def attribute(vr: str, *values: Any) -> dict[str, Any]:
    """One attribute; empty and unknown values leave it without "Value"."""
    kept = [value for value in values if value not in (None, "")]
    return {"vr": vr, "Value": kept} if kept else {"vr": vr}


def header_attributes(stream: BinaryIO) -> Attributes | None:
    """The attributes of a stored file as it came, without bulk data; None when its header cannot be read.

    Single values that JSON cannot hold are left out rather than the image.
    """
    with reading_quietly():
        try:
            dataset = dcmread(stream, stop_before_pixels=True)
            drop_unreadable(dataset)
            correct_ambiguous_vr(dataset, dataset.original_encoding[1] is not False)
            _drop_bulk(dataset)
            found: Attributes = dataset.to_json_dict(suppress_invalid_tags=True)
        except READING_ERRORS:
            return None
    found["00083002"] = attribute("UI", str(dataset.file_meta.TransferSyntaxUID))
    return found


def _drop_bulk(dataset: Dataset) -> None:
    for tag in list(dataset.keys()):
        element = dataset[tag]
        if element.VR in BULK or " or " in element.VR:
            del dataset[tag]
        elif element.VR == "SQ":
            for item in element.value:
                _drop_bulk(item)


def dumps(attributes: Attributes | list[Attributes]) -> bytes:
    """As JSON; a number that JSON has no word for becomes null."""
    try:
        text = json.dumps(attributes, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(attributes), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
