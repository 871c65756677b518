"""Rows as search results in the DICOM JSON Model (PS3.18 Annex F)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from screening.dicom.attributes import Attributes, attribute
from screening.models import Instance, Series, Study


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
