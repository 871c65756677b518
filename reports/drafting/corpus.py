"""The grammar findings are worded by: what the drafting model learns, and all it may say.

A sentence is head + clauses, in one of four styles. Slots (`<size>`) stand where code puts the
finding's own words, so the model chooses wording and order but never a value. The source line
carries the values and, for what is unknown, a control word (`<unmeasured>`).

    source  <lung><s1><type> a solid nodule <place> in the right upper lobe <size> 8.1 mm <slice> slice 80
    target  On <slice>, <type> is marked <place>, mean diameter <size>.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reports.content import ReportContent, all_contents, content_for
from reports.drafting.facts import finding_facts
from reports.drafting.types import SLOTS, STYLES, FindingFacts

CONTROLS = ("unmeasured", "unplaced", *(f"s{style}" for style in range(STYLES)))
DROP_OUT = 0.35

_HEADS = (
    ("there is <type> <place>", "there is <type> at the position marked on the image"),
    ("<type> is marked <place>", "<type> is marked on the image"),
    ("<type> lies <place>", "<type> lies at the position marked on the image"),
    ("the model marks <type> <place>", "the model marks <type> at the position shown on the image"),
)
_SIZES = (
    " with a {kind} of <size>",
    ", {kind} <size>",
    "; it measures <size> in {kind}",
    ", measuring <size> in {kind}",
)
_UNMEASURED = (
    " whose size could not be measured",
    ", size not measured",
    "; its size could not be measured",
    ", which could not be measured",
)
_AXES = (" (<axes>)", " (<axes>)", ", with axes of <axes>", " (axes <axes>)")
_SOLID = (
    ", with a solid component of <solid>",
    ", solid component <solid>",
    ", and its solid component <solid>",
    ", including a solid component of <solid>",
)
_VOLUME = (
    ", with a volume of <volume>",
    ", volume <volume>",
    "; its volume is <volume>",
    ", with a volume of <volume>",
)
_VIEW = (", seen on the <view>", "On the <view>, ", ", visible on the <view>", "On the <view>, ")
_EXTENT = (", extending over <extent>", ", over <extent>", "; it is seen over <extent>", ", present over <extent>")
_SLICE = (", shown on <slice>", "On <slice>, ", ", shown on <slice>", ", on <slice>")
_CHANGED = (
    "; <change> on the prior study, where it measured <prior>",
    "; <change> before: <prior> on the prior study",
    "; it is <change> on the prior study, where it measured <prior>",
    "; <change> on the prior study, which showed <prior>",
)
_BEFORE = (
    "; on the prior study it measured <prior>",
    "; prior study: <prior>",
    "; on the prior study, a finding of this type at this place measured <prior>",
    "; the prior study showed <prior>",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One training pair; `combination` names what was known and the style, for holding out."""

    source: str
    target: str
    combination: str


def controls_of(facts: FindingFacts) -> list[str]:
    """The control words that say what is unknown."""
    words = [] if "size" in facts.slots else ["unmeasured"]
    return words + ([] if "place" in facts.slots else ["unplaced"])


def source_of(facts: FindingFacts, style: int) -> str:
    """The line the model reads."""
    parts = [f"<{facts.programme if facts.programme in programmes() else 'general'}>", f"<s{style % STYLES}>"]
    parts += [f"<{name}> {facts.slots[name]}" for name in SLOTS if name in facts.slots]
    parts += [f"<{word}>" for word in controls_of(facts)]
    return " ".join(parts)


def target_of(facts: FindingFacts, style: int) -> str:
    """The sentence of this grammar for these facts, with slots."""
    style %= STYLES
    have = facts.slots
    lead = "".join(
        clause
        for clause, name in ((_VIEW[style], "view"), (_SLICE[style], "slice"))
        if name in have and clause[0] == "O"
    )
    text = (lead.replace(", On", " and on") if lead.count("On ") > 1 else lead) + _HEADS[style][
        0 if "place" in have else 1
    ]
    text += (_SIZES[style] if "size" in have else _UNMEASURED[style]).replace("{kind}", facts.size_kind)
    for name, clauses in (
        ("axes", _AXES),
        ("solid", _SOLID),
        ("volume", _VOLUME),
        ("view", _VIEW),
        ("extent", _EXTENT),
        ("slice", _SLICE),
    ):
        clause = clauses[style]
        if name in have and clause[0] != "O":
            text += clause
    if "prior" in have:
        text += (_CHANGED if "change" in have else _BEFORE)[style]
    return text + "."


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


