"""What is advised, against the category: Lung-RADS v2022 management and ACR BI-RADS, 5th edition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from reports.review.check_category import VALID, Claim, claims_of, concern
from reports.review.context import Context, remark
from reports.review.prior import dates_in
from reports.review.types import Remark, SectionText, SentenceText, Span

_I = re.IGNORECASE
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12, "eighteen": 18, "twenty-four": 24,
    "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "九": 9, "十二": 12, "半": 0.5, "a": 1, "an": 1,
}  # fmt: skip
_NUMBER = rf"(?:(?<!\d)\d{{1,3}}(?:\.\d{{1,2}})?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_INTERVAL = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?:(?:-|–|to|or|至|到|~)\s*(?P<high>{_NUMBER}))?\s*-?\s*(?P<unit>months?|mo\b|years?|yrs?\b|weeks?|days?|个?月|年|周|天)",
    _I,
)
_AGE = re.compile(r"^\s*(?:old\b|岁|of age)|^-?old", _I)
_DATED = re.compile(r"\d{4}\s*$|(?:19|20)\d\d年")
_ANNUAL = re.compile(r"\b(?:annual\w*|yearly|once a year)\b|年度|每年|一年", _I)
_ROUTINE = re.compile(
    r"\b(?:routine|regular|continue(?:d)?)\b[^.;]{0,30}\bscreen\w*|\bscreen\w*[^.;]{0,20}\b(?:routine|continue\w*|interval|programme|program)\b"
    r"|\b(?:routine|next)\s+(?:\w+\s+)?(?:screen\w*|mammogra\w*|round)|\breturn to screen\w*|\bnext screening|常规筛查|常规|定期筛查|继续筛查",
    _I,
)
_TISSUE = re.compile(
    r"\b(?:biops\w*|tissue|histolog\w*|sampl\w*|core needle|aspirat\w*|FNA|excis\w*|patholog\w*)\b|活检|穿刺|病理|组织学|切除",
    _I,
)
_REFERRAL = re.compile(
    r"\b(?:refer\w*|PET|diagnostic (?:chest )?CT|contrast|biops\w*|tissue|sampl\w*|multidisciplinary|MDT|tumou?r board|surg\w*"
    r"|pulmonolog\w*|clinical evaluation|thoracic|respiratory|bronchoscop\w*)\b|转诊|会诊|多学科|活检|穿刺|增强|手术|专科|胸外科|呼吸科",
    _I,
)
_WORK_UP = re.compile(
    r"\b(?:biops\w*|tissue sampling|PET|bronchoscop\w*|resect\w*|thoracic surg\w*|diagnostic (?:chest )?CT)\b|活检|穿刺|支气管镜|胸外科|手术",
    _I,
)
_MORE_IMAGES = re.compile(
    r"\b(?:additional|further|recall\w*|diagnostic|ultrasound|sonograph\w*|spot|magnification|compression|tomosynthesis|assess\w*|work-?up"
    r"|complete\w*|repeat\w*|compare\w*|comparison|prior|locat\w*|obtain\w*)\b|召回|补充|加做|超声|点压|放大|进一步|完善|复查|调阅|对比|重新|重复|重照",
    _I,
)
_TREAT = re.compile(r"\b(?:surg\w*|treat\w*|therap\w*|oncolog\w*|excis\w*)\b|手术|治疗|切除", _I)
_ANY_ADVICE = re.compile(
    r"\b(?:recommend\w*|advis\w*|follow-?up|suggest\w*|CT|LDCT|mammogra\w*|screen\w*|refer\w*|consult\w*|repeat|discuss\w*)\b|建议|随访|复查|筛查|转诊|会诊",
    _I,
)


@dataclass(frozen=True)
class Advice:
    """What a category asks for. months: of the interval, (lowest, highest), None where none is given.

    wanted: one of these must be advised, where no fitting interval is. wrong: none of these may.
    """

    months: tuple[float, float] | None
    wanted: tuple[re.Pattern[str], ...] = ()
    wrong: tuple[re.Pattern[str], ...] = ()


# Where work-up is due no interval is given; waiting so long is none.
SHORT_MONTHS = 3.0
_YEARLY = (11.0, 13.0)
ADVICE: Mapping[str, Mapping[str, Advice]] = {
    "lung": {
        "0": Advice((1, 3), (_MORE_IMAGES,), (_ANNUAL,)),
        "1": Advice(_YEARLY, (_ANNUAL, _ROUTINE), (_WORK_UP,)),
        "2": Advice(_YEARLY, (_ANNUAL, _ROUTINE), (_WORK_UP,)),
        "3": Advice((5.5, 6.5), (), (_ANNUAL,)),
        "4A": Advice((2.5, 3.5), (), (_ANNUAL,)),
        "4B": Advice((0, 3.5), (_REFERRAL, _TISSUE), (_ANNUAL,)),
        "4X": Advice((0, 3.5), (_REFERRAL, _TISSUE), (_ANNUAL,)),
    },
    "breast": {
        "0": Advice(None, (_MORE_IMAGES,), (_ANNUAL,)),
        "1": Advice((11, 37), (_ANNUAL, _ROUTINE), (_TISSUE,)),
        "2": Advice((11, 37), (_ANNUAL, _ROUTINE), (_TISSUE,)),
        "3": Advice((5.5, 6.5), (re.compile(r"\bshort(?:er)?[\s-]?(?:interval|term)\b|短期", _I),), (_TISSUE, _ANNUAL)),
        "4": Advice(None, (_TISSUE,), (_ANNUAL,)),
        "5": Advice(None, (_TISSUE,), (_ANNUAL,)),
        "6": Advice(None, (_TREAT,), ()),
    },
}


def check_advice(context: Context) -> Iterator[Remark]:
    programme = context.given.programme
    if programme == "brain":
        yield from _after_bleeding(context)
    if programme not in ADVICE:
        return
    claims = [each for each in claims_of(context, "assessment") if each.value in VALID[programme]]
    category = _category(claims, programme) or context.given.category
    if category is None:
        return
    advice = ADVICE[programme].get(category) or ADVICE[programme].get(category[:1])
    if advice is None:
        return
    given = [pair for pair in context.sentences("recommendation") if re.search(r"\w", pair[1].text)]
    in_assessment = [
        pair for pair in context.sentences("assessment") if re.search(r"recommend|advis|建议", pair[1].text, _I)
    ]
    given += in_assessment
    if given:
        yield from _judged(given, advice, category, context.given.studied)
        return
    section = next((each for each in context.given.sections if each.role == "recommendation"), None)
    # An empty section that has to be filled is told of as that.
    if section is not None and not section.required:
        yield Remark("recommendation-missing", "recommendation-missing", section.name, values={"stated": category})


_OLD = re.compile(r"\b(?:chronic|old|previous|resolved|calcif\w*|remote)\b|慢性|陈旧", _I)
_NOTHING = re.compile(
    r"\bno\s+(?:further\s+|specific\s+|routine\s+|imaging\s+|additional\s+|urgent\s+)*(?:follow-?up|action|imaging|recommend\w*|treatment|referral|management)\b"
    r"|\bnot\s+(?:needed|required|necessary)\b|\bnone\b|\bnil\b|\broutine\s+follow-?up\b|\bdischarge\b|无需|不需|无须|不必|暂不|常规随访|无特殊",
    _I,
)


def _after_bleeding(context: Context) -> Iterator[Remark]:
    """An acute haemorrhage is not left without advice, nor told to need none."""
    told = [each for each in context.lesions if not _OLD.search(each.sentence.text)]
    if not told and not any(each.seen.confirmed for each in context.known):
        return
    given = list(context.sentences("recommendation"))
    for pair in given:
        match = _NOTHING.search(pair[1].text)
        if match is not None and not _SEEN_TO.search(_without(pair[1].text, match)):
            yield remark("recommendation", pair, match.span(), message="recommendation-none")
            return
    elsewhere = [pair for pair in context.sentences("assessment", "findings", "other") if _SEEN_TO.search(pair[1].text)]
    section = next((each for each in context.given.sections if each.role == "recommendation"), None)
    if section is not None and not given and not elsewhere:
        yield Remark("recommendation-missing", "recommendation-acute", section.name)


def _without(text: str, match: re.Match[str]) -> str:
    """The text less the clause that a match begins: what needs not be done is not advised."""
    rest = re.split(r"[,;.，；。]", text[match.end() :], maxsplit=1)
    return text[: match.start()] + (rest[1] if len(rest) > 1 else "")


_SEEN_TO = re.compile(
    r"\b(?:recommend\w*|advis\w*|neurosurg\w*|refer\w*|consult\w*|urgent\w*|immediate\w*|repeat|telephon\w*|phoned|notified|communicated"
    r"|discussed|stroke (?:unit|team)|admi(?:t|ssion)\w*|angiogra\w*|CTA)\b|建议|会诊|神经外科|急诊|复查|通知|转诊",
    _I,
)


def _category(claims: list[Claim], programme: str) -> str | None:
    """The one that decides what follows: the first of the whole examination, else the breast's of most concern."""
    whole = [each.value for each in claims if not each.side]
    if whole or programme != "breast":
        return whole[0] if whole else None
    return max((each.value for each in claims), key=concern, default=None)


