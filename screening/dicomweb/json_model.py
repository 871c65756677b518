"""The DICOM JSON Model (PS3.18 Annex F): rows and file headers as attributes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, BinaryIO

from django.utils import timezone
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr

from screening.dicom.elements import READING_ERRORS
from screening.dicom.parse import reading_quietly
from screening.models import Instance, Series, Study

Attributes = dict[str, dict[str, Any]]
# UN may hide a private sequence or a value of any size, so it goes with the bulk.
BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def attribute(vr: str, *values: Any) -> dict[str, Any]:
    """One attribute; empty and unknown values leave it without "Value"."""
    kept = [value for value in values if value not in (None, "")]
    return {"vr": vr, "Value": kept} if kept else {"vr": vr}


def person(name: str) -> dict[str, Any]:
    """A PN attribute out of its up to three representations (PS3.5 6.2.1.2)."""
    groups = dict(zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("="), strict=False))
    said = {group: text for group, text in groups.items() if text.strip()}
    return attribute("PN", said) if said else {"vr": "PN"}


def study_attributes(study: Study, modalities: Iterable[tuple[str, int]], url: str) -> Attributes:
    """A study as a search result (PS3.18 table 10.6.3-3). modalities: each with the number of its series."""
    counted = list(modalities)
    at = timezone.localtime(study.study_at, timezone.get_default_timezone()) if study.study_at else None
    patient = study.patient
    return {
        "00080020": attribute("DA", at and at.strftime("%Y%m%d")),
        "00080030": attribute("TM", at and at.strftime("%H%M%S")),
        "00080050": attribute("SH", study.accession_number),
        "00080056": attribute("CS", "ONLINE"),
        "00080061": attribute("CS", *(modality for modality, _count in counted)),
        "00080090": attribute("PN"),
        "00081030": attribute("LO", study.description),
        "00081190": attribute("UR", url),
        "00100010": person(patient.name),
        "00100020": attribute("LO", patient.patient_id),
        "00100021": attribute("LO", patient.issuer),
        "00100030": attribute("DA", patient.birth_date and patient.birth_date.strftime("%Y%m%d")),
        "00100040": attribute("CS", patient.sex),
        "0020000D": attribute("UI", study.study_uid),
        "00200010": attribute("SH"),
        "00201206": attribute("IS", sum(count for _modality, count in counted)),
        "00201208": attribute("IS", study.instance_count),
    }


def series_attributes(series: Series, images: int, url: str) -> Attributes:
    """A series as a search result (PS3.18 table 10.6.3-4)."""
    return {
        "00080060": attribute("CS", series.modality),
        "0008103E": attribute("LO", series.description),
        "00081190": attribute("UR", url),
        "00180015": attribute("CS", series.body_part),
        "0020000D": attribute("UI", series.study.study_uid),
        "0020000E": attribute("UI", series.series_uid),
        "00200011": attribute("IS", series.number),
        "00201209": attribute("IS", images),
    }


def instance_attributes(instance: Instance, url: str) -> Attributes:
    """An image as a search result (PS3.18 table 10.6.3-5)."""
    return {
        "00080016": attribute("UI", instance.sop_class_uid),
        "00080018": attribute("UI", instance.sop_uid),
        "00080056": attribute("CS", "ONLINE"),
        "00081190": attribute("UR", url),
        "00083002": attribute("UI", instance.transfer_syntax_uid),
        "0020000D": attribute("UI", instance.series.study.study_uid),
        "0020000E": attribute("UI", instance.series.series_uid),
        "00200013": attribute("IS", instance.number),
        "00280008": attribute("IS", instance.frames),
        "00280010": attribute("US", instance.rows),
        "00280011": attribute("US", instance.columns),
        "00280100": attribute("US", instance.header.get("bits_allocated")),
    }


def header_attributes(stream: BinaryIO) -> Attributes | None:
    """The attributes of a stored file as it came, without bulk data; None when its header cannot be read.

    Single values that JSON cannot hold are left out rather than the image.
    """
    with reading_quietly():
        try:
            dataset = dcmread(stream, stop_before_pixels=True)
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
