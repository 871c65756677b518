"""Signing: a person's name under the exact bytes of a revision, chained to the signature before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import SignWith, User, Verb
from accounts.roles import Action, can
from accounts.services import password_is_right, recently_authenticated
from reports.content import content_for
from reports.models import TEXTS, Meaning, Report, Revision, Signature
from reports.sections import sentences_of
from reports.selectors.follow_up import recommendation_of
from reports.selectors.grounds import grounds, on_rejected_findings
from reports.selectors.report import text_state
from reports.services.communication import open_by_signature
from reports.services.double_reading import must_not_sign
from reports.services.editing import holds_reading
from reports.services.follow_up import open_follow_up, signed_recommendation
from reports.services.heads import note_head
from reports.services.review import SignedOver, review_to_sign
from reports.services.sending import queue_signed
from reports.states import REPORT_TABLE
from reports.verify.verify_reports import canonical_text, chain_hash, sha256_hex
from screening.models import Patient, Reading, Study
from screening.selectors import standing_run
from screening.services.reading import complete_reading, release_study
from screening.states import InvalidTransition, LostRace, advance

FORMAT = "firstread-report-2"  # 2: may hold coded answers
TRIES = 5
ABOUT_STUDY = ("study_uid", "accession_number", "patient_sha256", "programme")
EVENTS = {Meaning.FINAL: "sign", Meaning.PRELIMINARY: "sign_preliminary"}


Made = TypeVar("Made")


class NotSignable(Exception):
    """The text, or the password, does not allow a signature; `str(error)` says why. Answered with 400."""


class ReviewStands(NotSignable):
    """The review holds something against the text; `remarks`: all that it has to say, as the page shows it."""

    def __init__(self, refusal: str, remarks: list[dict[str, Any]]) -> None:
        super().__init__(refusal)
        self.remarks = remarks


class IdentityNotProved(NotSignable):
    """The password is missing or wrong."""


class SigningConflict(Exception):
    """The report or the study has moved on; `str(error)` says how. Answered with 409."""


class ChainTaken(Exception):
    """Another signature of the site took this place of the chain: try the next one."""


def sign_report(
    *,
    report: Report,
    signer: User,
    revision: int | None,
    meaning: str,
    password: str,
    request: HttpRequest,
    over: SignedOver | None = None,
) -> Signature:
    """Sign revision number `revision` as `meaning`.

    Before: the signer holds the open reading and may sign (a trainee only as preliminary), has
    proved who they are as the site asks, the revision is the current one, every image has been
    seen, every required section has text, and the review holds nothing against it that `over` does not name. After, in one transaction: the signature stands in
    the site's chain; final: the report is SIGNED and the study REPORTED; preliminary: the report
    is PRELIMINARY and the study back on the list for a reader to confirm. Raises
    PermissionDenied, `NotSignable`, `SigningConflict`.
    """
    if meaning not in EVENTS:
        raise NotSignable(_("A signature is final or preliminary."))
    report.refresh_from_db()
    action = Action.SIGN_REPORT if meaning == Meaning.FINAL else Action.EDIT_REPORT
    if not can(signer, action, report.study.site):
        raise PermissionDenied(_("Your role does not allow this signature."))
    _check_status(report, meaning)
    holds_reading(report=report, user=signer, action=action)
    check_identity(report, signer, password, request, Verb.REPORT_SIGNED)

    def act() -> Signature:
        _check_status(report, meaning)
        return _sign(report, signer, revision, meaning, over or SignedOver(), request)

    return in_chain(report, act)


def in_chain(report: Report, act: Callable[[], Made]) -> Made:
    """What `act` makes, which appends one signature: again where another took its place of the chain, with the report
    read anew. Raises `SigningConflict` when that happens too often."""
    for _attempt in range(TRIES):
        try:
            return act()
        except ChainTaken:
            report.refresh_from_db()
    raise SigningConflict(_("Many reports are being signed at this moment. Please sign again."))


def _check_status(report: Report, meaning: str) -> None:
    if (report.status, EVENTS[Meaning(meaning)]) in REPORT_TABLE:
        return
    if report.signatures.filter(meaning=Meaning.FINAL).exists():
        raise SigningConflict(_("This report is already signed."))
    if report.signatures.exists():
        raise SigningConflict(_("This report already has a preliminary signature."))
    raise NotSignable(_("There is no report text to sign yet."))


def check_identity(report: Report, signer: User, password: str, request: HttpRequest, verb: Verb) -> None:
    """Does the signer prove who they are, as the site asks? A failed try is audited as a denied `verb`.

    Raises `IdentityNotProved`.
    """
    site = report.study.site
    if site.sign_with == SignWith.RECENT and recently_authenticated(request):
        return
    if password and password_is_right(signer, password):
        return
    audit.record(
        verb,
        actor=signer,
        site=site,
        object_type="report",
        object_id=report.pk,
        request=request,
        denied=True,
    )
    raise IdentityNotProved(_("The password is not right.") if password else _("Enter your password to sign."))


def _sign(
    report: Report, signer: User, number: int | None, meaning: str, over: SignedOver, request: HttpRequest
) -> Signature:
    try:
        with transaction.atomic():
            # The study's lock first, as whoever records a score takes them in this order too: what is decided and
            # measured meanwhile is signed with the report, or refused.
            report.study.refresh_from_db(from_queryset=Study.objects.select_for_update())
            # Takes the row's lock: no save and no other signature comes between check and signature.
            advance(report, REPORT_TABLE, EVENTS[Meaning(meaning)])
            reading = holds_reading(report=report, user=signer, action=Action.EDIT_REPORT)
            revision = _signable(report, reading, number, meaning)
            found = review_to_sign(report, revision, over)
            if found.refusal:
                raise ReviewStands(found.refusal, found.remarks)
            body = {**report_body(report, revision), **({"review": found.signed} if found.signed else {})}
            signature = append_signature(report, signer, revision, meaning, body)
            # Before the study leaves the reader: a critical result nobody was told of gets its clock.
            open_by_signature(report=report, signer=signer, request=request)
            if meaning == Meaning.FINAL:
                open_follow_up(signature=signature, request=request)
                complete_reading(study=report.study, reader=signer)
            else:
                release_study(study=report.study, reader=signer, request=request)
            audit.record(
                Verb.REPORT_SIGNED,
                actor=signer,
                site=report.study.site,
                object_type="report",
                object_id=report.pk,
                detail={
                    "revision": revision.number,
                    "meaning": meaning,
                    "sequence": signature.sequence,
                    **found.audited,
                },
                request=request,
            )
            return signature
    except (LostRace, InvalidTransition) as error:
        raise SigningConflict(_("The report or its study changed while you were signing. Look again.")) from error


def _signable(report: Report, reading: Reading, number: int | None, meaning: str) -> Revision:
    if (refusal := must_not_sign(report.study, meaning)) is not None:
        raise NotSignable(refusal)
    current = text_state(report).current
    if current is None:
        raise NotSignable(_("There is no report text to sign yet."))
    if number != current.number:
        raise SigningConflict(_("There is a newer version of this report. Look at it before you sign."))
    late = report.study.instance_count - reading.instances_seen
    if late > 0:
        raise SigningConflict(_("%(n)d images came after you opened the study. Look at them first.") % {"n": late})
    check_text(report, current)
    return current


def check_text(report: Report, revision: Revision) -> None:
    """May this text stand over a signature, as a first report or as an amended one? Raises `NotSignable`."""
    empty = [
        _(section.title)
        for section in content_for(report.programme).sections
        if section.required and not any(each["text"].strip() for each in revision.sections.get(section.name, ()))
    ]
    if empty:
        raise NotSignable(_("These sections are empty: %(sections)s.") % {"sections": ", ".join(empty)})
    if not _ai_is_complete(report) and all(each["state"] == "ai" for each in sentences_of(revision.sections)):
        raise NotSignable(_("The AI did not read this study in full. Write at least one sentence of your own."))
    if on_rejected_findings(report.study, revision):
        raise NotSignable(_("A drafted sentence rests on a finding that you rejected: change it or take it out."))


def _ai_is_complete(report: Report) -> bool:
    run = standing_run(report.study)
    return run is not None and not run.result.get("limitations")


def append_signature(
    report: Report,
    signer: User,
    revision: Revision,
    meaning: str,
    body: Mapping[str, Any],
    *,
    about_study: bool = True,
) -> Signature:
    """The next signature of the site's chain, over `body` and who signs what, when and where.

    about_study: False leaves out what leads to the study and its patient.
    Called inside a transaction that holds the report's row. Raises `ChainTaken` when another
    signature was first: roll back and try again.
    """
    site = report.study.site
    last = Signature.objects.filter(site=site).order_by("-sequence").first()
    sequence, previous = (last.sequence + 1, last.chain_sha256) if last else (1, "")
    signed_at = timezone.now()
    frame = _frame(report, signer, revision, meaning, signed_at)
    frame = frame if about_study else {name: frame[name] for name in frame if name not in ABOUT_STUDY}
    canonical = canonical_text({**frame, **body, "sequence": sequence, "previous_sha256": previous})
    content_sha256 = sha256_hex(canonical)
    try:
        with transaction.atomic():
            signature = Signature.objects.create(
                site=site,
                report=report,
                revision=revision,
                signer=signer,
                signer_name=str(signer)[:150],
                meaning=meaning,
                signed_at=signed_at,
                sequence=sequence,
                canonical=canonical,
                content_sha256=content_sha256,
                previous_sha256=previous,
                chain_sha256=chain_hash(previous, content_sha256),
            )
    except IntegrityError as error:
        raise ChainTaken from error
    note_head(signature)
    queue_signed(signature)
    return signature


def last_text(report: Report) -> Signature:
    """The signature under the text that counts. Before: the report is signed, as final or preliminary."""
    texts = report.signatures.filter(meaning__in=TEXTS).select_related("revision", "signer")
    return texts.order_by("sequence").reverse()[0]


def reference(signature: Signature) -> dict[str, Any]:
    """How the signed bytes of a later signature name an earlier one; the chain holds them to it."""
    return {"sequence": signature.sequence, "content_sha256": signature.content_sha256}


def _frame(report: Report, signer: User, revision: Revision, meaning: str, signed_at: datetime) -> dict[str, Any]:
    """What every signature names. Patients are named by a digest: the bytes can be shown to an auditor."""
    study = report.study
    return {
        "site": study.site.slug,
        "study_uid": study.study_uid,
        "accession_number": study.accession_number,
        "patient_sha256": patient_digest(study.patient, study.study_uid),
        "programme": report.programme,
        "report": report.pk,
        "revision": revision.number,
        "signer": {"id": signer.pk, "username": signer.username, "name": str(signer)},
        "meaning": meaning,
        "signed_at": signed_at.astimezone(UTC).isoformat(),
    }


def report_body(report: Report, revision: Revision) -> dict[str, Any]:
    """What the signature of a report covers beyond its frame: the text, what the AI had to say, and what the reader
    made of that and measured."""
    run = standing_run(report.study)
    return {
        "format": FORMAT,
        "sections": signed_sections(revision),
        "ai_state": report.study.ai_state,
        "model": (
            {"name": run.model_name, "version": run.model_version, "sha256": run.model_sha256}
            if run is not None
            else None
        ),
        **grounds(report.study, revision),
        **signed_recommendation(recommendation_of(report)),
    }


def signed_sections(revision: Revision) -> list[dict[str, Any]]:
    """The sections as signed: in the order of the report, with each sentence's origin and evidence."""
    order = [section.name for section in content_for(revision.report.programme).sections]
    names = [name for name in order if name in revision.sections]
    names += sorted(set(revision.sections) - set(names))
    return [{"name": name, "sentences": revision.sections[name]} for name in names]


def patient_digest(patient: Patient, study_uid: str) -> str:
    """Ties the report to its patient; the study's UID keeps equal patients from being matched across reports."""
    parts = (patient.issuer, patient.patient_id, patient.unidentified_study_uid, study_uid)
    return hashlib.sha256("\x00".join(parts).encode("utf-8")).hexdigest()
