"""C-FIND, study root: what is asked, and one answer for each match (PS3.4 sections C.4.1 and C.6.2)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from accounts import audit
from accounts.models import Site, Verb
from screening.dicom import elements

# pydicom's warnings quote values, which name patients; the warnings filter is one for the whole process.
from screening.dicom.parse import _QUIET
from screening.dimse.statuses import (
    CANCELLED,
    CANNOT_UNDERSTAND,
    DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    PENDING,
    later,
    status_dataset,
)
from screening.models import Instance, Series, Study
from screening.selectors.query import BadQuery, matching_instances, matching_series, matching_studies

Answer = tuple[int | Dataset, Dataset | None]
UNIQUE = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_ASKED = (
    *UNIQUE,
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "AccessionNumber",
    "StudyDescription",
    "ModalitiesInStudy",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "SOPClassUID",
    "InstanceNumber",
)


def find(
    *, identifier: Dataset, site: Site, caller: str, address: str, limit: int, is_cancelled: Callable[[], bool]
) -> Iterator[Answer]:
    """Statuses and identifiers in the order of sending; the closing success is the network layer's.

    At most `limit` matches, then "out of resources": the asker must not take a part for the whole.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = elements.text(identifier, "QueryRetrieveLevel", 16).upper()
        keys = _keys(identifier)
    asked = {keyword_for_tag(tag) for tag in identifier.keys()}  # noqa: SIM118  iterating reads every element
    try:
        with transaction.atomic():
            answers = _answers(level, site, keys, limit)
            audit.record(
                Verb.PATIENTS_SEARCHED,
                actor=None,
                site=site,
                detail={
                    "source": "dimse",
                    "caller": caller,
                    "address": address,
                    "level": level,
                    "keys": sorted(keyword for keyword, values in keys.items() if any(values)),
                    "rows": min(len(answers), limit),
                },
            )
    except BadQuery as error:
        yield status_dataset(DOES_NOT_MATCH, f"Cannot be matched: {error}"), None
        return
    except DatabaseError:
        yield later(), None
        return
    for answer in answers[:limit]:
        if is_cancelled():
            yield CANCELLED, None
            return
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _identifier(level, answer, asked)
        yield PENDING, found
    if len(answers) > limit:
        yield status_dataset(OUT_OF_RESOURCES, f"More than {limit} matches. Ask for less."), None


def unreadable() -> Iterator[Answer]:
    """The answer to an identifier that cannot be read."""
    yield status_dataset(CANNOT_UNDERSTAND, "The query cannot be read."), None


def _keys(identifier: Dataset) -> dict[str, list[str]]:
    """What is asked for, as clean text. Dates keep their dash, which pydicom leaves as text."""
    return {
        keyword: [elements.clean(value, 330) for value in _values(identifier, keyword)]
        for keyword in _ASKED
        if keyword in identifier
    }


def _values(identifier: Dataset, keyword: str) -> Iterable[Any]:
    values = elements.values(identifier, keyword)
    return [str(value) for value in values]


def _answers(level: str, site: Site, keys: dict[str, list[str]], limit: int) -> list[dict[str, Any]]:
    if level == "STUDY":
        return [_study(study) for study in matching_studies(site=site, keys=keys)[: limit + 1]]
    if level == "SERIES":
        return [_series(series) for series in matching_series(site=site, keys=keys)[: limit + 1]]
    if level == "IMAGE":
        return [_instance(instance) for instance in matching_instances(site=site, keys=keys)[: limit + 1]]
    raise BadQuery("QueryRetrieveLevel")


def _study(study: Study) -> dict[str, Any]:
    patient = study.patient
    at = timezone.localtime(study.study_at, timezone.get_default_timezone()) if study.study_at else None
    return {
        "StudyInstanceUID": study.study_uid,
        "StudyDate": at.strftime("%Y%m%d") if at else "",
        "StudyTime": at.strftime("%H%M%S") if at else "",
        "AccessionNumber": study.accession_number,
        "StudyDescription": study.description,
        "ModalitiesInStudy": sorted({series.modality for series in study.series.all() if series.modality}),
        "PatientName": patient.name,
        "PatientID": patient.patient_id,
        "IssuerOfPatientID": patient.issuer,
        "PatientBirthDate": patient.birth_date.strftime("%Y%m%d") if patient.birth_date else "",
        "PatientSex": patient.sex,
        "NumberOfStudyRelatedSeries": study.series_count,  # type: ignore[attr-defined]
        "NumberOfStudyRelatedInstances": study.instance_count,
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "StudyInstanceUID": series.study.study_uid,
        "SeriesInstanceUID": series.series_uid,
        "Modality": series.modality,
        "SeriesNumber": series.number,
        "SeriesDescription": series.description,
        "BodyPartExamined": series.body_part,
        "NumberOfSeriesRelatedInstances": series.image_count,  # type: ignore[attr-defined]
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "StudyInstanceUID": instance.series.study.study_uid,
        "SeriesInstanceUID": instance.series.series_uid,
        "SOPInstanceUID": instance.sop_uid,
        "SOPClassUID": instance.sop_class_uid,
        "InstanceNumber": instance.number,
        "NumberOfFrames": instance.frames,
        "Rows": instance.rows,
        "Columns": instance.columns,
    }


def _identifier(level: str, answer: dict[str, Any], asked: set[str]) -> Dataset:
    """What was asked for and is known, and always the unique keys."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.QueryRetrieveLevel = level
    dataset.InstanceAvailability = "ONLINE"
    for keyword, value in answer.items():
        if keyword in asked or keyword in UNIQUE:
            setattr(dataset, keyword, value)
    return dataset
