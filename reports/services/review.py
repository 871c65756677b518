"""What the review has to say at the moment of signing, and a reader's explicit word over what it holds against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from reports.models import Report, Revision
from reports.review import RULES, Remark, Severity
from reports.review.rules import VERSION
from reports.selectors.review import addendum_reviewed, listed, reviewed
from reports.selectors.review_rules import rules_record


@dataclass(frozen=True, slots=True)
class SignedOver:
    """What a reader says when they sign over remarks that block: the remarks' keys, and why."""

    keys: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """refusal: why nothing may be signed, "" when it may. remarks: all that stand, as the page shows them.

    signed: what the signed bytes keep of the review, empty when there was nothing to say.
    """

    refusal: str
    remarks: list[dict[str, Any]] = field(default_factory=list)
    signed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def audited(self) -> dict[str, list[str]]:
        """Which rules had something to say, for the audit trail."""
        parts = {"warned": "warnings", "signed_over": "signed_over"}
        return {
            name: sorted({each["rule"] for each in self.signed[part]})
            for name, part in parts.items()
            if self.signed.get(part)
        }


def review_to_sign(report: Report, revision: Revision, over: SignedOver) -> Outcome:
    """Hold a text, first or amended, against the review. Before: called inside the signature's transaction."""
    return _outcome(report, reviewed(report, revision.sections, revision.answers), over)


def addendum_to_sign(report: Report, adds_to: Revision, text: str, over: SignedOver) -> Outcome:
    """Hold an addendum to the signed revision against the review. Before: as above."""
    return _outcome(report, addendum_reviewed(report, adds_to.sections, adds_to.answers, text), over)


def _outcome(report: Report, found: list[tuple[Remark, Severity]], over: SignedOver) -> Outcome:
    remarks = listed(report, found)
    blocking = [remark for remark, severity in found if severity == Severity.BLOCKING]
    left = [remark for remark in blocking if not (remark.key in over.keys and RULES[remark.rule].overridable)]
    if left:
        first = next(each for each in remarks if each["key"] == left[0].key)
        return Outcome(_("%(section)s: %(text)s") % {"section": first["title"], "text": first["text"]}, remarks)
    reason = over.reason.strip()
    if blocking and not reason:
        return Outcome(_("Say why you sign the report as it is."), remarks)
    warned = [remark for remark, severity in found if severity == Severity.WARNING]
    signed: dict[str, Any] = {}
    if found:
        own = rules_record(report.study.site)
        signed = {"rules": VERSION, "warnings": [_named(remark) for remark in warned]}
        signed |= {"site_rules": own.version} if own else {}
    if blocking:
        signed |= {"signed_over": [_named(remark) for remark in blocking], "reason": reason}
    return Outcome("", remarks, signed)


def _named(remark: Remark) -> dict[str, str]:
    named = {"rule": remark.rule, "section": remark.section, "sentence": remark.sentence}
    return {**named, "answer": remark.answer} if remark.answer else named
