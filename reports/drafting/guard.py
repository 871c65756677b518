"""Reads a drafted text back into facts and compares them with the input: nothing invented, contradicted or left out.

Torch-free, and independent of the model, of the slots and of how a sentence was made: it looks
only at the text. It errs towards refusing; a refused sentence is replaced, never shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from reports.content import content_for
from reports.drafting.corpus import grammar_words
from reports.drafting.facts import study_facts
from reports.drafting.language import PLACE_WORDS, VIEWS, looks_negative
from reports.drafting.study import INCOMPLETE, study_words
from reports.drafting.types import FindingFacts, GuardVerdict, Quantity, StudyFacts

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen several few couple multiple many
single double triple twice thrice once half quarter
"""
_TYPES = """
solid part-solid ground-glass nonsolid subsolid nodule nodules mass masses calcification calcifications asymmetry
distortion haemorrhage hemorrhage intracranial epidural subdural subarachnoid intraparenchymal intraventricular lesion
lesions tumour tumor cyst bleed haematoma hematoma opacity
"""
NUMBER_WORDS = frozenset(_NUMBERS.split())
_TYPE_WORDS = frozenset(_TYPES.split())
# Words that state a location; the rest of PLACE_WORDS ("region", "side") only connects.
_WHERE = PLACE_WORDS - {"near", "level", "side", "part", "region", "zone", "with", "wall", "chest"}
_PRIOR = re.compile(r"\b(?:prior|previous(?:ly)?|before|since|earlier|last time)\b")
_CHANGE = {
    "larger": re.compile(r"\b(?:larger|bigger|grown|grew|growing|growth|increas\w+|enlarg\w+|progress\w+|expanded)\b"),
    "smaller": re.compile(r"\b(?:smaller|shrunk\w*|shr[aiu]nk|decreas\w+|regress\w+|reduc\w+|resol\w+|disappear\w+)\b"),
    "stable": re.compile(
        r"\b(?:stable|unchanged|not changed|without (?:significant )?change|constant|same size|as large as)\b"
    ),
    "new": re.compile(r"\b(?:new|newly|de novo)\b"),
}
_ALLOWED_NEGATION = re.compile(r"size could not be measured|which could not be measured|size not measured")
_NEGATION = re.compile(
    r"\b(?:no|not|without|never|nor|neither|none|absent|free|negative|normal|benign|cannot|unlikely)\b|n't\b"
)
_CATEGORY = re.compile(
    r"\b(?:lung-?rads|bi-?rads|category)\b(?: (?:category|v?\d{4}))*:? ?([0-9][a-cxs]*)?", re.IGNORECASE
)
_NUMBER = re.compile(
    r"(?P<value>[-+−]?\d+(?:[.,]\d+)*)(?:\s*(?P<unit>mm\^?[23]|cm\^?[23]|mm|cm|ml|µm|μm|inch(?:es)?|in\b(?= long)|%|l\b|m\b|µl|cc\b))?"
)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("\u2212", "-").replace("\u2011", "-")


def quantities_in(text: str) -> list[Quantity]:
    """Every number of a finding's sentence, with its unit and the part its surroundings give it."""
    folded = _fold(text)
    cue = _PRIOR.search(folded)
    found: list[Quantity] = []
    for match in _NUMBER.finditer(folded):
        before, after = folded[: match.start()], folded[match.end() :]
        words = match["value"]
        unit = match["unit"] or ""
        value = Decimal(words) if re.fullmatch(r"\d+(?:\.\d+)?", words) else Decimal(-1)
        if cue and match.start() > cue.start():
            role = "prior"
        elif unit in ("mm3", "mm^3", "ml", "cm3", "cm^3", "l", "µl"):
            role = "volume"
        elif re.match(r"\s*×", after) or before.rstrip().endswith("×"):
            role = "axes"
            unit = unit or (re.match(r"\s*×\s*[\d.]+\s*([a-zµμ]+)", after) or [None, ""])[1] or ""
        elif re.search(r"solid component (?:of )?$", before):
            role = "solid"
        elif re.match(r"\s*slices?\b", after) and not unit:
            role = "extent"
        elif re.search(r"\bslices? (?:\d+ to )?$", before) and not unit:
            role = "slice"
        else:
            role = "size" if unit else "other"
        found.append(Quantity(value, unit, role))
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", _fold(text))


def _named(quantity: Quantity) -> str:
    shown = "not a plain number" if quantity.value < 0 else f"{quantity.value} {quantity.unit}".strip()
    return f"{shown} ({quantity.role})"


def _compare(what: str, said: set[str], known: set[str]) -> list[str]:
    reasons = [f"Invented {what}: {word}." for word in sorted(said - known)]
    return reasons + [f"Left out {what}: {word}." for word in sorted(known - said)]


