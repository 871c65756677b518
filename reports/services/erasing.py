"""Erasing a report, or a study with its report, on request: the content goes, a tombstone with its digest stays.

The chain of signatures runs over digests, so it still holds; a last record in it names what was erased, by whom and
why, so that it reads *erased* and not *broken*.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from reports.models import (
    Addendum,
    CloseReason,
    CommunicationStep,
    CommunicationTask,
    Delivery,
    FollowUp,
    LesionMatch,
    Meaning,
    Opinion,
    Recommendation,
    Report,
    Revision,
    Signature,
)
from reports.services.drafting import replace_draft
from reports.services.signing import SigningConflict, append_signature, in_chain, reference
from reports.states import (
    DELIVERY_TABLE,
    FOLLOW_UP_TABLE,
    REPORT_TABLE,
    CommunicationStatus,
    DeliveryStatus,
    FollowUpStatus,
    ReportStatus,
)
from screening.models import Erasure, Patient, Scope, Study
from screening.selectors import open_reading
from screening.services.erasing import (
    NotErasable,
    begin_erasure,
    empty,
    empty_words,
    erase_study_content,
    forget_in_later_results,
)
from screening.states import InvalidTransition, LostRace, advance

FORMAT = "firstread-erasure-1"
CLOSED = (ReportStatus.SIGNED, ReportStatus.AMENDED)
UNTOLD = (CommunicationStatus.OPEN, CommunicationStatus.TOLD)


def erase_report(*, report: Report, actor: User, reason: str, request: HttpRequest | None = None) -> Erasure:
    """Erase what was written and signed of a report, in every version. The images and the AI's result stay.

    Before: the report is SIGNED or AMENDED, no legal hold, nobody reads the study, nobody waits to be told of a critical result, the reason names
    nobody. After, in one transaction: revisions, addenda, signed bytes, recommendations and notes are empty; their
    rows, digests, signers and times stay; the report is ERASED; a record in the site's chain names the erased
    signatures. Raises PermissionDenied, `NotErasable`, `SigningConflict`.
    """
    return _erase(report.study, report, Scope.REPORT, actor, reason, request)


def erase_study(*, study: Study, actor: User, reason: str, request: HttpRequest | None = None) -> Erasure:
    """Erase a study: its report as `erase_report` does, its images, AI results, descriptions, and whose it was.

    Before and errors as there. After: the study is a tombstone that no door leads to, and is not taken in again.
    """
    return _erase(study, Report.objects.filter(study=study).first(), Scope.STUDY, actor, reason, request)


def _erase(
    study: Study, report: Report | None, scope: Scope, actor: User, reason: str, request: HttpRequest | None
) -> Erasure:
    def act() -> Erasure:
        try:
            with transaction.atomic():
                study.refresh_from_db(from_queryset=Study.objects.select_for_update().select_related("patient", "site"))
                return _erase_now(study, report, scope, actor, reason, request)
        except (LostRace, InvalidTransition) as error:
            raise NotErasable(_("The study has changed meanwhile. Look again.")) from error

    if report is None:
        return act()
    report.refresh_from_db()
    return in_chain(report, act)


def _erase_now(
    study: Study, report: Report | None, scope: Scope, actor: User, reason: str, request: HttpRequest | None
) -> Erasure:
    if CommunicationTask.objects.filter(study=study, status__in=UNTOLD).exists():
        raise NotErasable(_("Somebody is still to be told of a critical result of this study: that comes first."))
    if scope == Scope.REPORT and (report is None or report.status not in CLOSED):
        raise NotErasable(_("This report is not signed as final: it goes with its study, or not at all."))
    erasure = begin_erasure(study=study, scope=scope, reason=reason, actor=actor)
    # A report that was erased before is a tombstone already.
    named = _erase_text(erasure, report, actor) if report is not None and report.status != ReportStatus.ERASED else None
    _erase_beside(erasure)
    _send_nothing_more(study)
    if scope == Scope.STUDY:
        _forget_the_patient(study)
        empty(erasure, LesionMatch.objects.filter(study=study), size_mm=None)
        empty(erasure, LesionMatch.objects.filter(prior=study), prior_size_mm=None)
        _draft_anew(erasure, forget_in_later_results(study))
        erase_study_content(erasure)
    audit.record(
        Verb.CONTENT_ERASED,
        actor=actor,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail={
            "erasure": erasure.pk,
            "scope": scope.value,
            "report": report.pk if report else None,
            "files": erasure.objects_gone,
            "sequence": named.sequence if named else None,
        },
        request=request,
    )
    return erasure


def _erase_text(erasure: Erasure, report: Report, actor: User) -> Signature | None:
    """The record in the chain, None where nothing was ever signed."""
    advance(report, REPORT_TABLE, "erase")
    signed = list(report.signatures.order_by("sequence"))
    record = None
    if signed:
        body = erasure_body(reason=erasure.reason, erases=signed)
        last = signed[-1].revision
        record = append_signature(report, actor, last, Meaning.ERASED, {"format": FORMAT, **body}, about_study=False)
    empty(erasure, Revision.objects.filter(report=report), sections={}, guard={}, answers=None)
    empty(erasure, Signature.objects.filter(pk__in=[each.pk for each in signed]), canonical="")
    empty(erasure, Addendum.objects.filter(report=report), reason="", text="")
    empty(erasure, Recommendation.objects.filter(report=report), what="")
    return record


def erasure_body(*, reason: str, erases: list[Signature]) -> dict[str, Any]:
    """What the record of an erasure covers beyond who erased, when and where: why, and the digests of what is gone."""
    return {"reason": reason, "erases": [reference(each) for each in erases]}


def _erase_beside(erasure: Erasure) -> None:
    study = erasure.study
    empty(erasure, Opinion.objects.filter(study=study), note="")
    empty(erasure, CommunicationStep.objects.filter(task__study=study), whom="", read_back_by="", note="")
    CommunicationTask.objects.filter(study=study).update(finding="")
    for row in FollowUp.objects.filter(study=study, status=FollowUpStatus.DUE):
        advance(row, FOLLOW_UP_TABLE, "close", closed_reason=CloseReason.NOT_NEEDED, closed_at=timezone.now())
    FollowUp.objects.filter(study=study).update(note="")
    empty_words(erasure)


def _draft_anew(erasure: Erasure, later: list[int]) -> None:
    """Drafts of later studies that nobody has touched word what was measured on this one: they are made anew and the old
    ones emptied. A text that a person has begun or signed stays theirs."""
    waiting = (ReportStatus.DRAFTING, ReportStatus.DRAFT)
    for report in Report.objects.filter(study__in=later, status__in=waiting).select_related("study__site"):
        drafts = list(report.revisions.values_list("pk", "author"))
        if not drafts or any(author for _pk, author in drafts) or open_reading(report.study) is not None:
            continue
        replace_draft(report=report)
        empty(
            erasure, Revision.objects.filter(pk__in=[pk for pk, _author in drafts]), sections={}, guard={}, answers=None
        )


def _send_nothing_more(study: Study) -> None:
    """What still waits to be sent is given up: it would find nothing to tell."""
    about = Q(report__study=study) | Q(run__study=study) | Q(task__study=study)
    for row in Delivery.objects.filter(about, status=DeliveryStatus.WAITING):
        advance(row, DELIVERY_TABLE, "give_up", finished_at=timezone.now())


def _forget_the_patient(study: Study) -> None:
    nobody, _created = Patient.objects.get_or_create(
        site=study.site, issuer="", patient_id="", unidentified_study_uid=study.study_uid
    )
    FollowUp.objects.filter(study=study).update(patient=nobody)


__all__ = ["NotErasable", "SigningConflict", "erase_report", "erase_study", "erasure_body"]