# Advice on something else that was seen, and what makes it advice on the screening after all.
_ABOUT_OTHERS = re.compile(
    r"\b(?:thyroid|adrenal|renal|kidney|liver|hepatic|aort\w*|coronary|cardi\w+|endocrin\w*|urolog\w*|nephrolog\w*|gynaecolog\w*|gynecolog\w*"
    r"|DXA|bone density|smoking|GP\b|oesophag\w*|spine|emphysema|lung function)|甲状腺|肾上腺|肾|肝|主动脉|冠脉|心内科|戒烟",
    _I,
)
_ABOUT_SCREENING = re.compile(
    r"\b(?:LDCT|low[\s-]?dose|nodul\w*|screen\w*|mammogra\w*|breast|chest CT)\b|低剂量|结节|筛查|乳", _I
)


def _dates_as_intervals(text: str, studied: date | None) -> Iterator[tuple[float, float, tuple[int, int]]]:
    """A day to come as months from the examination."""
    for day, span in dates_in(text):
        if studied is not None and day > studied:
            months = (day - studied).days / 30.44
            yield months, months, span


def _judged(
    given: list[tuple[SectionText, SentenceText]], advice: Advice, category: str, studied: date | None
) -> Iterator[Remark]:
    met = any_advice = False
    wrong: list[Remark] = []
    for pair in given:
        text = pair[1].text
        any_advice = any_advice or bool(_ANY_ADVICE.search(text)) or any(each.search(text) for each in advice.wanted)
        met = met or any(pattern.search(text) for pattern in advice.wanted)
        against: list[Span] = []
        for low, high, span in (*intervals_in(text), *_dates_as_intervals(text, studied)):
            fits = advice.months is not None and low >= advice.months[0] - 0.01 and high <= advice.months[1] + 0.01
            met = met or fits
            if not fits and (advice.months is not None or low >= SHORT_MONTHS):
                against.append(span)
        for pattern in advice.wrong:
            match = pattern.search(text)
            if match and not _fits_yearly(match, advice) and not _denied_before(text, match):
                against.append(match.span())
        if not _ABOUT_OTHERS.search(text) or _ABOUT_SCREENING.search(text):
            wrong += [remark("recommendation", pair, span, stated=category) for span in against]
    if wrong:
        yield wrong[0]
    elif not met:
        message = "recommendation" if any_advice else "recommendation-missing"
        yield remark(message, given[0], stated=category)


