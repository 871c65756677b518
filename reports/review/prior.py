"""What a text says of earlier studies: that it compares, that there is none, of which day, what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from reports.review.context import Context, remark
from reports.review.types import Remark, SectionText, SentenceText

_I = re.IGNORECASE
_STUDY = (
    r"(?:stud(?:y|ies)|exam\w*|CTs?|LDCT|mammogra\w*|scans?|imaging|films?|radiograph\w*|MRI?|images?|reports?|priors?"
    r"|screen\w*|baseline|tomosynthesis|head CT|chest CT)"
)
_EARLIER = r"(?:prior|previous|earlier|last|preceding|former|old(?:er)?|outside|past)"
# Any word that looks back at an earlier study.
LOOKS_BACK = re.compile(
    rf"\b{_EARLIER}(?:\s+\w+){{0,3}}?\s+{_STUDY}\b|\bpriors?\b(?=\s*(?:[.,;:)]|$|from|of|dated|on|in|show\w*|is|are|was|were))"
    r"|\b(?:compared?|comparison)\b|\bpreviously\b|\bsince\b|\bbefore\b|\binterval\s+(?:change|growth|increase|decrease|development|resolution|enlarge\w*)\b"
    r"|\b(?:unchanged|stable|stability|has grown|have grown|has increased|grew|had measured|was \d)\b"
    r"|\bformerly\b|较前|与前|前片|旧片|前次|上次|既往(?=[^。;]{0,12}(?:片|检查|CT|钼靶|X线|MR|影像|对比|比较))|对比|相比|比较|同前|随访|复查对照|原(?=\d)",
    _I,
)
# A claim of comparison, which needs an earlier study.
_CLAIM = re.compile(
    rf"\b(?:compared?|comparison)\b[^.;]{{0,30}}\b(?:(?:with|to)\b(?!\s+(?:the\s+|its\s+|that\s+(?:of|on)\s+the\s+)?(?:left|right|contralateral|opposite|other|normal|adjacent|surrounding|gr[ae]y|white|muscle))|is made|made|available)|\bcomparison\s*:\s*(?=\S)"
    rf"|\b(?:since|than|on|from|to|with|the)\s+(?:the\s+|a\s+|her\s+|his\s+)?{_EARLIER}\b(?:\s+\w+){{0,3}}?\s+{_STUDY}\b"
    rf"|\b(?:since|than)\s+(?:the\s+)?(?:prior|baseline|{_STUDY}\s+(?:of|from|dated)|\d{{4}}|last\s+year)"
    r"|\b(?:unchanged|(?<!clinically )(?<!dynamically )(?<!patient is )stable|stability)\b|\b(?:has|have)\s+(?:grown|increased|enlarged|decreased|shrunk|not changed)\b"
    r"|\b(?:was|were|from)\s+\d+(?:\.\d+)?\s*(?:mm|cm)\b(?!\s*(?:in\s+(?:size|diameter|length)|long|thick|wide|to|from|above|below))(?=[^.;]{0,30}\b(?:last|ago|in\s+\d{4}|before|earlier|prior|previous))"
    r"|\binterval\s+(?:change|growth|increase|decrease|development|resolution|enlarge\w*)\b|\bpreviously\s+(?:measur|seen|noted|\d|describ|report)\w*"
    r"|\bno\s+(?:significant\s+|interval\s+)*(?:change|growth)\b|\bnew\s+(?:since|compared|from)\b|\b(?:larger|smaller|bigger)\s+than\s+(?:on|at|before|in\s+\d)"
    r"|较前|与前片|与前次|与上次|与既往|与旧片|前片(?!未|无|不)|同前|对比(?:前|上|旧|既往|\d)|与\d{4}[-年./][^。;]{0,16}(?:比|对照)|无(?:明显|显著)?变化|未见(?:明显|显著)?变化",
    _I,
)
_NONE = re.compile(
    # "No change since the prior CT" compares; "no useful prior CT" does not.
    rf"\b(?:no|without|not|lack of|absence of)\s+(?:(?!chang|growth|grown|interval|differ|progress|increas|decreas|new\b|compar\w+ to|significant)[\w-]+\s+){{0,5}}?"
    rf"(?:{_EARLIER}|comparisons?|priors?)\b"
    rf"|\b(?:{_EARLIER}|comparisons?|priors?)\b[^.;]{{0,40}}\b(?:none|not available|unavailable|not provided|not to hand|no priors?|cannot be|could not be|n/a)\b"
    r"|\bcomparison\s*:?\s*(?:none|nil|n/a|no\b|-|not\b)|\b(?:none|not)\s+available\b|\b(?:baseline|first)\s+(?:\w+\s+){0,2}(?:screen\w*|exam\w*|stud\w*|CT|LDCT|mammogra\w*)"
    r"|无(?:既往|前片|旧片|前次|可(?:供)?(?:比较|对比)|对比|历史|先前)|(?:既往|前片|旧片|前次|对比)[^。;]{0,14}(?:无|未提供|未获|缺如|不可用)|没有(?:既往|前片|可)"
    r"|未(?:提供|获得|见)(?:既往|前片|旧片)|首次(?:检查|筛查|扫描)?|基线",
    _I,
)
# A wish, not a claim: priors that are still being looked for, or what is to come.
_WANTED = re.compile(
    r"\b(?:request\w*|obtain\w*|locat\w*|when available|if available|should be|await\w*|to be|retriev\w*|pending|recommend\w*|advis\w*"
    r"|suggest\w*|follow-?up|will be)\b|调阅|索取|建议|待|如有|随诊|应",
    _I,
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAY = re.compile(
    rf"(?<!\d)(?P<y>(?:19|20)\d\d)(?:[-/.]|\s*年\s*)(?P<m>\d{{1,2}})(?:[-/.]|\s*月\s*)(?P<d>\d{{1,2}})(?!\d)"
    rf"|(?<!\d)(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m2>{'|'.join(name[:3] for name in _MONTHS)})[a-z]*\.?,?\s+(?P<y2>(?:19|20)\d\d)"
    rf"|\b(?P<m3>{'|'.join(name[:3] for name in _MONTHS)})[a-z]*\.?\s+(?P<d3>\d{{1,2}}),?\s+(?P<y3>(?:19|20)\d\d)",
    _I,
)
_YEAR = re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d(?!\d)|(?<!\d)(?:19|20)\d\d(?!\d)")
_NAMED = re.compile(rf"\b(?:{_EARLIER}|{_STUDY})\b|前片|前次|既往|旧片|上次|\d{1, 4}年", _I)
_NIL = re.compile(
    r"^\W*(?:none|nil|no|n/?a|not (?:available|applicable)|unavailable|无|没有|暂无|不适用)\W*$|^[\W_]*$", _I
)
CHANGE: Mapping[str, re.Pattern[str]] = {
    "larger": re.compile(
        r"\b(?:larger|bigger|has grown|have grown|grew|growing|interval growth|increas\w+ (?:in size|from)|has increased|have increased"
        r"|enlarged since|has enlarged|interval increase|progressi\w+)\b|较前增大|较前增长|增大(?!淋巴)|较前进展|体积增加",
        _I,
    ),
    "smaller": re.compile(
        r"\b(?:smaller|shrunk\w*|decreas\w+ (?:in size|from)|has decreased|have decreased|interval decrease|regress\w+|reduced)\b|较前缩小|较前减小|缩小",
        _I,
    ),
    "stable": re.compile(
        r"\b(?:unchanged|stable|not (?:significantly )?changed|no (?:significant |interval )*(?:change|growth)"
        r"|without (?:significant |interval )*(?:change|growth))\b|无(?:明显|显著)?变化|未见(?:明显|显著)?变化|同前|较前相仿|相仿|稳定",
        _I,
    ),
}


def dates_in(text: str) -> Iterator[tuple[date, tuple[int, int]]]:
    """Every whole date of a text that exists, with its characters."""
    for match in _DAY.finditer(text):
        year, day = match["y"] or match["y2"] or match["y3"], match["d"] or match["d2"] or match["d3"]
        name = match["m2"] or match["m3"]
        month = int(match["m"]) if match["m"] else [each[:3] for each in _MONTHS].index(name.lower()) + 1
        try:
            yield date(int(year), month, int(day)), match.span()
        except ValueError:
            continue


def check_priors(context: Context) -> Iterator[Remark]:
    """What is said of earlier studies, against those there are. The advice for the future claims nothing."""
    priors = context.given.priors
    if priors is None:
        return
    mentioned = False
    told_none = told_claim = False
    for section, sentence in context.sentences("comparison", "findings", "assessment", "other"):
        text = sentence.text
        none, claim = _NONE.search(text), _claim(text)
        if section.role == "comparison":
            none = none or _NIL.search(text)
            claim = claim or _names_study(text)
        mentioned = mentioned or bool(none) or bool(claim)
        if none:
            if priors and not told_none and section.role == "comparison":
                told_none = True
                days = ", ".join(prior.day.isoformat() for prior in priors if prior.day)
                yield remark("prior-present", (section, sentence), none.span(), dates=days or "?")
            continue
        if claim and not priors and not told_claim:
            told_claim = True
            yield remark("prior-none", (section, sentence), claim.span())
        if priors and (section.role == "comparison" or claim):
            yield from _dates(context, section, sentence)
    comparison = [section for section in context.given.sections if section.role == "comparison"]
    if priors and comparison and not mentioned:
        yield Remark("prior-unmentioned", "prior-unmentioned", comparison[0].name)


def _names_study(text: str) -> re.Match[str] | None:
    """Under "Comparison" naming a study, or a day, is comparing with it."""
    return None if _WANTED.search(text) else _DAY.search(text) or _YEAR.search(text) or _NAMED.search(text)


def _claim(text: str) -> re.Match[str] | None:
    match = _CLAIM.search(text)
    return None if match is None or _WANTED.search(text) else match


def _dates(context: Context, section: SectionText, sentence: SentenceText) -> Iterator[Remark]:
    known = {prior.day for prior in context.given.priors or () if prior.day}
    for day, span in dates_in(sentence.text):
        if known and day not in known and day != context.given.studied:
            days = ", ".join(sorted(each.isoformat() for each in known))
            yield remark("prior-date", (section, sentence), span, dates=days)