def grammar_words() -> frozenset[str]:
    """Every lower-case word a finding's sentence may hold besides the finding's own."""
    texts = [clause for pair in _HEADS for clause in pair]
    for clauses in (_SIZES, _UNMEASURED, _AXES, _SOLID, _VOLUME, _VIEW, _EXTENT, _SLICE, _CHANGED, _BEFORE):
        texts += clauses
    texts += [content.size_kind for content in all_contents().values()]
    return frozenset(
        word for text in texts for word in re.findall(r"[a-z]+", re.sub(r"<[a-z]+>|\{kind\}", " ", text.lower()))
    )


_LUNG = (
    "right upper lobe",
    "right middle lobe",
    "right lower lobe",
    "left upper lobe",
    "left lower lobe",
    "lingula",
    "right lung",
    "left lung",
)
_DETAIL = ("", "", "", ", posterior", ", apical segment", ", subpleural", ", perifissural", ", anterior segment")
_BREAST = (
    "",
    ", upper",
    ", lower",
    ", central",
    ", upper outer quadrant",
    ", lower inner quadrant",
    ", retroareolar",
    ", axillary tail",
)
_BRAIN = (
    "right hemisphere", "left hemisphere", "both hemispheres", "midline", "right frontal lobe", "left temporal lobe", "cerebellum",
    "left parietal region", "right basal ganglia", "left frontal convexity", "right occipital lobe", "brainstem",
)  # fmt: skip


def _location(programme: str | None, chance: random.Random) -> str:
    if programme == "lung":
        return chance.choice(_LUNG) + chance.choice(_DETAIL)
    if programme == "breast":
        return f"{chance.choice(('left', 'right'))} breast{chance.choice(_BREAST)}"
    return chance.choice(_BRAIN)


def sample_finding(content: ReportContent, chance: random.Random, position: int = 1) -> dict[str, Any]:
    """A random finding of a programme with every fact it can have, as `FindingResult.as_json` writes it."""
    size = round(chance.uniform(2, 60), 1)
    attributes: dict[str, Any] = {}
    if content.programme == "brain":
        attributes |= {"volume_ml": round(chance.uniform(0.1, 90), 1), "slices": chance.randint(1, 30)}
        attributes |= {"slice": chance.randint(1, 60)}
    elif content.programme == "breast":
        attributes |= {"views": chance.choice((["CC"], ["MLO"], ["CC", "MLO"])), "side": None}
    else:
        attributes |= {"volume_mm3": chance.randint(20, 15000), "slice": chance.randint(1, 500)}
        if content.programme == "lung" and chance.random() < 0.5:
            attributes["solid_mm"] = round(chance.uniform(1, size), 1)
    attributes |= {"long_axis_mm": round(size * 1.1, 1), "short_axis_mm": round(size * 0.9, 1)}
    attributes["prior_size_mm"] = round(max(1.0, size + chance.choice((-4, -1, 0, 1, 4)) * chance.random() * 2), 1)
    return {
        "id": f"f{position}",
        "type": chance.choice(sorted(content.types) or ["unknown"]),
        "location": _location(content.programme, chance),
        "size_mm": size,
        "probability": round(chance.random(), 3),
        "attributes": attributes,
    }


def drop_out(finding: dict[str, Any], chance: random.Random, rate: float = DROP_OUT) -> dict[str, Any]:
    """The finding with each fact but its id and type left out at `rate`: unknown must stay unknown."""
    kept = {
        key: value for key, value in finding.items() if key not in ("location", "size_mm") or chance.random() >= rate
    }
    kept["attributes"] = {key: value for key, value in finding["attributes"].items() if chance.random() >= rate}
    return kept


def pairs(seed: int, *, rate: float = DROP_OUT) -> Iterator[Pair]:
    """Training pairs without end, the same for the same seed."""
    chance = random.Random(seed)
    contents = [content_for(name) for name in programmes()]
    while True:
        content = chance.choices(contents, weights=[1 if each.programme is None else 3 for each in contents])[0]
        facts = finding_facts(drop_out(sample_finding(content, chance), chance, rate), content)
        style = chance.randrange(STYLES)
        known = ",".join(name for name in SLOTS if name in facts.slots)
        combination = f"{facts.programme}|{known}|s{style}"
        yield Pair(source_of(facts, style), target_of(facts, style), combination)