def check_sentence(text: str, facts: FindingFacts) -> list[str]:
    """Everything in which a finding's sentence differs from its facts, one sentence each; [] if nothing.

    Checked: every number with unit and role, type, place, view, comparison, negation, categories,
    what the size means, slots left open, number words, and every other word against the grammar.
    """
    folded = _fold(text)
    words = _words(text)
    reasons: list[str] = []
    said = Counter(quantities_in(text))
    known = Counter(Quantity(each.value, each.unit, each.role) for each in facts.quantities)
    reasons += [f"Invented number: {_named(each)}." for each in sorted(said - known, key=str)]
    reasons += [f"Left out number: {_named(each)}." for each in sorted(known - said, key=str)]
    if any(char.isdigit() and not char.isascii() for char in unicodedata.normalize("NFKC", text)):
        reasons.append("A number is not written in plain digits.")

    own = {name: _words(value) for name, value in facts.slots.items()}
    own_words = {word for values in own.values() for word in values}
    reasons += [f"Number written as a word: {word}." for word in words if word in NUMBER_WORDS - own_words]

    place, kind = set(own.get("place", ())), set(own.get("type", ()))
    reasons += _compare("place", {w for w in words if w in _WHERE} - (kind - place), {w for w in place if w in _WHERE})
    component = "solid component" in folded
    if component and "solid" not in facts.slots:
        reasons.append("Invented solid component.")
    typed = re.sub(r"\bsolid component\b", " ", folded)
    # "finding" is the type of what has none; the grammar's own "a finding of this type" states nothing.
    reasons += _compare(
        "type", {w for w in _words(typed) if w in _TYPE_WORDS} - (place - kind), {w for w in kind if w in _TYPE_WORDS}
    )
    for name in ("place", "type"):
        if name in facts.slots and _fold(facts.slots[name]) not in folded:
            reasons.append(f"The {name} is not said as given.")
    views = {view for view in VIEWS if re.search(rf"\b{view}\b", text)}
    reasons += _compare("view", views, {view for view in VIEWS if view in facts.slots.get("view", "").split()})

    reasons += _check_change(folded, facts)
    if _NEGATION.search(_ALLOWED_NEGATION.sub(" ", folded)):
        reasons.append("A negation that no fact supports.")
    unmeasured = "measured" in folded and ("could not be measured" in folded or "not measured" in folded)
    if unmeasured and "size" in facts.slots:
        reasons.append("Says that the size is unknown, but it is known.")
    if not unmeasured and "size" not in facts.slots:
        reasons.append("Does not say that the size is unknown.")
    reasons += [
        f"Invented meaning of the size: {kind_of_size}."
        for kind_of_size in ("mean diameter", "long axis", "short axis", "radius")
        if kind_of_size in folded and kind_of_size != facts.size_kind
    ]
    if _CATEGORY.search(folded):
        reasons.append("A finding's sentence names a category.")
    if re.search(r"[<>{}\[\]]", text):
        reasons.append("A slot was left open or markup was added.")
    strange = set(words) - _known_words() - own_words - {"mm", "ml"}
    reasons += [f"Unsupported word: {word}." for word in sorted(strange)]
    return list(dict.fromkeys(reasons))


def _check_change(folded: str, facts: FindingFacts) -> list[str]:
    reasons = []
    said = {name for name, pattern in _CHANGE.items() if pattern.search(folded)}
    wanted = {facts.change} if facts.change in _CHANGE else set()
    reasons += _compare("comparison", said, wanted)
    if "prior" not in facts.slots and _PRIOR.search(folded):
        reasons.append("Compares with a prior study that is not known.")
    return reasons


@lru_cache(maxsize=1)
def _known_words() -> frozenset[str]:
    return grammar_words()


