"""STOW-RS: the parts of a request through the one way by which images come in (PS3.18 section 10.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from pydicom import dcmread

from accounts.models import Site, User
from screening.dicom.attributes import Attributes, attribute
from screening.dicom.elements import READING_ERRORS
from screening.dicom.errors import IngestError
from screening.dicom.parse import parse_instance, reading_quietly
from screening.dicomweb.multipart import BadMultipart, read_parts
from screening.models import Instance
from screening.services.ingest import IngestResult, ingest_instance, reject

SOURCE = "dicomweb"
MOST_PARTS = 10_000
# PS3.18 table I.2-2; each hexadecimal as the standard writes it.
OUT_OF_RESOURCES, NOT_MATCHING, NOT_UNDERSTOOD = 0xA700, 0xA900, 0xC000
REASONS = {
    "storage": OUT_OF_RESOURCES,
    "too_large": OUT_OF_RESOURCES,
    "conflict": 0x0111,
    "patient_conflict": NOT_MATCHING,
    "study_mismatch": NOT_MATCHING,
    "unsupported_syntax": 0xC122,
    "no_image": 0x0122,
    "dicomdir": 0x0122,
}


@dataclass(slots=True)
class Outcome:
    """What became of the parts of one request: items of the three sequences of the answer."""

    stored: list[Attributes] = field(default_factory=list)
    failed: list[Attributes] = field(default_factory=list)
    unknown: list[Attributes] = field(default_factory=list)
    studies: set[str] = field(default_factory=set)

    @property
    def status(self) -> int:
        """200 when all were stored, 202 when some were not, 409 when none was (PS3.18 table 10.5.3-1)."""
        if not self.failed and not self.unknown:
            return 200
        return 202 if self.stored else 409

    def as_json(self, study_address: Callable[[str], str]) -> Attributes:
        """The Store Instances Response Module (PS3.18 table I.1-1)."""
        address = study_address(next(iter(self.studies))) if len(self.studies) == 1 else ""
        answer = {"00081190": attribute("UR", address)}
        for tag, items in (("00081198", self.failed), ("00081199", self.stored), ("0008119A", self.unknown)):
            if items:
                answer[tag] = {"vr": "SQ", "Value": items}
        return answer


def store(
    *,
    read: Callable[[int], bytes],
    boundary: bytes,
    site: Site,
    actor: User,
    request: HttpRequest,
    study_uid: str,
    address: Callable[[Instance], str],
) -> Outcome:
    """Take in every part, those before a damaged one too. Raises `BadMultipart` when there was none.

    study_uid: the only study that is taken, "" for any.
    """
    outcome = Outcome()
    who: dict[str, Any] = {"source": SOURCE, "site": site, "actor": actor, "request": request}
    count = 0
    try:
        for content_type, data in read_parts(read, boundary, max_part=settings.UPLOAD_MAX_BYTES):
            count += 1
            if count > MOST_PARTS or content_type.name not in ("", "application/dicom"):
                outcome.unknown.append(_reason(OUT_OF_RESOURCES if count > MOST_PARTS else NOT_UNDERSTOOD))
            else:
                _note(outcome, _taken(data, study_uid, who), data, site, address)
            if count > MOST_PARTS:
                break
    except BadMultipart:
        if not count:
            raise
        outcome.unknown.append(_reason(NOT_UNDERSTOOD))
    if not count:
        raise BadMultipart("The body holds no part.")
    return outcome


def _taken(data: bytes, study_uid: str, who: dict[str, Any]) -> IngestResult:
    if study_uid:
        try:
            parsed = parse_instance(data, max_bytes=settings.UPLOAD_MAX_BYTES)
        except IngestError as error:
            return reject(error=error, **who)
        if parsed.study_uid != study_uid:
            sentence = "The image belongs to another study than the one it was sent to."
            return reject(error=IngestError("study_mismatch", sentence, parsed.study_uid, parsed.sop_uid), **who)
    return ingest_instance(data=data, **who)


def _note(outcome: Outcome, result: IngestResult, data: bytes, site: Site, address: Callable[[Instance], str]) -> None:
    if result.result != "rejected":
        instance = Instance.objects.select_related("series__study").get(site=site, sop_uid=result.sop_uid)
        reference = _reference(instance.sop_class_uid, instance.sop_uid)
        outcome.stored.append(reference | {"00081190": attribute("UR", address(instance))})
        outcome.studies.add(result.study_uid)
        return
    reason = _reason(REASONS.get(result.code, NOT_UNDERSTOOD))
    if result.sop_uid:
        outcome.failed.append(_reference(_sop_class(data), result.sop_uid) | reason)
    else:
        outcome.unknown.append(reason)


def _reference(sop_class: str, sop_uid: str) -> Attributes:
    return {"00081150": attribute("UI", sop_class), "00081155": attribute("UI", sop_uid)}


def _reason(code: int) -> Attributes:
    return {"00081197": attribute("US", code)}


def _sop_class(data: bytes) -> str:
    """The class of an image that was not taken though it could be named."""
    with reading_quietly():
        try:
            found = dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=["SOPClassUID"])
            return str(found.get("SOPClassUID", ""))[:64]
        except READING_ERRORS:
            return ""
