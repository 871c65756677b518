"""Setting how long studies are kept, and letting go what is over, through the one door by which content leaves."""

from __future__ import annotations

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.models import RetentionRule
from reports.selectors.retention import (
    FEWEST_YEARS,
    MOST_YEARS,
    Years,
    begins_at,
    expired,
    preview,
    rules_in_force,
    rules_of,
)
from reports.services.erasing import NotErasable, SigningConflict, erase_study
from screening.dicom.elements import clean
from screening.models import Study
from screening.programmes import PROGRAMMES
from screening.services.erasing import check_reason

# So many go in one run of the task, and so many are tried.
BATCH, TRIED = 25, 100
MARKS = ("§", "#", "*", "=", "~")
log = structlog.get_logger(__name__)


class RetentionError(ValueError):
    """What was sent cannot be set; `str(error)` says why. Answered with 400."""


class RetentionConflict(Exception):
    """It is not what was looked at any more. Answered with 409."""


def set_retention(
    *,
    site: Site,
    programme: str,
    years: Years | None,
    reason: str,
    actor: User,
    after: int,
    previewed: int = 0,
    request: HttpRequest | None = None,
) -> RetentionRule:
    """Put a rule into force; it begins a day later. years None: everything is kept.

    after: the version that was on the screen. previewed: how many studies the person was told would go now. Raises
    `RetentionError`, `RetentionConflict` (another version, or more would go than was told), PermissionDenied.
    """
    if not can(actor, Action.ERASE_CONTENT, site) or (programme and programme not in PROGRAMMES):
        raise PermissionDenied(_("Your role does not allow this."))
    words = clean(reason, 400)
    if not words:
        raise RetentionError(_("Give a reason: it stays with the change."))
    if years is not None and not all(FEWEST_YEARS <= each <= MOST_YEARS for each in (years.study, years.report)):
        raise RetentionError(_("Years are whole numbers from 1 to 99."))
    now = timezone.now()
    with transaction.atomic():
        # The row's lock makes one of two that change the same thing the later.
        Site.objects.select_for_update().get(pk=site.pk)
        standing = rules_of(site, programme).first()
        if after != (standing.version if standing else 0):
            raise RetentionConflict(_("Somebody else has changed these settings since you opened this page."))
        was = (standing.study_years, standing.report_years) if standing else (None, None)
        if was == ((years.study, years.report) if years else (None, None)):
            raise RetentionError(_("Nothing was changed."))
        going = preview(site, programme, years, now).studies if years else 0
        if going > previewed:
            raise RetentionConflict(_("More studies would go than you were told. Look again."))
        row = RetentionRule.objects.create(
            site=site,
            programme=programme,
            version=after + 1,
            study_years=years.study if years else None,
            report_years=years.report if years else None,
            reason=words,
            by=actor,
            at=now,
        )
        audit.record(
            Verb.RETENTION_SET,
            actor=actor,
            site=site,
            object_type="programme",
            object_id=programme or "none",
            detail={
                "version": row.version,
                "study_years": row.study_years,
                "report_years": row.report_years,
                "was": list(was),
                "going": going,
            },
            request=request,
        )
    return row


def erase_expired() -> int:
    """Erase studies whose time is over, at most a batch; returns how many. Each is an erasure of its own, by the person
    who put the rule into force, audited and with its tombstone; one that cannot go now stops no other."""
    now = timezone.now()
    gone = 0
    for rule in rules_in_force():
        if rule.study_years is None or rule.report_years is None or begins_at(rule) > now:
            continue
        if not can(rule.by, Action.ERASE_CONTENT, rule.site):
            # Somebody who may has to put it into force again.
            log.warning("retention_rests", rule=rule.pk, site=rule.site_id)
            continue
        years = Years(rule.study_years, rule.report_years)
        for study in expired(rule.site, rule.programme, years, now).select_related("patient", "site")[:TRIED]:
            if gone >= BATCH:
                return gone
            gone += _erased(study, rule, years)
    return gone


def _erased(study: Study, rule: RetentionRule, years: Years) -> bool:
    # Asked again for each: while others went, the rule was taken back, an addendum signed, a new study came.
    standing = rules_of(rule.site, rule.programme).first()
    still = expired(rule.site, rule.programme, years, timezone.now()).filter(pk=study.pk).exists()
    if standing is None or standing.pk != rule.pk or not still:
        return False
    try:
        erase_study(study=study, actor=rule.by, reason=_reason(study, rule))
    except (NotErasable, SigningConflict, PermissionDenied) as error:
        log.warning("retention_not_erased", study=study.pk, rule=rule.pk, error=type(error).__name__)
        return False
    return True


def _reason(study: Study, rule: RetentionRule) -> str:
    """Reasons never hold a part of the patient's name or number, and a name may be a part of any word: then a mark."""
    words = f"Retention rule, version {rule.version}"
    for mark in ("", *MARKS):
        try:
            return check_reason(study, mark * 5 or words)
        except NotErasable:
            continue
    return words
