"""A reader's word on lesions of two examinations."""

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
from reports.models import LesionMatch, MatchVerdict
from reports.selectors.double_reading import is_blind
from reports.selectors.lesions import standing_findings
from screening.models import Study
from screening.selectors import open_reading, standing_run
from screening.selectors.holding import is_held_back
from screening.selectors.measuring import Decided


class MatchConflict(Exception):
    """The findings, or what was said of them, are no longer those on the screen; `str(error)` is one sentence."""


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
        now, then = _standing_one(study, finding), _standing_one(prior, prior_finding)
        if verdict == MatchVerdict.CONFIRMED:
            _still_free(study, prior, now, then)
        match = LesionMatch.objects.create(
            study=study,
            prior=prior,
            finding=now.finding,
            finding_key=now.key,
            prior_finding=then.finding,
            prior_finding_key=then.key,
            verdict=verdict,
            size_mm=now.value("size_mm"),
            prior_size_mm=then.value("size_mm"),
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


def _standing_one(study: Study, key: str) -> Decided:
    """The finding of the key, the AI's or a reader's own, unless a reader has rejected or removed it."""
    found = next((each for each in _standing(study) if each.key == key), None)
    if found is None:
        raise MatchConflict(_("The AI result has changed since you opened the study. Load it again."))
    return found


def _standing(study: Study) -> list[Decided]:
    return standing_findings(study, standing_run(study), blind=False)


def _still_free(study: Study, prior: Study, now: Decided, then: Decided) -> None:
    """An earlier lesion is one lesion now."""
    standing = {(each.finding.pk if each.finding else None, each.key) for each in _standing(study)}
    newest: dict[str, LesionMatch] = {}
    said = LesionMatch.objects.filter(
        study=study, prior=prior, prior_finding=then.finding, prior_finding_key=then.key
    ).order_by("id")
    for word in said:
        if (word.finding_id, word.finding_key) in standing:
            newest[word.finding_key] = word
    newest.pop(now.key, None)
    if any(word.verdict == MatchVerdict.CONFIRMED for word in newest.values()):
        raise MatchConflict(_("That earlier finding is already confirmed as another lesion. Reject that match first."))
