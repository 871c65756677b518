"""Amending a signed report: a new text takes the place of the signed one, which stays readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.coded import values_of
from reports.models import Meaning, Report, Revision, Signature
from reports.sections import Sections
from reports.selectors.coded import answers_from
from reports.selectors.report import text_state
from reports.services.communication import open_by_signature
from reports.services.editing import checked_text, may_write
from reports.services.follow_up import recommend_anew, replace_follow_up
from reports.services.review import SignedOver, review_to_sign
from reports.services.signing import (
    NotSignable,
    ReviewStands,
    SigningConflict,
    append_signature,
    check_identity,
    check_text,
    in_chain,
    last_text,
    reference,
    report_body,
)
from reports.states import REPORT_TABLE
from screening.models import Study
from screening.services.reading import see_late_images
from screening.states import InvalidTransition, LostRace, advance

FORMAT = "firstread-amendment-2"  # 2: may hold coded answers


class Kept(Enum):
    """The one value that stands for "as it was": None says that nothing is recommended any more."""

    KEPT = "kept"


KEPT = Kept.KEPT


def amend_report(
    *,
    report: Report,
    signer: User,
    revision: int,
    after: int,
    sections: Any,
    reason: str,
    password: str,
    images: int | None,
    request: HttpRequest,
    answers: Any = None,
    recommendation: Mapping[str, Any] | None | Kept = KEPT,
    over: SignedOver | None = None,
) -> Signature:
    """Sign `sections`, and the coded `answers` beside them, as what replaces what was signed, and say why.

    answers: None leaves them as they were signed. recommendation: what is recommended from now on, as
    `follow_up.recommend` takes it; None: nothing any more; `KEPT`: what was.

    revision, after: the signed revision and how many addenda the signer saw, so that nobody amends what they have not
    read. images: how many images of the study they were shown, None when none were.
    Before: the report is signed, the signer may sign reports of the site and has proved who they are as the site asks,
    and the review holds nothing against the text that `over` does not name.
    After, in one transaction: a new revision, made from the signed one, is current; its signature stands in the site's
    chain and names the digest of the one it amends; the report is AMENDED; the earlier text, its signatures and all
    addenda stay as they were; the study stays REPORTED. Where another recommendation was given, the task of the old one
    is closed and the new one has its own. Raises PermissionDenied, `NotSignable`, `ReviewStands`, `SigningConflict`,
    `SectionsError`, `AnswersError`, `FollowUpError`.
    """
    report.refresh_from_db()
    if not can(signer, Action.SIGN_REPORT, report.study.site):
        raise PermissionDenied(_("Your role does not allow this signature."))
    _check_status(report)
    reason = reason.strip()
    if not reason:
        raise NotSignable(_("An amendment needs a reason."))
    sent = _Sent(checked_text(report, text_state(report), sections), answers, recommendation, over or SignedOver())
    check_identity(report, signer, password, request, Verb.REPORT_AMENDED)

    def act() -> Signature:
        _check_status(report)
        return _amend(report, signer, revision, after, sent, reason, images, request)

    return in_chain(report, act)


def may_word(*, report: Report, user: User) -> None:
    """Raises PermissionDenied unless the user may word this report now: who holds its open reading, and once it is signed
    who may sign another text of it."""
    if (report.status, "amend") not in REPORT_TABLE:
        may_write(report=report, user=user)
    elif not can(user, Action.SIGN_REPORT, report.study.site):
        raise PermissionDenied(_("Your role does not allow this."))


def _check_status(report: Report) -> None:
    if (report.status, "amend") not in REPORT_TABLE:
        raise SigningConflict(_("Only a signed report is amended."))


@dataclass(frozen=True)
class _Sent:
    sections: Sections
    answers: Any
    recommendation: Mapping[str, Any] | None | Kept
    over: SignedOver


def _amend(
    report: Report,
    signer: User,
    number: int,
    after: int,
    sent: _Sent,
    reason: str,
    images: int | None,
    request: HttpRequest,
) -> Signature:
    try:
        with transaction.atomic():
            # The locks in the order in which a signature takes them: the study's, then the report's.
            report.study.refresh_from_db(from_queryset=Study.objects.select_for_update())
            advance(report, REPORT_TABLE, "amend")
            amends = last_text(report)
            state = text_state(report)
            if number != amends.revision.number or report.addenda.count() != after:
                raise SigningConflict(
                    _("Somebody has added to this report since you opened it. Look at it before you sign.")
                )
            answers = answers_from(report, sent.answers, amends.revision)
            anew = sent.recommendation is not KEPT and recommend_anew(
                report=report, actor=signer, wanted=sent.recommendation
            )
            same_answers = values_of(answers) == values_of(amends.revision.answers)
            if sent.sections == amends.revision.sections and same_answers and not anew:
                raise NotSignable(_("Nothing of the report was changed. What only adds to it is an addendum."))
            amended = Revision.objects.create(
                report=report,
                number=state.next_number,
                parent=amends.revision.number,
                sections=sent.sections,
                answers=answers,
                author=signer,
                created_at=timezone.now(),
            )
            check_text(report, amended)
            found = review_to_sign(report, amended, sent.over)
            if found.refusal:
                raise ReviewStands(found.refusal, found.remarks)
            body = {
                **report_body(report, amended),
                "format": FORMAT,
                "reason": reason,
                "amends": reference(amends),
                **({"review": found.signed} if found.signed else {}),
            }
            signature = append_signature(report, signer, amended, Meaning.AMENDED, body)
            open_by_signature(report=report, signer=signer, request=request)
            if anew:
                replace_follow_up(signature=signature, request=request)
            if images is not None:
                see_late_images(study=report.study, reader=signer, images=images, request=request)
            audit.record(
                Verb.REPORT_AMENDED,
                actor=signer,
                site=report.study.site,
                object_type="report",
                object_id=report.pk,
                detail={
                    "revision": amended.number,
                    "sequence": signature.sequence,
                    "amends": amends.sequence,
                    **found.audited,
                },
                request=request,
            )
            return signature
    except (LostRace, InvalidTransition) as error:
        raise SigningConflict(_("The report or its study changed while you were signing. Look again.")) from error