def check_study_sentence(text: str, study: StudyFacts) -> list[str]:
    """The same for a sentence about the whole study, whatever its origin."""
    reasons: list[str] = []
    content = content_for(study.programme)
    rest = text
    for quote in sorted((*study.quotes, study.category_rule), key=len, reverse=True):
        if quote:
            rest = re.sub(rf"(?<=[:;] ){re.escape(quote)}(?=[;.])", " ", rest)
    if looks_negative(rest) and not study.may_look_negative and not _states_category(rest, study):
        reasons.append("Looks negative, but the study was not read completely and found below the threshold.")
    for match in _CATEGORY.finditer(rest):
        if match[1] and not (study.may_state_category and match[1].upper() == study.category):
            reasons.append(f"Category {match[1]} is not the one in the input.")
    allowed = {study.category or "", str(study.band or ""), *re.findall(r"\d+", study.prior_date or "")}
    management = content.management.get(study.category or "", "") if study.may_state_category else ""
    allowed |= set(re.findall(r"\d+", management))
    for number in re.findall(r"\d+(?:[.,]\d+)*[A-Za-z]*", _fold(rest).replace("-", " ")):
        if number.upper() not in allowed:
            reasons.append(f"Invented number: {number}.")
    if re.search(r"\bmonths?\b", rest) and (not management or management.rstrip(".") not in rest):
        reasons.append("The recommendation is not the one of the category.")
    words = set(_words(rest))
    density = set(re.findall(r"\b([abcd]),", rest)) if content.composition else set()
    if density - {study.composition or ""}:
        reasons.append("The breast composition is not the one in the input.")
    strange = words - study_words(content) - ({study.composition} if study.composition else set())
    strange -= {(study.category or "").lstrip("01234").lower()}
    reasons += [f"Unsupported word: {word}." for word in sorted(strange)]
    if re.search(r"[<>{}]", rest):
        reasons.append("Markup was added.")
    if study.findings and re.search(r"\bmarked no\b", rest):
        reasons.append("Says that nothing was marked, but there are findings.")
    above, below = "above the model's threshold." in rest, "below the model's threshold." in rest
    if (above and study.below_threshold is not False) or (below and study.below_threshold is not True):
        reasons.append("The threshold is not as in the input.")
    return list(dict.fromkeys(reasons))


def _states_category(text: str, study: StudyFacts) -> bool:
    """Is the category of the input, which may be stated, all that looks negative in it?"""
    without = _CATEGORY.sub(" ", text)
    return study.may_state_category and not looks_negative(without)


def check_study(sections: Mapping[str, Any], study: StudyFacts) -> list[str]:
    """Compare a whole draft ({section: [{"text", "origin", "evidence"}]}) with the checked input."""
    reasons: list[str] = []
    content = content_for(study.programme)
    names = {section.name for section in content.sections}
    by_id: dict[str, list[FindingFacts]] = {}
    for facts in study.findings:
        by_id.setdefault(facts.id, []).append(facts)
    told: Counter[str] = Counter()
    everything = ""
    for name, sentences in sections.items():
        if name not in names:
            reasons.append(f"There is no section named {name}.")
        for sentence in sentences:
            text, evidence = str(sentence.get("text", "")), list(sentence.get("evidence") or ())
            everything += text + "\n"
            if not re.fullmatch(r"(?:model|rule|template):[\w.@-]+", str(sentence.get("origin", ""))):
                reasons.append("A sentence has no origin.")
            unknown = [each for each in evidence if each not in by_id]
            if unknown:
                reasons.append("A sentence rests on a finding that is not in the input.")
            elif evidence and name == content.findings_section:
                same = by_id[evidence[0]]
                faults = [check_sentence(text, facts) for facts in same]
                told[evidence[0]] += 1
                if len(evidence) != 1 or all(faults):
                    fewest = min(faults, key=len)
                    reasons += fewest or ["A finding's sentence rests on several findings."]
            else:
                reasons += check_study_sentence(text, study)
    for identity, same in by_id.items():
        if told[identity] != len(same):
            reasons.append(f"Finding {identity} has {told[identity]} sentences instead of {len(same)}.")
    return list(dict.fromkeys(reasons + _omissions(everything, study)))


def _omissions(text: str, study: StudyFacts) -> list[str]:
    reasons = []
    if not study.was_read and "The AI" not in text:
        reasons.append("Does not say that the AI did not read the study.")
    if study.was_read and "did not read" in text:
        reasons.append("Says that the AI did not read a study that it read.")
    if study.limitations and INCOMPLETE not in text:
        reasons.append("Does not say that the assessment is incomplete.")
    reasons += [f"Left out limitation {n}." for n, limit in enumerate(study.limitations, 1) if limit not in text]
    if study.reason and study.reason not in text:
        reasons.append("Left out the reason.")
    scheme = content_for(study.programme).category_scheme
    if study.may_state_category and f"{scheme} category {study.category}" not in text:
        reasons.append("Left out the category.")
    if study.composition and not re.search(rf"\b{study.composition}, ", text):
        reasons.append("Left out the breast composition.")
    return reasons


def check_report(
    draft: Mapping[str, Any], result: Mapping[str, Any], prior: Mapping[str, Any] | None = None
) -> GuardVerdict:
    """Judge a drafted report (its "sections") against one line of `score --json`.

    Raises `DraftInputError` when the result is none.
    """
    given = prior if prior is not None else result.get("prior")
    reasons = check_study(draft.get("sections", {}), study_facts(result, given))
    return GuardVerdict(not reasons, tuple(reasons))
