"""The category that is stated, against the findings and the rest of the text; and what is advised, against it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reports.review.context import Context, is_suspicious, remark
from reports.review.reading import Statement
from reports.review.types import Remark, SectionText, SentenceText, Span

_I = re.IGNORECASE
_CLAIM = re.compile(
    r"(?P<scheme>lung[\s-]?rads|bi[\s-]?rads|\bLR|\bBR)\W{0,3}(?:\s*(?:v(?:ersion)?\.?\s?)?(?:20\d\d|1\.\d))?\W{0,3}"
    r"(?:(?:assessment|final|overall|category|cat\.?|score|class|分类|分级|评估|评分|类别)\W{0,3})*"
    r"(?P<value>[0-9](?:\s?[A-Da-dXx](?![a-z]))?(?:\s?S(?![a-z]))?)(?![A-Za-z\d]|\.\d|\s*(?:mm|cm|months?|月|年))"
    r"|\b(?:category|cat\.?)\W{0,3}(?P<bare>[0-6](?:[A-Da-dXx])?S?)(?![A-Za-z\d]|\.\d|\s*(?:mm|cm))"
    r"|(?<![\dA-Za-z第])(?P<zh>[0-6](?:[A-Ca-cXx])?S?)\s*类",
    _I,
)
VALID: Mapping[str, frozenset[str]] = {
    "lung": frozenset({"0", "1", "2", "3", "4A", "4B", "4X"}),
    "breast": frozenset({"0", "1", "2", "3", "4", "4A", "4B", "4C", "5", "6"}),
}
NEGATIVE = ("1", "2")
# A category of another day, or one that is not given.
_EARLIER = re.compile(
    r"(?:\b(?:previous(?:ly)?|prior|earlier|formerly|was|from|than|not|downgraded|instead of|stepped down from|old)\b|降自|前次|原)[\s\w:,]{0,14}$",
    _I,
)
_RIGHT_LEFT = re.compile(r"\b(right|left)\b|([左右])(?:侧|乳)", _I)


@dataclass(frozen=True, slots=True)
class Claim:
    """A category that the text states. side: of which breast, "" for the examination."""

    value: str
    section: SectionText
    sentence: SentenceText
    span: Span
    side: str = ""


def claims_of(context: Context, *roles: str) -> list[Claim]:
    """Every category stated in sections of these roles; the modifier S is left off."""
    found: list[Claim] = []
    for section, sentence in context.sentences(*roles):
        named = any(match["value"] for match in _CLAIM.finditer(sentence.text))
        at = 0
        for match in _CLAIM.finditer(sentence.text):
            name = next(each for each in ("value", "bare", "zh") if match[each])
            if _EARLIER.search(sentence.text[: match.start()]) or (named and name != "value"):
                at = match.end()
                continue
            value = re.sub(r"\s", "", match[name]).upper()
            value = value[:-1] if value.endswith("S") else value
            side = _side(sentence.text[at : match.start()]) if context.given.programme == "breast" else ""
            found.append(Claim(value, section, sentence, match.span(name), side))
            at = match.end()
    return found


def _side(before: str) -> str:
    named = [match[1] or match[2] for match in _RIGHT_LEFT.finditer(before)]
    if len({name.lower() for name in named}) != 1:
        return ""
    return "left" if named[-1].lower() in ("left", "左") else "right"


def check_category(context: Context) -> Iterator[Remark]:
    programme = context.given.programme
    if programme == "brain" or programme not in VALID:
        yield from _plain_assessment(context)
        return
    claims = claims_of(context, "assessment", "findings", "recommendation", "other")
    for claim in claims:
        if claim.value not in VALID[programme]:
            yield _remark(claim, "category-unknown")
    claims = [claim for claim in claims if claim.value in VALID[programme]]
    whole = [claim for claim in claims if not claim.side]
    differing = _differing(whole)
    if differing is not None:
        yield differing
        return
    if programme == "lung":
        yield from _lung(context, whole)
    else:
        yield from _coded(context, whole or claims)
        yield from _breast(context, claims)


def _remark(claim: Claim, message: str, **values: str) -> Remark:
    return remark(
        "category", (claim.section, claim.sentence), claim.span, message=message, stated=claim.value, **values
    )


def _differing(claims: list[Claim]) -> Remark | None:
    """Two sections that state two categories."""
    for claim in claims[1:]:
        if claim.value[0] != claims[0].value[0] or (
            len(claim.value) == len(claims[0].value) and claim.value != claims[0].value
        ):
            return _remark(claim, "category-differs", other=claims[0].value)
    return None


def _lung(context: Context, claims: list[Claim]) -> Iterator[Remark]:
    if not claims:
        return
    claim = claims[0]
    expected = context.given.category
    # 4X is a reader's judgement over 3, 4A or 4B; 0 may always be given for what could not be assessed.
    if expected is not None:
        if claim.value == expected or (claim.value == "4X" and expected in ("3", "4A", "4B")):
            return
        if claim.value == "2" and expected == "1" or claim.value == "1" and expected == "2" and not _nodules(context):
            return
        if claim.value == "0" and (context.given.limitations or expected == "0"):
            return
        yield _remark(claim, "category", expected=expected)
        return
    there = _nodules(context)
    if claim.value == "1" and there:
        yield _remark(claim, "category-negative", said=there[0].text.strip())
    elif claim.value in ("3", "4A", "4B", "4X") and not there and not context.live:
        yield _remark(claim, "category-nothing")


def _nodules(context: Context) -> list[Statement]:
    return [each for each in context.lesions if each.section.role == "findings"]


def _coded(context: Context, claims: list[Claim]) -> Iterator[Remark]:
    """The text against the category that the reader gave as a coded answer."""
    expected = context.given.category
    if expected is None or not claims:
        return
    worst = max(claims, key=lambda claim: concern(claim.value))
    if worst.value != expected and not (worst.value[0] == expected[0] == "4" and "4" in (worst.value, expected)):
        yield _remark(worst, "category-differs", other=expected)


def _breast(context: Context, claims: list[Claim]) -> Iterator[Remark]:
    """A screening reader alone gives a BI-RADS assessment: it is only held against what they tell of."""
    there = [each for each in context.lesions if each.section.role != "assessment"]
    swapped = _swapped(claims, there)
    if swapped is not None:
        yield swapped
        return
    for claim in claims:
        of_side = [
            each for each in there if not claim.side or not each.places.sides or claim.side in each.places.reached
        ]
        live = [each for each in context.live if each.seen.confirmed]
        live = [each for each in live if not claim.side or not each.places.sides or claim.side in each.places.reached]
        if claim.value == "1" and (of_side or live):
            said = of_side[0].text.strip() if of_side else live[0].seen.location
            yield _remark(claim, "category-negative", said=said)
        elif claim.value == "2" and (suspicious := [each for each in of_side if is_suspicious(each)]):
            yield _remark(claim, "category-negative", said=suspicious[0].text.strip())
        elif claim.value[0] in "345" and not of_side and not live and not context.live:
            yield _remark(claim, "category-nothing")
    whole = [claim for claim in claims if not claim.side]
    sides = [claim for claim in claims if claim.side]
    if whole and sides and all(concern(whole[0].value) != concern(claim.value) for claim in sides):
        worst = max(sides, key=lambda claim: concern(claim.value))
        if concern(whole[0].value) < concern(worst.value):
            yield _remark(whole[0], "category-differs", other=worst.value)


def _swapped(claims: list[Claim], there: list[Statement]) -> Remark | None:
    """A breast that is recalled though nothing was told of it, while all that was told is of the other."""
    sides = frozenset().union(*(each.places.reached for each in there))
    for claim in claims:
        if claim.side and claim.value not in (*NEGATIVE, "6") and sides and claim.side not in sides:
            pair = (claim.section, claim.sentence)
            return remark("side", pair, claim.span, message="side-section", said=there[0].text.strip())
    return None


_CONCERN = ("1", "2", "3", "6", "0", "4", "4A", "4B", "4C", "5")


def concern(value: str) -> int:
    return _CONCERN.index(value)


_NORMAL = re.compile(
    r"\b(?:normal|unremarkable|negative)\b(?!\s*(?:size|calib|for age|variant|ventric|limits of))"
    r"|\bno\s+(?:acute\s+)?(?:intracranial\s+)?(?:ha?emorrhage|abnormalit\w+|bleed\w*|findings?)\b|未见(?:明显|急性)?(?:颅内)?(?:异常|出血)|正常(?!大小)",
    _I,
)


def _plain_assessment(context: Context) -> Iterator[Remark]:
    """Where there is no category: an assessment that reassures over findings that do not."""
    told = [each for each in context.lesions if each.section.role == "findings"]
    confirmed = [each for each in context.known if each.seen.confirmed]
    if not told and not confirmed:
        return
    if any(each.section.role == "assessment" for each in context.lesions):
        return
    for section, sentence in context.sentences("assessment"):
        match = _NORMAL.search(sentence.text)
        if match is not None and not re.search(r"\bother(?:wise)?\b|\bfurther\b|其他|其余|余", sentence.text, _I):
            said = told[0].text.strip() if told else confirmed[0].seen.location
            yield remark("category", (section, sentence), match.span(), message="assessment-negative", said=said)
            return
