"""A study without its person, as files in a folder with a report of what went."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from pydicom import dcmread

from accounts import audit
from accounts.models import User, Verb
from screening.deidentify.rules import METHOD, OPTIONS, Pseudonyms, Refused, Report, deidentify
from screening.models import Instance, Study
from screening.storage import storage


class NoKey(Exception):
    """There is no key of de-identification; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Exported:
    """folder: named by the new StudyInstanceUID. refused: sentence → how many images."""

    folder: Path
    written: int
    refused: Counter[str]
    report: Report


def pseudonyms(project: str) -> Pseudonyms:
    """Of the key in the settings. Raises NoKey."""
    try:
        return Pseudonyms(Path(settings.DEIDENTIFY_KEY).read_bytes(), project)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        raise NoKey("De-identification needs a key of at least 32 random bytes where DEIDENTIFY_KEY says.") from None


def export_deidentified(
    *, study: Study, project: str, folder: Path, actor: User | None, request: HttpRequest | None = None
) -> Exported:
    """Write every image that can be freed of its person to `folder`/<new study>/<new instance>.dcm, and `report.json`.

    What cannot is left out and counted, with its reason. Audited, before anything is written. Raises NoKey.
    """
    names = pseudonyms(project)
    detail = {"project": project[:64], "images": study.instance_count}
    audit.record(
        Verb.STUDY_DEIDENTIFIED,
        actor=actor,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=detail,
        request=request,
    )
    place = folder / names.uid(study.study_uid)
    place.mkdir(parents=True, exist_ok=True)
    report, refused, written = Report(), Counter[str](), 0
    for instance in Instance.objects.filter(series__study=study).order_by("series_id", "number", "id").iterator():
        with storage().open_range(instance.sha256) as stream:
            dataset = dcmread(io.BytesIO(stream.read()))
        try:
            clean, of_one = deidentify(dataset, names, site=study.site.slug)
        except Refused as error:
            refused[str(error)] += 1
            continue
        clean.save_as(place / f"{clean.SOPInstanceUID}.dcm", enforce_file_format=True)
        report.add(of_one)
        written += 1
    told = {
        "method": METHOD,
        "options": [words for _code, words in OPTIONS],
        "written": written,
        "refused": dict(refused),
        **{kind: dict(sorted(getattr(report, kind).items())) for kind in ("removed", "emptied", "changed")},
    }
    (place / "report.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return Exported(place, written, refused, report)
