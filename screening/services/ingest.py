"""One file in: stored, known already, or rejected with a reason. The only way by which images come in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Site, User, Verb
from screening.dicom.decoding import CHECK
from screening.dicom.errors import IngestError
from screening.dicom.parse import ParsedInstance, parse_instance
from screening.models import IngestProblem, Instance, Study
from screening.services.filing import conflict, erased, file_instance
from screening.storage import storage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IngestResult:
    """code: "" or the kind of rejection; reason: "" or a sentence for people. UIDs "" when unknown."""

    result: Literal["stored", "duplicate", "rejected"]
    code: str = ""
    reason: str = ""
    study_uid: str = ""
    sop_uid: str = ""

    def as_json(self, path: str | None) -> dict[str, str | None]:
        """The answer of the command, the upload page and the API about one file."""
        return {
            "path": path,
            "result": self.result,
            "reason": self.reason or None,
            "study_uid": self.study_uid or None,
            "sop_uid": self.sop_uid or None,
        }


def ingest_instance(
    *, data: bytes, source: str, site: Site, actor: User | None, request: HttpRequest | None = None
) -> IngestResult:
    """Take the bytes of one file into a site.

    "stored": the bytes are on disk and their Patient, Study, Series and Instance rows are committed.
    "duplicate": the site has the same bytes under the same UID. "rejected": nothing has changed but a
    new IngestProblem. Damaged or hostile bytes never raise.
    """
    who: dict[str, Any] = {"source": source, "site": site, "actor": actor, "request": request}
    try:
        parsed = parse_instance(data, max_bytes=settings.UPLOAD_MAX_BYTES)
    except IngestError as error:
        return reject(error=error, **who)
    try:
        stored = _keep(data=data, parsed=parsed, **who)
    except IngestError as error:
        return reject(error=error.about(parsed.study_uid, parsed.sop_uid), **who)
    except OSError as error:
        log.error("storage_failed", errno=error.errno)
        sentence = "The server could not keep the file. Send it again later."
        return reject(error=IngestError("storage", sentence, parsed.study_uid, parsed.sop_uid), **who)
    return IngestResult("stored" if stored else "duplicate", "", "", parsed.study_uid, parsed.sop_uid)


def _keep(*, data: bytes, parsed: ParsedInstance, site: Site, **who: Any) -> bool:
    """True when the image is new here. A known image costs no decoding; its bytes are put back if they were lost."""
    sha256 = hashlib.sha256(data).hexdigest()
    known = Instance.objects.filter(site=site, sop_uid=parsed.sop_uid).values_list("sha256", flat=True).first()
    if known not in (None, sha256):
        raise conflict()
    if known is None and Study.objects.filter(site=site, study_uid=parsed.study_uid, erased_at__isnull=False).exists():
        raise erased()
    if known is None and parsed.is_encapsulated:
        CHECK.check(data)
    storage().put(data)
    if known == sha256:
        return False
    with transaction.atomic():
        return file_instance(parsed=parsed, sha256=sha256, size=len(data), site=site, **who)


def reject(
    *, error: IngestError, source: str, site: Site, actor: User | None, request: HttpRequest | None = None
) -> IngestResult:
    """Note that a file was not taken, for the technologist's list and the audit trail."""
    with transaction.atomic():
        IngestProblem.objects.create(
            site=site,
            at=timezone.now(),
            source=source,
            actor=actor,
            code=error.code,
            reason=error.sentence,
            study_uid=error.study_uid,
            sop_uid=error.sop_uid,
        )
        audit.record(
            Verb.INSTANCE_REJECTED,
            actor=actor,
            site=site,
            object_type="instance",
            object_id=error.sop_uid,
            detail={"code": error.code, "source": source, "study_uid": error.study_uid},
            request=request,
        )
    return IngestResult("rejected", error.code, error.sentence, error.study_uid, error.sop_uid)
