"""Sections without text, answers that are missing, places left open, and words of the other sex."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reports.review.context import Context, remark
from reports.review.types import Remark

_I = re.IGNORECASE
_WORD = re.compile(r"[^\W_]")
_BLANK = re.compile(
    r"_{2,}|\[\s*(?:\.{0,3}|x+|\?+|[a-z ]{0,30}|[\u4e00-\u9fff]{1,8})\s*\]|<[a-z_ ]{1,30}>|\{[^}]{0,30}\}|\bx{2,}\s*(?:mm|cm)\b|\b(?:TODO|TBD|FIXME|lorem)\b|\*{3,}|\?{2,}|待填|待补"
    r"|【\s*】|（\s*）|\(\s*\)|XX+",
    _I,
)
_OF_SEX: Mapping[str, re.Pattern[str]] = {
    "M": re.compile(
        r"\b(?:prostat\w*|testis|testes|testic\w*|scrot\w*|penis|penile|seminal vesicles?|epididym\w*|vas deferens|gyna?ecomastia"
        r"|(?:this|the|a|old|year-old)\s+(?:man|gentleman|male)|male patient|(?-i:Mr\.?\s+(?=[A-Z]))|he|himself|(?<!bundle of )his(?!\s+bundle))\b"
        r"|前列腺|睾丸|精囊|阴茎|阴囊|附睾|男性乳腺发育|男性(?!家属|亲属)|男患者|患者[，,]?男",
        _I,
    ),
    "F": re.compile(
        r"\b(?:uter(?:us|ine)|ovar(?:y|ies|ian)|vagina\w*|vulva\w*|endometri\w*|hysterectom\w*|oophorectom\w*|salping\w*|fallopian"
        r"|adnexa\w*|pregnan\w*|lactati\w*|breast-?feeding|(?:post|peri|pre)-?menopaus\w*|menopaus\w*|menstru\w*|cervix|gravid\w*"
        r"|(?:this|the|a|old|year-old)\s+(?:woman|lady|female)|female patient|(?-i:Mrs\.?|Ms\.?\s+(?=[A-Z]))|she|herself|hers?(?!-?2|2))\b"
        r"|子宫|卵巢|阴道|妊娠|怀孕|孕期|哺乳|绝经|月经|宫颈|附件区|女性(?!家属|亲属)|女患者|患者[，,]?女",
        _I,
    ),
}
# Whose words those can be all the same: relatives.
_RELATIVE = re.compile(
    r"\b(?:mother|father|sister|brother|daughter|son|aunt|uncle|grand\w+|famil\w+|husband|wife|spouse|relatives?|cousin)\b|母亲|父亲|姐|妹|家族|亲属|丈夫|妻",
    _I,
)


def check_text(context: Context) -> Iterator[Remark]:
    for section in context.given.sections:
        if section.required and not any(_WORD.search(sentence.text) for sentence in section.sentences):
            yield Remark("section-missing", "section-missing", section.name)
    for section, sentence in context.sentences():
        match = _BLANK.search(sentence.text)
        if match:
            yield remark("blank", (section, sentence), match.span(), words=match[0])


def check_answers(context: Context) -> Iterator[Remark]:
    for each in context.given.unanswered:
        yield Remark("answer-missing", "answer-missing", each.section, answer=each.key, values={"asked": each.label})


def check_sex(context: Context) -> Iterator[Remark]:
    other = {"M": "F", "F": "M"}.get(context.given.sex)
    if other is None:
        return
    for section, sentence in context.sentences():
        match = _OF_SEX[other].search(sentence.text)
        if match and not _RELATIVE.search(sentence.text):
            yield remark("sex", (section, sentence), match.span(), message=f"sex-{other.lower()}", words=match[0])
