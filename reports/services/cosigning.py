"""Co-signing: a second reader puts their name under a report that another has signed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.models import Meaning, Report, Signature
from reports.selectors.versions import may_cosign
from reports.services.signing import (
    NotSignable,
    SigningConflict,
    append_signature,
    check_identity,
    in_chain,
    last_text,
    reference,
)
from reports.states import REPORT_TABLE
from screening.states import InvalidTransition, LostRace, advance

FORMAT = "firstread-cosignature-1"


def cosign_report(
    *, report: Report, signer: User, revision: int, after: int, password: str, request: HttpRequest
) -> Signature:
    """Sign the signed text as one who has read it and agrees.

    revision, after: the signed revision and how many addenda the signer saw.
    Before: the report is signed, the signer may sign reports of the site, is not who signed this text, has not
    co-signed it, and has proved who they are as the site asks. After, in one transaction: the co-signature stands in
    the site's chain and names the digest of the signature it agrees with and those of its addenda; the report keeps
    its state and its text. An amendment is a new text: it has its own co-signatures. Raises PermissionDenied,
    `NotSignable`, `SigningConflict`.
    """
    report.refresh_from_db()
    if not can(signer, Action.SIGN_REPORT, report.study.site):
        raise PermissionDenied(_("Your role does not allow this signature."))
    _check_status(report)
    if not may_cosign(report, signer):
        raise NotSignable(_("A co-signature is a second reader's: you have signed this text yourself."))
    check_identity(report, signer, password, request, Verb.REPORT_COSIGNED)

    def act() -> Signature:
        _check_status(report)
        return _cosign(report, signer, revision, after, request)

    return in_chain(report, act)


def _check_status(report: Report) -> None:
    if (report.status, "cosign") not in REPORT_TABLE:
        raise SigningConflict(_("Only a signed report is co-signed."))


def _cosign(report: Report, signer: User, number: int, after: int, request: HttpRequest) -> Signature:
    try:
        with transaction.atomic():
            # Takes the row's lock: no amendment and no other co-signature comes between check and signature.
            advance(report, REPORT_TABLE, "cosign")
            report.study.refresh_from_db()
            text = last_text(report)
            if number != text.revision.number or report.addenda.count() != after:
                raise SigningConflict(
                    _("Somebody has added to this report since you opened it. Look at it before you sign.")
                )
            if not may_cosign(report, signer):
                raise SigningConflict(_("You have co-signed this text already."))
            body = cosigned_body(text, [each.signature for each in report.addenda.select_related("signature")])
            signature = append_signature(report, signer, text.revision, Meaning.COSIGNED, {"format": FORMAT, **body})
            audit.record(
                Verb.REPORT_COSIGNED,
                actor=signer,
                site=report.study.site,
                object_type="report",
                object_id=report.pk,
                detail={"sequence": signature.sequence, "cosigns": text.sequence},
                request=request,
            )
            return signature
    except (LostRace, InvalidTransition) as error:
        raise SigningConflict(_("The report or its study changed while you were signing. Look again.")) from error


def cosigned_body(text: Signature, addenda: list[Signature]) -> dict[str, Any]:
    """What a co-signature covers beyond who signs what, when and where: the text, and what was added to it so far."""
    return {"cosigns": reference(text), "with_addenda": [reference(each) for each in addenda]}
