"""Reads a drafted text back into facts and compares them with the input: nothing invented, contradicted or left out.

Torch-free, and independent of the model, of the slots and of how a sentence was made: it looks
only at the text (`reading`). It errs towards refusing; a refused sentence is replaced, never shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reports.content import content_for
from reports.drafting.facts import study_facts
from reports.drafting.language import looks_negative
from reports.drafting.lexicon import IMPLIED, KIND_CODES
from reports.drafting.reading import IDEOGRAPH, Reading, fold, read
from reports.drafting.study import INCOMPLETE, every_wording, study_words
from reports.drafting.types import FindingFacts, GuardVerdict, Quantity, StudyFacts

_CATEGORY = re.compile(
    r"\b(?:lung-?rads|bi-?rads|category)\b(?: (?:category|v?\d{4}))*:? ?([0-9][a-cxs]*)?", re.IGNORECASE
)

# What names a breast composition, however it is worded.
DENSITIES = {
    "a": re.compile(r"\bfatty\b|脂肪"),
    "b": re.compile(r"\bscattered\b|散在"),
    "c": re.compile(r"\bheterogeneous\w*|不均匀"),
    "d": re.compile(r"\bextremely\b|极度"),
}


def quantities_in(text: str) -> list[Quantity]:
    """Every number of a finding's sentence, with its unit and the part its surroundings give it."""
    return list(read(text).quantities)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", fold(text))


def _named(quantity: Quantity) -> str:
    shown = "not a plain number" if quantity.value < 0 else f"{quantity.value} {quantity.unit}".strip()
    return f"{shown} ({quantity.role})"


def _compare(what: str, said: set[str], known: set[str]) -> list[str]:
    reasons = [f"Invented {what}: {word}." for word in sorted(said - known)]
    return reasons + [f"Left out {what}: {word}." for word in sorted(known - said)]


def check_sentence(text: str, facts: FindingFacts) -> list[str]:
    """Everything in which a finding's sentence differs from its facts, one sentence each; [] if nothing.

    The sentence may be English or Chinese and worded by anyone. Checked: every number with unit and part, kind,
    place, view, comparison, negation, categories, counts, what the size means, slots left open, and words that
    state what the facts do not.
    """
    found, meant = read(text), facts.meant
    reasons = _check_numbers(found, facts)
    reasons += _check_codes(found, facts)
    reasons += _compare("view", found.views, set(re.findall(r"[A-Z]{2,4}", meant.get("view", ""))))
    reasons += _compare("comparison", found.changes, {facts.change} if facts.change else set())
    if "prior" not in meant and found.prior:
        reasons.append("Compares with a prior study that is not known.")
    if found.component and "solid" not in meant:
        reasons.append("Invented solid component.")
    if found.unmeasured and "size" in meant:
        reasons.append("Says that the size is unknown, but it is known.")
    if not found.unmeasured and "size" not in meant:
        reasons.append("Does not say that the size is unknown.")
    if "about" in meant.get("volume", "") and not found.about:
        reasons.append("Does not say that the volume is approximate.")
    own = {problem for name in ("type", "place") if name in meant for problem in read(meant[name]).problems}
    reasons += [problem for problem in found.problems if problem not in own]
    return list(dict.fromkeys(reasons))


def _in_base_unit(quantity: Quantity) -> Quantity:
    """0.81 cm is 8.1 mm, and 1 cm³ is 1 mL."""
    unit, factor = {"cm": ("mm", 10), "cm3": ("ml", 1)}.get(quantity.unit, (quantity.unit, 1))
    return Quantity((quantity.value * factor).normalize(), unit, quantity.role) if quantity.value > 0 else quantity


def _check_numbers(found: Reading, facts: FindingFacts) -> list[str]:
    shown = {_in_base_unit(each): each for each in (*facts.quantities, *found.quantities)}
    said, known = (Counter(map(_in_base_unit, each)) for each in (found.quantities, facts.quantities))
    axes = sorted(each.value for each in facts.quantities if each.role == "axes")
    reasons = []
    for kind, given in found.sizes:
        value = _in_base_unit(given) if given else None
        if kind == facts.size_kind:
            continue
        part = {"long axis": axes[-1:], "short axis": axes[:1]}.get(kind, [])
        if value is None or part != [value.value]:
            reasons.append(f"Invented meaning of the size: {kind}.")
        else:
            said[value] -= 1
            said[Quantity(value.value, value.unit, "axes")] += 1
    said = +said
    reasons += [f"Invented number: {_named(shown.get(each, each))}." for each in sorted(said - known, key=str)]
    reasons += [f"Left out number: {_named(shown.get(each, each))}." for each in sorted(known - said, key=str)]
    in_text = [_in_base_unit(each).value for each in found.quantities if each.role == "axes"]
    if sorted(in_text) == sorted(axes) and in_text != [
        _in_base_unit(each).value for each in facts.quantities if each.role == "axes"
    ]:
        reasons.append("The axes stand in another order.")
    return reasons


def _check_codes(found: Reading, facts: FindingFacts) -> list[str]:
    """Places and kinds, which share words ("subdural"): what is said together against what is known together."""
    kinds, places = (read(facts.meant.get(name, "")).codes - IMPLIED for name in ("type", "place"))
    said = found.codes - IMPLIED
    if "lingula" in places and "left" not in places:
        said = said - {"left"}  # there is no other
    if {"middle", "lobe"} <= said and "left" not in said:
        said = said | {"right"} & places
    nouns = KIND_CODES
    reasons = [f"Invented {'type' if code in nouns else 'place'}: {code}." for code in sorted(said - kinds - places)]
    reasons += [f"Left out type: {code}." for code in sorted(kinds - said)]
    reasons += [f"Left out place: {code}." for code in sorted(places - said)]
    if kinds - said:
        reasons.append("The type is not said as given.")
    if places - said:
        reasons.append("The place is not said as given.")
    return reasons


def check_study_sentence(text: str, study: StudyFacts) -> list[str]:
    """The same for a sentence about the whole study, whatever its origin."""
    if any(text in wording for wording in every_wording(study)):
        return []
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
    for number in re.findall(r"\d+(?:[.,]\d+)*[A-Za-z]*", fold(rest).replace("-", " ")):
        if number.upper() not in allowed:
            reasons.append(f"Invented number: {number}.")
    if re.search(r"\bmonths?\b|\brefer|转诊|转临床|个月", fold(rest)) and (
        not management or management.rstrip(".") not in rest
    ):
        reasons.append("The recommendation is not the one of the category.")
    words = set(_words(rest))
    density = set(re.findall(r"\b([abcd]),", rest)) if content.composition else set()
    density |= {code for code, cue in DENSITIES.items() if content.composition and cue.search(fold(rest))}
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
    # No model words these, so whatever the rules did not write is somebody else's.
    return list(dict.fromkeys([*reasons, "Not a sentence that the rules write for this study."]))


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
    if study.was_read and "did not read" in text:
        reasons.append("Says that the AI did not read a study that it read.")
    missing = [[each for each in wording if each not in text] for wording in every_wording(study)]
    if not all(missing):
        return reasons
    reasons += [f"Left out limitation {n}." for n, limit in enumerate(study.limitations, 1) if limit not in text]
    if IDEOGRAPH.search(text):
        return [
            *reasons,
            *(
                f"Left out about the study: {each}"
                for each in sorted(sorted(missing, key=lambda wording: len(wording))[0])
            ),
        ]
    if not study.was_read and "The AI" not in text:
        reasons.append("Does not say that the AI did not read the study.")
    if study.limitations and INCOMPLETE not in text:
        reasons.append("Does not say that the assessment is incomplete.")
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
