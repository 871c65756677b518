"""True drafts in the bank's own words, each line kept beside the claims it makes, and a judge of those claims."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from reports.content import content_for
from tests.drafting.hostile.studies import Case

HERE = Path(__file__).parent
ORIGIN = "model:bank@1"
SLOT = re.compile(r"\{(\w+)\}")
# the facts that each slot shows
SHOWS = {
    "type": ("type",),
    "place": ("place",),
    "size": ("size",),
    "axes": ("long", "short"),
    "solid": ("solid",),
    "volume": ("volume",),
    "slice": ("slice",),
    "extent": ("extent",),
    "view": ("view",),
    "prior": ("prior",),
    "change": ("change",),
}
ABOUT_FINDINGS = ("finding", "solid", "comparison")


@dataclass(frozen=True)
class Bank:
    """The phrases of one language."""

    language: str
    phrases: dict[str, Any]

    def words(self, kind: str, key: str) -> list[str]:
        return list(self.phrases["words"][kind][key])


def load_bank(language: str) -> Bank:
    """language: "en" or "zh"."""
    return Bank(language, json.loads((HERE / f"phrases_{language}.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Line:
    """One sentence or two of a draft, with what it claims.

    role: finding, solid, comparison, count, category, recommendation, limitation, not_read, negative, composition,
    technique, or extra (says something of no finding). about: id of the finding. facts: what the words state.
    words: the chosen words of slots that have several. shown: surface forms laid over a slot. denies: the line says
    that the finding is not there.
    """

    role: str
    section: str
    template: str
    about: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    unit: str = "mm"
    sign: str = "×"
    joined: bool = False
    denies: bool = False


def length(value: float, unit: str) -> str:
    """A length in mm as the writer puts it, in mm or in cm."""
    return f"{value:.1f} mm" if unit == "mm" else f"{value / 10:.2f} cm"


def _value(line: Line, slot: str, programme: str) -> str:
    facts = line.facts
    if slot in line.shown:
        return line.shown[slot]
    if slot in line.words:
        return line.words[slot]
    if slot in ("size", "solid", "prior"):
        return length(facts[slot], line.unit)
    if slot == "axes":
        return f"{facts['long']:.1f} {line.sign} {facts['short']:.1f} mm"
    if slot == "volume":
        return f"{facts['volume']} mm³" if programme == "lung" else f"{facts['volume']:.1f} mL"
    return str(facts[slot])


def text_of(line: Line, programme: str) -> str:
    """The words of one line."""

    def put(match: re.Match[str]) -> str:
        slot = match.group(1)
        value = _value(line, slot.lower() if slot[0].isupper() else slot, programme)
        return value[:1].upper() + value[1:] if slot[0].isupper() else value

    text = SLOT.sub(put, line.template)
    return re.sub(r"\b([Aa]) (?=[aeiou])(?!one)", r"\1n ", text)


def as_draft(lines: Iterable[Line], programme: str) -> dict[str, Any]:
    """The draft as `check_report` takes it; a joined line continues the sentence before it."""
    sections: dict[str, list[dict[str, Any]]] = {each.name: [] for each in content_for(programme).sections}
    for line in lines:
        text = text_of(line, programme)
        into = sections[line.section]
        if line.joined and into and tuple(into[-1]["evidence"]) == line.evidence:
            into[-1]["text"] += ("" if text.startswith((",", ",")) or not text.isascii() else " ") + text
        else:
            into.append({"text": text, "origin": ORIGIN, "evidence": list(line.evidence)})
    return {"sections": sections}


def _slots(template: str) -> set[str]:
    return {slot.lower() for slot in SLOT.findall(template)}


def slots_shown(line: Line) -> set[str]:
    return _slots(line.template)


def finding_line(rng: Random, bank: Bank, case: Case, about: str, template: str, role: str, section: str) -> Line:
    """A line about one finding that shows exactly the facts of its template."""
    known = case.facts[about]
    facts = {fact: known[fact] for slot in _slots(template) for fact in SHOWS[slot]}
    words = {}
    if "type" in facts:
        words["type"] = rng.choice(bank.words("types", facts["type"]))
    if "place" in facts:
        words["place"] = rng.choice(bank.words("places", facts["place"]))
    if "change" in facts:
        words["change"] = rng.choice(bank.words("changes", facts["change"]))
    return Line(role, section, template, about, facts, words, evidence=(about,))


def _study_lines(rng: Random, bank: Bank, case: Case) -> list[Line]:
    phrases, result, content = bank.phrases, case.result, content_for(case.programme)
    closing = content.assessment_section
    found = content.findings_section
    if result["state"] != "scored":
        template = rng.choice(phrases["not_read"])
        return [Line("not_read", found, template, facts={"not_read": True}, shown={"reason": result["reason"]})]
    lines = []
    if not case.facts and not result["limitations"]:
        lines.append(Line("negative", found, rng.choice(phrases["negative"][case.programme]), facts={"negative": True}))
    if case.facts:
        count = len(case.facts)
        words = {
            "count": rng.choice(bank.words("counts", str(count))),
            "noun": bank.words("nouns", case.programme)[count > 1],
        }
        template = rng.choice(phrases["count"][case.programme])
        lines.append(Line("count", closing, template, None, {"count": count}, words, evidence=tuple(case.facts)))
    for limitation in result["limitations"]:
        template = rng.choice(phrases["limitation"])
        lines.append(Line("limitation", closing, template, None, {"limitation": limitation}))
    category = result["category"]
    if category in phrases["recommendation"]:
        lines.append(Line("category", closing, rng.choice(phrases["category"]), None, {"category": category}))
        template = rng.choice(phrases["recommendation"][category])
        section = content.recommendation_section or closing
        lines.append(Line("recommendation", section, template, None, {"recommendation": category}))
    density = result["attributes"].get("density")
    if density and content.composition_section:
        template = rng.choice(bank.words("composition", density))
        lines.append(Line("composition", content.composition_section, template, None, {"composition": density}))
    return lines


def true_lines(rng: Random, bank: Bank, case: Case, needs: Iterable[str] = ()) -> list[Line]:
    """A draft that says what the input says. `needs`: slots that the first finding's sentence must show if it can."""
    phrases, content = bank.phrases, content_for(case.programme)
    lines = [Line("technique", content.technique_section, content.technique)] if bank.language == "en" else []
    unit, sign = rng.choice(("mm", "mm", "mm", "cm")), rng.choice(("×", "x", "by" if bank.language == "en" else "×"))
    wanted = set(needs)
    for number, about in enumerate(case.facts):
        choices = [each for each in phrases["finding"][case.programme] if number or wanted <= _slots(each)]
        template = rng.choice(choices or phrases["finding"][case.programme])
        section = content.findings_section
        made = [finding_line(rng, bank, case, about, template, "finding", section)]
        known = case.facts[about]
        for slot in ("solid", "prior"):
            if slot in known:
                role = "solid" if slot == "solid" else "comparison"
                extra = finding_line(rng, bank, case, about, rng.choice(phrases[role]), role, section)
                made.append(replace(extra, joined=True))
        lines += [replace(each, unit=unit, sign=sign) for each in made]
    return lines + _study_lines(rng, bank, case)


