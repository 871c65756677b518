"""Sizes against the marks, changes against the sizes before, and numbers that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from reports.review.context import TELLING, Context, by_size, remark
from reports.review.lexicon import SOLID_PART
from reports.review.prior import CHANGE, LOOKS_BACK
from reports.review.reading import Statement
from reports.review.types import Remark
from screening.rules.growth import LIMIT_MM

# What no lesion, shift or bleed measures, in mm and ml, by programme.
LARGEST_MM = {"lung": 200.0, "breast": 200.0, "brain": 200.0}
LARGEST_SHIFT_MM = 40.0
LARGEST_ML = {"brain": 400.0, "lung": 4000.0, "breast": 4000.0}
CHANGE_MM = float(LIMIT_MM)
_CLOCK = re.compile(r"\b(\d{1,3})(?::00)?\s*o['’]?\s?clock|(\d{1,3})\s*点(?:钟|位|方向|处)", re.IGNORECASE)
_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*[%％]")
_DATE = re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?!\d)")
_BAD_NUMBER = re.compile(
    r"(?<![\d.])\d+\.\d+\.\d+(?![\d.]*\d)\s*(?:mm|cm|毫米|厘米)|(?<![\dA-Za-z)\]])[-−]\s?\d+(?:\.\d+)?\s*(?:mm|cm|m[lL]|毫米|厘米)\b"
)
_BAD_UNIT = re.compile(r"(?<![\d.])\d+(?:\.\d+)?\s*(?:m|dm|km|kg|g|s|mmHg|米|公斤|千克|克)(?![\w³²^])")
_HU = re.compile(r"(?<![\d.])(?P<value>[-−+]?\d+(?:\.\d+)?)\s*HU\b", re.IGNORECASE)
_ASPECTS = re.compile(r"\bASPECTS?\b\D{0,12}(\d+)", re.IGNORECASE)


def check_measures(context: Context) -> Iterator[Remark]:
    """Every length and volume of a lesion has a finding or a measurement that it could be the number of."""
    for statement in context.statements:
        if statement.section.role not in TELLING or not statement.there:
            continue
        yield from _shift(context, statement)
        if not _of_a_lesion(context, statement):
            continue
        lengths, volumes = _known_lengths(context, statement), _known_volumes(context, statement)
        for length in statement.lengths:
            if (
                length.limit
                or length.shift
                or length.other
                or length.mm > LARGEST_MM.get(context.given.programme, 500.0)
            ):
                continue
            if not any(length.fits(mm) for mm in lengths):
                about = _meant(context, statement)
                yield remark("measurement", statement, (length.start, length.end), finding=about, number=length.words)
                break
        for volume in statement.volumes:
            if volumes and not volume.limit and not any(volume.fits(ml) for ml in volumes):
                yield remark("measurement", statement, (volume.start, volume.end), number=volume.words)
                break


def _of_a_lesion(context: Context, statement: Statement) -> bool:
    if statement.elsewhere:
        return False
    return statement.lesion or bool(statement.sentence.evidence and (statement.lengths or statement.volumes))


def _meant(context: Context, statement: Statement) -> str:
    """The one finding whose place fits, "" where that is not one."""
    own = context.by_evidence(statement.sentence) or [
        each for each in context.live if each.same_side(statement) and each.same_level(statement)
    ]
    return own[0].seen.key if len(own) == 1 else ""


def _known_lengths(context: Context, statement: Statement) -> list[float]:
    given, sentence = context.given, statement.sentence
    own = [each.seen for each in context.by_evidence(sentence)] or [each.seen for each in context.live]
    named = [each for each in given.measurements if each.key in sentence.evidence]
    marks = named if named and not context.by_evidence(sentence) else list(given.measurements)
    known = [mm for each in own for mm in each.sizes_mm] + [mm for each in marks for mm in each.lengths_mm]
    known += [each.prior_mm for each in own if each.prior_mm]
    # How much it grew follows from both sizes.
    known += [abs(mm - each.prior_mm) for each in own for mm in each.sizes_mm if each.prior_mm]
    if LOOKS_BACK.search(sentence.text):
        known += [mm for prior in given.priors or () for mm in prior.sizes_mm]
    return known


def _known_volumes(context: Context, statement: Statement) -> list[float]:
    own = context.by_evidence(statement.sentence) or context.live
    return [ml for each in own for ml in each.seen.volumes_ml]


def _shift(context: Context, statement: Statement) -> Iterator[Remark]:
    measured = context.given.shift_mm
    for length in statement.lengths:
        if not length.shift or length.limit:
            continue
        if length.mm > LARGEST_SHIFT_MM:
            yield remark("impossible", statement, (length.start, length.end), number=length.words)
        elif (
            measured is not None
            and not length.fits(measured)
            and not any(length.fits(mm) for each in context.given.measurements for mm in each.lengths_mm)
        ):
            yield remark("measurement", statement, (length.start, length.end), number=length.words)


def check_change(context: Context) -> Iterator[Remark]:
    """ "Unchanged", though the finding's sizes then and now say otherwise, and so on."""
    for statement in context.lesions:
        own = [each for each in context.by_evidence(statement.sentence) if each.seen.live] or list(context.live)
        own = [each for each in own if each.same_side(statement) and each.same_level(statement)]
        meant = by_size(own, statement) or (own[0] if len(own) == 1 else None)
        if meant is None or meant.seen.prior_mm is None or meant.seen.size_mm is None:
            continue
        seen, before, now = meant.seen, meant.seen.prior_mm, meant.seen.size_mm
        grown = round(now - before, 1)
        truth = "larger" if grown > CHANGE_MM else "smaller" if grown < -CHANGE_MM else "stable"
        said = {name: match for name, pattern in CHANGE.items() if (match := pattern.search(statement.text))}
        if said and truth not in said and not (truth == "stable" and _agrees(said, grown)):
            match = next(iter(said.values()))
            span = (match.start() + statement.start, match.end() + statement.start)
            sizes = {"now": f"{now:.1f}", "before": f"{before:.1f}"}
            yield remark("change", statement, span, finding=seen.key, finding_n=seen.number, **sizes)


