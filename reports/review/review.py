"""The review of one report: every check in turn, what is said twice said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from reports.review.check_advice import check_advice
from reports.review.check_category import check_category
from reports.review.check_findings import check_ai, check_findings
from reports.review.check_measures import check_change, check_impossible, check_measures
from reports.review.check_places import check_denials, check_places
from reports.review.check_text import check_answers, check_sex, check_text
from reports.review.context import Context
from reports.review.prior import check_priors
from reports.review.rules import Severity, severity_of
from reports.review.types import Remark, ReviewInput

CHECKS: tuple[Callable[[Context], Iterator[Remark]], ...] = (
    check_text,
    check_answers,
    check_ai,
    check_places,
    check_denials,
    check_impossible,
    check_measures,
    check_change,
    check_category,
    check_advice,
    check_priors,
    check_sex,
    check_findings,
)
TOLD_WRONGLY = ("side", "side-evidence", "level", "type", "denied", "measurement", "impossible")
# What says more hides what says less of the same sentence.
HIDING: Mapping[str, tuple[str, ...]] = {
    "rejected-reported": ("side", "level", "type", "measurement"),
    "impossible": ("measurement",),
}


def review(given: ReviewInput, chosen: Mapping[str, str] | None = None) -> list[tuple[Remark, Severity]]:
    """Everything to look at, blocking first, else in the order of the report.

    chosen: the site's own severities, rule id → severity. Never raises for any text.
    """
    context = Context(given)
    severities = chosen or {}
    found = _once(remark for check in CHECKS for remark in check(context))
    weighed = [(remark, severity_of(remark.rule, severities)) for remark in found]
    order = [section.name for section in given.sections]
    shown = [pair for pair in weighed if pair[1] != Severity.OFF]
    return sorted(
        shown, key=lambda pair: (pair[1] != Severity.BLOCKING, order.index(pair[0].section), pair[0].sentence == "")
    )


def _once(remarks: Iterable[Remark]) -> list[Remark]:
    """Of one rule one remark a sentence and finding; a number that cannot be is not also one without a mark."""
    kept: dict[tuple[str, ...], Remark] = {}
    for remark in remarks:
        kept.setdefault((remark.rule, remark.section, remark.sentence, remark.finding, remark.answer), remark)
    # A finding that is told of with something wrong is not also one that is not told of.
    wrong = {each.finding for each in kept.values() if each.rule in TOLD_WRONGLY and each.finding}
    places = {rule: {(each.section, each.sentence) for each in kept.values() if each.rule == rule} for rule in HIDING}
    return [
        each
        for each in kept.values()
        if not (each.rule == "finding-unreported" and each.finding in wrong)
        and not any(
            (each.section, each.sentence) in places[rule] for rule, hidden in HIDING.items() if each.rule in hidden
        )
    ]
