"""What a report asks for beside its prose: coded answers, and the sentence each of them writes, in English and 中文.

Pure data and pure functions; a report of one programme lists its `Field`s and `Line`s in its content file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Values = Mapping[str, Any]
Kind = Literal["single", "multi", "number", "text", "computed"]
LANGUAGES = ("en", "zh")
LONGEST_ANSWER = 300
_PLACE = re.compile(r"\{(\w+)(:value)?\}")


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in English and in Chinese."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a coding scheme, named as DICOM does (SCT, RADLEX, LN, DCM). verified: seen in a dictionary of DICOM
    PS3.16 or under the same meaning in several published profiles; False: to be checked before it is relied on."""

    scheme: str
    value: str
    meaning: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One allowed answer. value: what is stored. phrase: what stands for it in a sentence, the label where None."""

    value: str
    label: Words
    phrase: Words | None = None
    code: Code | None = None

    def said(self, language: str) -> str:
        return (self.phrase or self.label).of(language)


@dataclass(frozen=True)
class Field:
    """One thing a report says in a form that machines read.

    section: under whose title it is asked. code: what is asked. unit: UCUM, of a number between low and high
    (both included) written with `digits` decimals. required: a report without it is not complete. when: field →
    answers, all of which must hold for it to be asked at all. per_finding: asked of every finding; its key is then
    "id.findingkey". reads: expressions with one group that find the answer in a sentence.
    computed: worked out by the programme's rule, until a person says otherwise. measured: a number that a person took
    from the images without leaving a mark there, so that the text may name it.
    """

    id: str
    section: str
    label: Words
    kind: Kind
    options: tuple[Option, ...] = ()
    code: Code | None = None
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    digits: int = 0
    required: bool = False
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_finding: bool = False
    reads: tuple[str, ...] = ()
    measured: bool = False

    def option(self, value: object) -> Option | None:
        return next((option for option in self.options if option.value == value), None)

    def said(self, value: object, language: str) -> str:
        """The answer as it stands in a sentence."""
        if self.kind == "number" and isinstance(value, int | float):
            return f"{value:.{self.digits}f}"
        if isinstance(value, list):
            parts = [option.said(language) for option in self.options if option.value in value]
            if language.startswith("zh") or len(parts) < 2:
                return "、".join(parts)
            return f"{', '.join(parts[:-1])} and {parts[-1]}"
        option = self.option(value)
        return option.said(language) if option else str(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence for the answers in `when` (field → allowed answers). text: {field} stands for an answer in words,
    {field:value} for the bare value; what is in square brackets is left out where an answer in it is missing."""

    text: Words
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence that answers write: the first of its rules that fits. per_finding: one for every finding, with {n}
    for its number. of_finding: it says what a draft says of a finding, so a single finding's sentence is this one.
    drafted: origin of the sentence in its section that says the same in a draft, whatever its words and language."""

    id: str
    section: str
    rules: tuple[Rule, ...]
    per_finding: bool = False
    of_finding: bool = False
    drafted: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields its sentence depends on, in order."""
        named: list[str] = []
        for rule in self.rules:
            named += [*rule.when, *(name for name, _bare in _PLACE.findall(rule.text.en))]
        return tuple(dict.fromkeys(name for name in named if name != "n"))


@dataclass(frozen=True, slots=True)
class Computed:
    """What a rule makes of the answers and findings, and its reason as one sentence. value None: nothing follows.

    withdraws: what the AI or a rule answered before has lost its ground, so that it no longer counts."""

    value: str | None
    reason: str = ""
    withdraws: bool = False


# Answers (of computed fields only those a person gave), findings and AI result → computed field → what follows.
Compute = Callable[[Values, Sequence[Mapping[str, Any]], Mapping[str, Any]], Mapping[str, Computed]]
Prefill = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def is_answered(value: object) -> bool:
    return value not in (None, "", [])


def fits(value: object, allowed: Sequence[str]) -> bool:
    """Is the answer, or one of several, among those allowed? "*": any answer; ">0": any number above nought."""
    if not is_answered(value):
        return False
    if ">0" in allowed:
        return isinstance(value, int | float) and value > 0
    given = value if isinstance(value, list) else [value]
    return "*" in allowed or any(str(each) in allowed for each in given)


def is_asked(asked: Field, values: Values, finding: str = "") -> bool:
    """Do the answers it depends on hold? finding: of a field of a finding, which may depend on others of that finding.

    A field is of a finding or of the whole examination, never both, so only one of its two keys can be answered.
    """
    return all(
        fits(values.get(key_of(name, finding), values.get(name)), allowed) for name, allowed in asked.when.items()
    )


def key_of(name: str, finding: str = "") -> str:
    return f"{name}.{finding}" if finding else name


def sentence_of(
    line: Line, fields: Mapping[str, Field], values: Values, language: str, finding: str = "", number: object = ""
) -> str:
    """What the answers write in this line; "" where they write nothing (yet)."""

    def value(name: str) -> Any:
        asked = fields[name]
        given = values.get(key_of(name, finding if asked.per_finding else ""))
        return given if is_asked(asked, values, finding) and is_answered(given) else None

    for rule in line.rules:
        if not all(fits(value(name), allowed) for name, allowed in rule.when.items()):
            continue
        text = _filled(rule.text.of(language), fields, value, language, number)
        if text:
            return text[0].upper() + text[1:]
    return ""


def _filled(
    template: str, fields: Mapping[str, Field], value: Callable[[str], Any], language: str, number: object
) -> str:
    def fill(part: str) -> str | None:
        out = part
        for name, bare in _PLACE.findall(part):
            given = number if name == "n" else value(name)
            if given is None:
                return None
            said = str(given) if bare or name == "n" else fields[name].said(given, language)
            out = out.replace(f"{{{name}{bare}}}", said)
        return out

    kept = "".join(
        (fill(piece[1:-1]) or "") if piece.startswith("[") else piece for piece in re.split(r"(\[[^\]]*\])", template)
    )
    return fill(kept) or ""


def read_answer(asked: Field, text: str, language: str) -> Any:
    """The answer a sentence gives to this field, None where it gives none or more than one."""
    for expression in asked.reads:
        if found := re.search(expression, text, re.IGNORECASE):
            given = found.group(1)
            if asked.kind == "number":
                return float(given)
            return next((each.value for each in asked.options if each.value.lower() == given.lower()), None)
    if asked.kind not in ("single", "computed"):
        return None
    low = text.lower()
    said = [(option.said(language).lower(), option.value) for option in asked.options]
    found_in = [(words, given) for words, given in said if words and words in low]
    # "right and left" holds "left": the longest stands, if it holds all the others.
    longest = max(found_in, key=lambda each: len(each[0]), default=None)
    if longest is None or any(words not in longest[0] for words, _given in found_in):
        return None
    return longest[1]
