"""Findings that are not told of, rejected ones that still are, and sentences of the machine that nothing supports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.review.context import Context, Known, remark
from reports.review.reading import Statement
from reports.review.types import Remark

# Who wrote a sentence that rests on the study as a whole: a rule, or a fixed template.
_BY_RULE = re.compile(r"(?:rule|template):")


def check_findings(context: Context) -> Iterator[Remark]:
    yield from _unreported(context)
    yield from _rejected(context)


def _unreported(context: Context) -> Iterator[Remark]:
    waiting = [each for each in context.known if each.seen.confirmed and not _told_by_evidence(context, each)]
    if not waiting:
        return
    free = [each for each in context.statements if _may_tell(context, each) and not _names_finding(context, each)]
    for known in _left_over(waiting, free):
        section = next((each for each in context.given.sections if each.role == "findings"), context.given.sections[0])
        last = section.sentences[-1].id if section.sentences else ""
        values = {"finding_n": known.seen.number, "place": known.seen.location}
        yield Remark(
            "finding-unreported", "finding-unreported", section.name, last, finding=known.seen.key, values=values
        )


def _may_tell(context: Context, statement: Statement) -> bool:
    """Also "a density of 12 mm in the left breast", though it calls it by no name of ours."""
    sized = any(not (each.limit or each.other or each.shift) for each in statement.lengths)
    # "One lesion marked" tells of none in particular.
    if statement.section.role == "assessment" and not statement.places and not statement.lengths:
        return False
    unnamed = statement.there and statement.section.role == "findings" and bool(statement.places) and sized
    return unnamed or any(each is statement for each in context.lesions)


def _names_finding(context: Context, statement: Statement) -> bool:
    return bool(context.by_evidence(statement.sentence))


def _told_by_evidence(context: Context, known: Known) -> bool:
    """A sentence that rests on it, and does not only deny or speak of the category."""
    return any(
        known.seen.key in statement.sentence.evidence
        and (statement.there or not statement.lesion)
        and statement.section.role not in ("recommendation", "assessment")
        for statement in context.statements
    )


def _left_over(waiting: list[Known], free: list[Statement]) -> list[Known]:
    """The findings that no statement can be about; each statement is of one, unless it speaks of several."""
    pairs = sorted(
        (
            (_fit(known, statement), row, column)
            for row, known in enumerate(waiting)
            for column, statement in enumerate(free)
        ),
        reverse=True,
    )
    told: set[int] = set()
    used: set[tuple[str, int]] = set()
    for fit, row, column in pairs:
        statement = free[column]
        # The same lesion in findings and in the assessment is one lesion.
        place = (statement.section.role, column)
        # A statement is of one lesion, unless it says so, or has another one's size too.
        several = statement.plural or waiting[row].same_size(statement)
        if fit <= 0 or row in told or (place in used and not several):
            continue
        told.add(row)
        used.add(place)
    return [known for row, known in enumerate(waiting) if row not in told]


def _fit(known: Known, statement: Statement) -> int:
    """How well a statement fits a finding; 0 when it cannot be about it."""
    if not known.same_side(statement) or not known.same_level(statement) or not known.same_kind(statement):
        return 0
    size = known.same_size(statement)
    if size is False:
        return 0
    return 1 + 4 * bool(size) + 2 * bool(statement.places.sides) + bool(statement.places.levels)


def _rejected(context: Context) -> Iterator[Remark]:
    """A finding that a reader rejected, told of all the same in words of a person's own."""
    rejected = [each for each in context.known if each.seen.state == "REJECTED"]
    for statement in context.lesions:
        if statement.sentence.state == "ai":
            continue
        own = [each for each in rejected if each.seen.key in statement.sentence.evidence]
        like = own or [each for each in rejected if _means(context, statement, each)]
        if like:
            seen = like[0].seen
            yield remark("rejected-reported", statement, finding=seen.key, finding_n=seen.number, place=seen.location)


def _means(context: Context, statement: Statement, rejected: Known) -> bool:
    """Does a sentence without evidence speak of this rejected finding, rather than of one that stands?"""
    if context.by_evidence(statement.sentence) or _fit(rejected, statement) == 0:
        return False
    if not statement.places.sides and rejected.same_size(statement) is None:
        return not context.live
    ours = _fit(rejected, statement)
    return all(_fit(each, statement) < ours for each in context.live)


def check_ai(context: Context) -> Iterator[Remark]:
    """Sentences that stand as the machine drafted them: on rejected findings, or on nothing."""
    known = {each.seen.key: each.seen for each in context.known}
    marks = {each.key for each in context.given.measurements}
    for section, sentence in context.sentences():
        if sentence.state != "ai":
            continue
        seen = [known[key] for key in sentence.evidence if key in known]
        gone = [each for each in seen if each.state == "REJECTED"]
        if gone:
            yield remark("ai-rejected", (section, sentence), finding=gone[0].key, finding_n=gone[0].number)
            continue
        corrected = next((each for each in seen if each.corrected), None)
        undecided = next((each for each in seen if each.state == "OPEN"), None)
        by_rule = bool(_BY_RULE.match(sentence.origin))
        lost = [key for key in sentence.evidence if key not in known and key not in marks]
        if lost or not (sentence.evidence or by_rule):
            yield remark("ai-unsupported", (section, sentence))
        elif corrected is not None and section.role == "findings":
            yield remark(
                "ai-unsupported",
                (section, sentence),
                message="ai-corrected",
                finding=corrected.key,
                finding_n=corrected.number,
            )
        elif undecided is not None and section.role == "findings" and not sentence.accepted:
            yield remark("ai-undecided", (section, sentence), finding=undecided.key, finding_n=undecided.number)
