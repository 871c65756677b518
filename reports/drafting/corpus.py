"""What the drafting model reads and learns to write.

A finding's sentence has slots (`<size>`) where code puts the finding's own words, so the model
chooses wording and order but never a value; it is not even told one. Its source names the programme, the
language, the style, which facts there are and which are unknown, one token each.

    source  <lung> <en> <full> <h3> <w0> <o1> <type> <place> <size> <slice>
    target  on <slice>, <place> there is <type> with a mean diameter of <size>.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reports.content import all_contents, content_for
from reports.drafting.facts import finding_facts
from reports.drafting.grammar import GRAMMARS, parts_of, sentence
from reports.drafting.sampling import DROP_OUT, drop_out, sample_finding
from reports.drafting.types import HEADS, LANGUAGES, ORDERS, REGISTERS, SLOTS, STYLES, WORDINGS, FindingFacts

__all__ = [
    "DROP_OUT", "Pair", "combination_of", "controls_of", "drop_out", "fill", "pairs", "plain_source_of", "programmes",
    "sample_finding", "source_of", "special_tokens", "style_name", "target_of",
]  # fmt: skip

CONTROLS = (
    *("unmeasured", "unplaced"),
    *LANGUAGES,
    *REGISTERS,
    *(f"h{head}" for head in range(HEADS)),
    *(f"w{wording}" for wording in range(WORDINGS)),
    *(f"o{order}" for order in range(ORDERS)),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One training pair. combination: what was known and how it is worded; style: how alone. Both for holding out."""

    source: str
    target: str
    combination: str
    style: str


def controls_of(facts: FindingFacts) -> list[str]:
    """The control words that say what is unknown."""
    words = [] if "size" in facts.slots else ["unmeasured"]
    return words + ([] if "place" in facts.slots else ["unplaced"])


def style_name(facts: FindingFacts, style: int, register: str = "full") -> str:
    """ "en|full|h0|w2|o1" """
    head, wording, order = parts_of(style)
    return f"{facts.language}|{register}|h{head}|w{wording}|o{order}"


def combination_of(facts: FindingFacts, style: int, register: str = "full") -> str:
    known = ",".join(name for name in SLOTS if name in facts.slots)
    return f"{facts.programme}|{known}|{style_name(facts, style, register)}"


def _programme(facts: FindingFacts) -> str:
    return facts.programme if facts.programme in programmes() else "general"


def source_of(facts: FindingFacts, style: int, register: str = "full") -> str:
    """The line the shipped model reads."""
    words = [_programme(facts), *style_name(facts, style, register).split("|")]
    words += [name for name in SLOTS if name in facts.slots]
    return " ".join(f"<{word}>" for word in (*words, *controls_of(facts)))


def plain_source_of(facts: FindingFacts, register: str = "full") -> str:
    """The line a site's own model reads: the same facts with their words.

    "lung | en | full | type: a solid nodule | place: in the right upper lobe | size (mean diameter): 8.1 mm"
    """
    parts = [_programme(facts), facts.language, register]
    for name in SLOTS:
        if name in facts.slots:
            parts.append(f"{f'size ({facts.size_kind})' if name == 'size' else name}: {facts.slots[name]}")
    return " | ".join([*parts, *controls_of(facts)])


def target_of(facts: FindingFacts, style: int, register: str = "full") -> str:
    """The sentence of the grammar for these facts, with slots."""
    return sentence(GRAMMARS[facts.language, register], frozenset(facts.slots), facts.size_kind, style)


def programmes() -> tuple[str, ...]:
    """Programme words of the source, "general" for none."""
    return tuple(sorted(name or "general" for name in all_contents()))


def special_tokens() -> list[str]:
    """Slots, controls and programmes: one token each."""
    return [f"<{word}>" for word in (*SLOTS, *CONTROLS, *programmes())]


def fill(text: str, facts: FindingFacts) -> str:
    """Put the finding's words into the slots; a slot without words stays and the guard refuses it."""
    filled = re.sub(r"<([a-z]+)>", lambda slot: facts.slots.get(slot.group(1), slot.group(0)), text)
    return filled[:1].upper() + filled[1:]


# From findings with every fact to those with next to none: each as common, so that neither is strange to the model.
DROP_OUTS = (0.0, 0.15, DROP_OUT, 0.6)


def pairs(seed: int) -> Iterator[Pair]:
    """Training pairs without end, the same for the same seed."""
    chance = random.Random(seed)
    contents = [content_for(name) for name in programmes()]
    while True:
        content = chance.choices(contents, weights=[1 if each.programme is None else 3 for each in contents])[0]
        given = drop_out(sample_finding(content, chance), chance, chance.choice(DROP_OUTS))
        facts = finding_facts(given, content, language=chance.choice(LANGUAGES))
        style, register = chance.randrange(STYLES), chance.choice(REGISTERS)
        yield Pair(
            source_of(facts, style, register),
            target_of(facts, style, register),
            combination_of(facts, style, register),
            style_name(facts, style, register),
        )