def differences(lines: Iterable[Line], case: Case) -> list[str]:
    """Everything the lines claim that the input does not say, and what they leave out; [] for a true draft."""
    lines = list(lines)
    wrong = []
    for line in lines:
        if line.role == "extra":
            wrong.append(f"invented: {line.template}")
        elif line.role in ABOUT_FINDINGS:
            wrong += _finding_differences(line, case)
        elif line.role != "technique":
            wrong += [f"{fact} is {value}" for fact, value in line.facts.items() if not _holds(case, fact, value)]
    said = {line.about for line in lines if line.role == "finding" and not line.denies}
    wrong += [f"{about} is left out" for about in case.facts if about not in said]
    limits = {line.facts.get("limitation") for line in lines if line.role == "limitation"}
    wrong += [f"limitation left out: {each}" for each in case.result["limitations"] if each not in limits]
    if case.result["state"] != "scored" and not any(line.role == "not_read" for line in lines):
        wrong.append("does not say that it was not read")
    return wrong


def _finding_differences(line: Line, case: Case) -> list[str]:
    known = case.facts.get(line.about or "")
    if known is None:
        return [f"{line.about} is no finding of the study"]
    if line.denies:
        return [f"{line.about} is denied"]
    wrong = [f"{fact} is {value}" for fact, value in line.facts.items() if known.get(fact) != value]
    return wrong + ([f"evidence {line.evidence}"] if line.evidence != (line.about,) else [])


def _holds(case: Case, fact: str, value: Any) -> bool:
    result = case.result
    scored = result["state"] == "scored"
    if fact == "count":
        return scored and bool(value == len(case.facts))
    if fact in ("category", "recommendation"):
        return scored and bool(value == result["category"])
    if fact == "limitation":
        return value in result["limitations"]
    if fact == "not_read":
        return not scored
    if fact == "negative":
        return scored and not case.facts and not result["limitations"]
    return bool(value == result["attributes"].get("density"))
