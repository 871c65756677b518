"""A study without its person, object by object; as files in a folder, with a report of what went."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from pydicom import dcmread

from accounts import audit
from accounts.models import User, Verb
from screening.deidentify.mask_child import MASKER
from screening.deidentify.rules import KINDS_OF_CHANGE, METHOD, OPTIONS, Pseudonyms, Refused, Report, deidentify
from screening.dicom.elements import READING_ERRORS
from screening.models import Instance, Study
from screening.services.export_documents import documents_of
from screening.storage import MissingObject, storage


class NoKey(Exception):
    """There is no key of de-identification; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Exported:
    """folder: named by the new StudyInstanceUID. refused: sentence → how many objects."""

    folder: Path
    written: int
    refused: Counter[str]
    report: Report


@dataclass(frozen=True, slots=True)
class Freed:
    """One object: its new UID and file; or the sentence why it is left out."""

    uid: str
    data: bytes
    report: Report
    refused: str = ""


def pseudonyms(project: str) -> Pseudonyms:
    """Of the key in the settings. Raises NoKey."""
    try:
        return Pseudonyms(Path(settings.DEIDENTIFY_KEY).read_bytes(), project)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        raise NoKey("De-identification needs a key of at least 32 random bytes where DEIDENTIFY_KEY says.") from None


def freed_objects(study: Study, names: Pseudonyms, *, with_reports: bool = False) -> Iterator[Freed]:
    """Every stored object of the study and, where asked for, what its report makes of it, one after another.

    Whose study it is, the database says: a patient merged since has one new name throughout.
    """
    whose = whose_of(study)
    for instance in Instance.objects.filter(series__study=study).order_by("series_id", "number", "id").iterator():
        try:
            with storage().open_range(instance.sha256) as stream:
                data = stream.read()
        except MissingObject:
            yield Freed("", b"", Report(), "Its file is missing.")
            continue
        yield _freed(data, names, study.site.slug, whose)
    for data in documents_of(study) if with_reports else ():
        yield _freed(data, names, study.site.slug, whose)


def _freed(data: bytes, names: Pseudonyms, site: str, whose: tuple[str, str]) -> Freed:
    out = io.BytesIO()
    try:
        clean, report = deidentify(dcmread(io.BytesIO(data)), names, site=site, whose=whose, mask=MASKER.masked)
        clean.save_as(out, enforce_file_format=True)
    except Refused as error:
        return Freed("", b"", Report(), str(error))
    except READING_ERRORS:
        # What a stranger sent may break anything; its words are not told.
        return Freed("", b"", Report(), "Its file cannot be read to the end.")
    return Freed(str(clean.SOPInstanceUID), out.getvalue(), report)


def whose_of(study: Study) -> tuple[str, str]:
    """Issuer and patient ID by which a study's patient is named; without an ID it is nobody's but its own."""
    patient = study.patient
    return (patient.issuer, patient.patient_id) if patient.patient_id else ("", f"study {study.study_uid}")


def counts_of(report: Report) -> dict[str, dict[str, int]]:
    """Kind of change → element → how often, as the reports have it."""
    return {kind: dict(sorted(getattr(report, kind).items())) for kind in KINDS_OF_CHANGE}


def export_deidentified(
    *, study: Study, project: str, folder: Path, actor: User | None, request: HttpRequest | None = None
) -> Exported:
    """Write every image that can be freed of its person to `folder`/<new study>/<new instance>.dcm, and `report.json`.

    What cannot is left out and counted, with its reason. Audited, before anything is written. Raises NoKey.
    """
    names = pseudonyms(project)
    detail = {"project": project[:64], "images": study.instance_count}
    record_export(study, actor, detail, request)
    place = folder / names.uid(study.study_uid)
    place.mkdir(parents=True, exist_ok=True)
    report, refused, written = Report(), Counter[str](), 0
    per_object = []
    for freed in freed_objects(study, names):
        if freed.refused:
            refused[freed.refused] += 1
            continue
        (place / f"{freed.uid}.dcm").write_bytes(freed.data)
        report.add(freed.report)
        per_object.append(
            {"object": freed.uid, **{kind: getattr(freed.report, kind).total() for kind in KINDS_OF_CHANGE}}
        )
        written += 1
    told = {
        "method": METHOD,
        "options": [words for _code, words in OPTIONS],
        "written": written,
        "refused": dict(refused),
        **counts_of(report),
        "objects": per_object,
    }
    (place / "report.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return Exported(place, written, refused, report)


def record_export(
    study: Study, actor: User | None, detail: dict[str, object], request: HttpRequest | None = None
) -> None:
    audit.record(
        Verb.STUDY_DEIDENTIFIED,
        actor=actor,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=detail,
        request=request,
    )
