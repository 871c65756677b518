"""A reader's own hanging protocols, and a reader's word on lesions of two examinations."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.layouts import KINDS, LayoutError, checked_protocol
from reports.models import LesionMatch, MatchVerdict, UserHangingProtocol
from reports.selectors.double_reading import is_blind
from screening.models import Finding, Study
from screening.selectors import open_reading, standing_run
from screening.selectors.holding import is_held_back


class MatchConflict(Exception):
    """The findings, or what was said of them, are no longer those on the screen; `str(error)` is one sentence."""


def save_protocol(*, user: User, kind: str, protocol: object, request: HttpRequest | None = None) -> None:
    """Keep `protocol` as the user's own for studies of `kind`, in place of any earlier one.

    Raises `LayoutError` for what is no protocol of that kind, PermissionDenied where the user sees no images anywhere.
    """
    _sees_images(user)
    checked = checked_protocol(protocol, KINDS)
    if checked["kind"] != kind:
        raise LayoutError("The protocol is of another kind of study.")
    with transaction.atomic():
        UserHangingProtocol.objects.update_or_create(
            user=user, kind=kind, defaults={"protocol": checked, "saved_at": timezone.now()}
        )
        _told(user, kind, "saved", request)


def reset_protocol(*, user: User, kind: str, request: HttpRequest | None = None) -> None:
    """Back to the department's: the user's own protocol of `kind` is gone. Raises `LayoutError`, PermissionDenied."""
    _sees_images(user)
    if kind not in KINDS:
        raise LayoutError("The kind of study is not known.")
    with transaction.atomic():
        UserHangingProtocol.objects.filter(user=user, kind=kind).delete()
        _told(user, kind, "reset", request)


def _sees_images(user: User) -> None:
    if not can(user, Action.VIEW_IMAGES):
        raise PermissionDenied(_("Your role does not allow this."))


def _told(user: User, kind: str, act: str, request: HttpRequest | None) -> None:
    audit.record(
        Verb.LAYOUT_CHANGED, actor=user, object_type="layout", object_id=kind, detail={"act": act}, request=request
    )


def judge_match(
    *,
    study: Study,
    prior: Study,
    reader: User,
    finding: str,
    prior_finding: str,
    verdict: MatchVerdict,
    request: HttpRequest | None = None,
) -> LesionMatch:
    """Keep the reader's word on whether a finding (its key) and one of an earlier study are one lesion.

    Before: `prior` is an earlier study of the same patient, which the caller has asked for by its door; `reader`
    holds the open reading. After: a row is added, whose verdict counts until the next of that finding. Raises
    PermissionDenied, and `MatchConflict` when either result no longer stands, or when the earlier finding is
    confirmed as another lesion.
    """
    if not can(reader, Action.EDIT_REPORT, study.site):
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        # Takes the row's lock, so that of two who judge at once the second sees what the first said.
        Study.objects.select_for_update().get(pk=study.pk)
        reading = open_reading(study)
        if reading is None or reading.reader_id != reader.pk:
            raise PermissionDenied(_("Claim the study first: only its reader may match its findings."))
        if is_held_back(reader, study):
            raise PermissionDenied(_("Commit your first opinion first: until then the AI's findings are held back."))
        if is_held_back(reader, prior) or is_blind(study) or is_blind(prior):
            raise PermissionDenied(
                _("Give your opinion first: measures and decisions are kept once the opinions are in.")
            )
        now, then = _finding(study, finding), _finding(prior, prior_finding)
        if verdict == MatchVerdict.CONFIRMED:
            _still_free(now, then)
        match = LesionMatch.objects.create(
            study=study,
            prior=prior,
            finding=now,
            prior_finding=then,
            verdict=verdict,
            size_mm=now.size_mm,
            prior_size_mm=then.size_mm,
            by=reader,
            at=timezone.now(),
        )
        detail: dict[str, Any] = {"prior": prior.study_uid, "finding": now.key, "prior_finding": then.key}
        audit.record(
            Verb.LESION_MATCHED,
            actor=reader,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={**detail, "verdict": str(verdict)},
            request=request,
        )
    return match


def _finding(study: Study, key: str) -> Finding:
    run = standing_run(study)
    found = run.findings.filter(key=key).first() if run else None
    if found is None:
        raise MatchConflict(_("The AI result has changed since you opened the study. Load it again."))
    return found


def _still_free(now: Finding, then: Finding) -> None:
    """An earlier lesion is one lesion now."""
    newest: dict[int, LesionMatch] = {}
    for word in LesionMatch.objects.filter(finding__run=now.run, prior_finding=then).order_by("id"):
        newest[word.finding_id] = word
    newest.pop(now.pk, None)
    if any(word.verdict == MatchVerdict.CONFIRMED for word in newest.values()):
        raise MatchConflict(_("That earlier finding is already confirmed as another lesion. Reject that match first."))