def _agrees(said: dict[str, re.Match[str]], grown: float) -> bool:
    """A small change may be called by its direction."""
    return ("larger" in said and grown > 0.5) or ("smaller" in said and grown < -0.5)


def check_impossible(context: Context) -> Iterator[Remark]:
    programme = context.given.programme
    for statement in context.statements:
        for length in statement.lengths:
            if length.mm == 0 and not length.limit or _too_large(context, statement, length.mm) and not length.other:
                about = _meant(context, statement)
                yield remark("impossible", statement, (length.start, length.end), finding=about, number=length.words)
        for volume in statement.volumes:
            if statement.lesion and volume.ml > LARGEST_ML.get(programme, 5000.0):
                yield remark("impossible", statement, (volume.start, volume.end), number=volume.words)
        yield from _component(statement)
    for section, sentence in context.sentences():
        spans = list(_impossible_spans(sentence.text, context.given.studied))
        if any(each.sentence is sentence and each.lesion for each in context.statements):
            spans += [match.span() for match in _BAD_UNIT.finditer(sentence.text)]
        for start, end in spans:
            yield remark("impossible", (section, sentence), (start, end), number=sentence.text[start:end].strip())


def _too_large(context: Context, statement: Statement, mm: float) -> bool:
    if statement.section.role not in TELLING or not statement.lesion:
        return mm > 3000.0
    known = [size for each in context.given.findings for size in each.sizes_mm]
    return mm > LARGEST_MM.get(context.given.programme, 500.0) and not any(abs(mm - size) < 1 for size in known)


def _component(statement: Statement) -> Iterator[Remark]:
    """A solid component larger than its nodule."""
    match = SOLID_PART.search(statement.text)
    sizes = [each for each in statement.lengths if not (each.limit or each.other or each.shift)]
    if match is None or len(sizes) < 2:
        return
    at = match.start() + statement.start
    after = [each for each in sizes if each.start >= at]
    before = [each for each in sizes if each.start < at]
    if after and before and after[0].mm > max(each.mm for each in before):
        yield remark(
            "impossible", statement, (after[0].start, after[0].end), message="component", number=after[0].words
        )


def _impossible_spans(text: str, studied: date | None) -> Iterator[tuple[int, int]]:
    for match in _CLOCK.finditer(text):
        if not 1 <= int(match[1] or match[2]) <= 12:
            yield match.span()
    for match in _PERCENT.finditer(text):
        if float(match[1]) > 100 and not re.search(
            r"(?:increas|grow|grew|larger|增)", text[: match.start()], re.IGNORECASE
        ):
            yield match.span()
    for match in _DATE.finditer(text):
        day = day_of(match)
        if day is None or (studied is not None and day > studied and LOOKS_BACK.search(text)):
            yield match.span()
    for match in _BAD_NUMBER.finditer(text):
        yield match.span()
    for match in _HU.finditer(text):
        if not -1100 <= float(match["value"].replace("−", "-")) <= 4000:
            yield match.span()
    for match in _ASPECTS.finditer(text):
        if int(match[1]) > 10:
            yield match.span()


def day_of(match: re.Match[str]) -> date | None:
    """The date of a `_DATE`; None for one that does not exist."""
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
