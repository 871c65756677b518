"""Setting how much the rules of the review weigh at a site: a new version, never a changed one."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.models.review_rules import ReviewRules
from reports.review import RULES
from reports.selectors.review_rules import rules_record


class ReviewRulesError(ValueError):
    """What was sent are no weights of this review; `str(error)` says why. Answered with 400."""


class ReviewRulesConflict(Exception):
    """Another version has come meanwhile. Answered with 409."""


def set_review_rules(
    *,
    site: Site,
    actor: User,
    severities: Mapping[str, str],
    reason: str,
    after: int,
    request: HttpRequest | None = None,
) -> ReviewRules:
    """Put weights into force for what is written and signed from now on. What is signed stays as it was held.

    severities: rule → severity; a rule that is not named weighs as usual. after: the version that was on the screen.
    Raises `ReviewRulesError`, `ReviewRulesConflict`, PermissionDenied.
    """
    if not can(actor, Action.MANAGE_RULES, site):
        raise PermissionDenied(_("Only administrators set the rules of the review."))
    kept = _checked(severities)
    reason = reason.strip()
    if not reason or len(reason) > 300:
        raise ReviewRulesError(_("Say why, in at most 300 characters."))
    record = rules_record(site)
    version = record.version if record else 0
    if version != after:
        raise ReviewRulesConflict(_("The rules of the review were changed meanwhile. Look at them again."))
    if kept == (record.severities if record else {}):
        raise ReviewRulesError(_("Nothing was changed."))
    try:
        with transaction.atomic():
            row = ReviewRules.objects.create(
                site=site, version=version + 1, severities=kept, reason=reason, by=actor, at=timezone.now()
            )
            audit.record(
                Verb.REVIEW_RULES_SET,
                actor=actor,
                site=site,
                object_type="review_rules",
                object_id=row.pk,
                request=request,
                detail={"version": row.version, "severities": kept},
            )
    except IntegrityError as error:
        raise ReviewRulesConflict(_("The rules of the review were changed meanwhile. Look at them again.")) from error
    return row


def _checked(severities: Mapping[str, str]) -> dict[str, str]:
    """Only known rules, only what a site may choose; those that weigh as usual are left out."""
    for name, severity in severities.items():
        if name not in RULES or severity not in RULES[name].allowed:
            raise ReviewRulesError(_("A rule may not weigh that: what can harm a patient is never left out."))
    return {name: str(each) for name, each in sorted(severities.items()) if each != RULES[name].severity}