def _fits_yearly(match: re.Match[str], advice: Advice) -> bool:
    return match.re is _ANNUAL and advice.months is not None and advice.months[0] <= 12 <= advice.months[1]


def _denied_before(text: str, match: re.Match[str]) -> bool:
    return bool(
        re.search(
            r"\b(?:no|not|without|rather than|instead of)\b[^.;,]{0,30}$|(?:无需|不需|暂不)[^。，;]{0,6}$",
            text[: match.start()],
            _I,
        )
    )


def intervals_in(text: str) -> Iterator[tuple[float, float, tuple[int, int]]]:
    """Every interval of a text in months: (lowest, highest, its characters). Ages and dates are none."""
    for match in _INTERVAL.finditer(text):
        if _AGE.search(text[match.end() :]) or (match["unit"] in ("年", "月") and _DATED.search(text[: match.end()])):
            continue
        unit = match["unit"].lower()
        scale = 12.0 if unit[0] in "y年" else 1 / 4.345 if unit[0] in "w周" else 1 / 30.44 if unit[0] in "d天" else 1.0
        low = _number(match["low"]) * scale
        yield low, _number(match["high"]) * scale if match["high"] else low, match.span()


def _number(words: str) -> float:
    return _NUMBERS[words.lower()] if words.lower() in _NUMBERS else float(words)
