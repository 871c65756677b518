"""Adding to a signed report: the text that was signed stays, what is added is signed for itself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.models import Addendum, Meaning, Report, Signature
from reports.services.review import SignedOver, addendum_to_sign
from reports.services.signing import (
    NotSignable,
    ReviewStands,
    SigningConflict,
    append_signature,
    check_identity,
    in_chain,
    last_text,
    reference,
)
from reports.states import REPORT_TABLE
from screening.models import Study
from screening.services.reading import see_late_images
from screening.states import InvalidTransition, LostRace, advance

FORMAT = "firstread-addendum-1"


def add_addendum(
    *,
    report: Report,
    signer: User,
    after: int,
    reason: str,
    text: str,
    password: str,
    images: int | None,
    request: HttpRequest,
    over: SignedOver | None = None,
) -> Addendum:
    """Sign `text` as an addendum to the report.

    after: how many addenda the signer saw, so that none is signed twice or blind of another.
    images: how many images of the study the signer was shown, None when none were.
    Before: the report is signed, the signer may sign reports of the site and has proved who they
    are as the site asks, and the review holds nothing against the text that `over` does not name. After, in one transaction: the addendum's signature stands in the site's
    chain and names the digest of the signature it adds to; report and study keep their state; the
    images shown count as seen. Raises PermissionDenied, `NotSignable`, `ReviewStands`, `SigningConflict`.
    """
    report.refresh_from_db()
    if not can(signer, Action.SIGN_REPORT, report.study.site):
        raise PermissionDenied(_("Your role does not allow this signature."))
    if (report.status, "add") not in REPORT_TABLE:
        raise SigningConflict(_("Only a signed report takes an addendum."))
    reason, text = reason.strip(), text.strip()
    if not reason or not text:
        raise NotSignable(_("An addendum needs a text and a reason."))
    check_identity(report, signer, password, request, Verb.ADDENDUM_SIGNED)
    signed_over = over or SignedOver()
    return in_chain(report, lambda: _add(report, signer, after, reason, text, signed_over, images, request))


def _add(
    report: Report,
    signer: User,
    after: int,
    reason: str,
    text: str,
    over: SignedOver,
    images: int | None,
    request: HttpRequest,
) -> Addendum:
    try:
        with transaction.atomic():
            # The locks in the order in which a signature takes them: the study's, then the report's, with which no other
            # addendum gets this number.
            report.study.refresh_from_db(from_queryset=Study.objects.select_for_update())
            advance(report, REPORT_TABLE, "add")
            if report.addenda.count() != after:
                raise SigningConflict(
                    _("Somebody has added to this report since you opened it. Look at it before you sign.")
                )
            adds_to = last_text(report)
            found = addendum_to_sign(report, adds_to.revision, text, over)
            if found.refusal:
                raise ReviewStands(found.refusal, found.remarks)
            body = {
                "format": FORMAT,
                **addendum_body(number=after + 1, reason=reason, text=text, adds_to=adds_to),
                **({"review": found.signed} if found.signed else {}),
            }
            signature = append_signature(report, signer, adds_to.revision, Meaning.ADDENDUM, body)
            addendum = Addendum.objects.create(
                report=report, number=after + 1, adds_to=adds_to, signature=signature, reason=reason, text=text
            )
            if images is not None:
                see_late_images(study=report.study, reader=signer, images=images, request=request)
            audit.record(
                Verb.ADDENDUM_SIGNED,
                actor=signer,
                site=report.study.site,
                object_type="report",
                object_id=report.pk,
                detail={
                    "number": addendum.number,
                    "sequence": signature.sequence,
                    "adds_to": adds_to.sequence,
                    **found.audited,
                },
                request=request,
            )
            return addendum
    except (LostRace, InvalidTransition) as error:
        raise SigningConflict(_("The report or its study changed while you were signing. Look again.")) from error


def addendum_body(*, number: int, reason: str, text: str, adds_to: Signature) -> dict[str, Any]:
    """What the signature of an addendum covers beyond who signs what, when and where."""
    return {
        "number": number,
        "reason": reason,
        "text": text,
        "adds_to": reference(adds_to),
    }
