"""Finding sets with their truth, and a judge of drafts that uses neither the guard nor the reading of the input.

A set is made here together with the words that its facts must have in each language, from tables of this file alone. A
sentence is right when it is, from its first sign to its last, a head and clauses of the grammar filled with these
words: each known fact exactly once, and "not measured" exactly where the size is unknown. Whatever else stands in it
makes it wrong, so an invented fact cannot pass, whoever worded it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reports.drafting.grammar import GRAMMARS, LEADS

LUNG = (
    ("right upper lobe", "in the right upper lobe", "右肺上叶"),
    ("right middle lobe", "in the right middle lobe", "右肺中叶"),
    ("right lower lobe", "in the right lower lobe", "右肺下叶"),
    ("left upper lobe", "in the left upper lobe", "左肺上叶"),
    ("left lower lobe", "in the left lower lobe", "左肺下叶"),
    ("right upper lobe, subpleural", "in the right upper lobe, subpleural", "右肺上叶（胸膜下）"),
    ("left lower lobe, posterior segment", "in the left lower lobe, posterior segment", "左肺下叶后段"),
)
BREAST = (
    ("left breast, upper outer quadrant", "in the left breast, upper outer quadrant", "左乳外上象限"),
    ("right breast, upper outer quadrant", "in the right breast, upper outer quadrant", "右乳外上象限"),
    ("left breast, lower inner quadrant", "in the left breast, lower inner quadrant", "左乳内下象限"),
    ("right breast, retroareolar", "in the right breast, retroareolar", "右乳乳晕后"),
    ("right breast", "in the right breast", "右乳"),
    ("left breast, upper", "in the left breast, upper", "左乳上部"),
)
BRAIN = (
    ("right hemisphere", "in the right hemisphere", "右侧大脑半球"),
    ("left hemisphere", "in the left hemisphere", "左侧大脑半球"),
    ("left hemisphere, level of the skull base", "in the left hemisphere, level of the skull base", "左侧大脑半球（颅底水平）"),
    ("right frontal lobe", "in the right frontal lobe", "右侧额叶"),
    ("left basal ganglia", "in the left basal ganglia", "左侧基底节区"),
    ("cerebellum", "in the cerebellum", "小脑"),
)  # fmt: skip
PLACES = {"lung": LUNG, "breast": BREAST, "brain": BRAIN}
TYPES = {
    "lung": (
        ("solid_nodule", "a solid nodule", "实性结节"),
        ("part_solid_nodule", "a part-solid nodule", "部分实性结节"),
        ("ground_glass_nodule", "a ground-glass nodule", "磨玻璃结节"),
    ),
    "breast": (
        ("mass", "a mass", "肿块"),
        ("calcifications", "a group of calcifications", "成簇钙化"),
        ("asymmetry", "an asymmetry", "不对称"),
        ("architectural_distortion", "an architectural distortion", "结构扭曲"),
    ),
    "brain": (
        ("subdural_haemorrhage", "subdural haemorrhage", "硬膜下出血"),
        ("epidural_haemorrhage", "epidural haemorrhage", "硬膜外出血"),
        ("intraparenchymal_haemorrhage", "intraparenchymal haemorrhage", "脑实质内出血"),
        ("haemorrhage", "haemorrhage", "出血"),
    ),
}
KINDS = {"lung": ("mean diameter", "平均直径"), "breast": ("long axis", "长径"), "brain": ("long axis", "长径")}
# How the fixed sentence of a finding says it where the grammar has no clause of these words.
FIXED = {
    "en": {"head": "<type> at the position marked on the image", "view": ", on the <view>", "change": "; <change> on the prior study: <prior>"},
    "zh": {"head": "图像标记处<type>", "view": "，<view>", "change": "；<change>，前次<prior>", "extent": "，累及<extent>"},
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """slots: language → slot → the words that must be said."""

    identity: str
    programme: str
    slots: dict[str, dict[str, str]]


@dataclass(frozen=True)
class FindingSet:
    """One study: the line of `score --json`, the truth of its findings, the language and register it is drafted in."""

    result: dict[str, Any]
    truths: list[Truth]
    language: str
    register: str
    negative: bool = field(default=False)


def _finding(programme: str, number: int, chance: random.Random) -> tuple[dict[str, Any], Truth]:
    def known() -> bool:
        return chance.random() < 0.7

    kind, kind_en, kind_zh = chance.choice(TYPES[programme])
    en, zh = {"type": kind_en}, {"type": kind_zh}
    finding: dict[str, Any] = {"id": f"f{number}", "type": kind, "probability": round(chance.random(), 3)}
    given: dict[str, Any] = {}
    place, place_en, place_zh = chance.choice(PLACES[programme])
    if known():
        finding["location"], en["place"], zh["place"] = place, place_en, place_zh
        if programme == "breast" and known():
            hour = given["clock"] = chance.randint(1, 12)
            en["place"], zh["place"] = f"{place_en}, at {hour} o'clock", f"{place_zh}{hour}点钟方向"
    size = chance.randint(21, 600)
    if known():
        finding["size_mm"] = size / 10
        en["size"] = zh["size"] = f"{size // 10}.{size % 10} mm"
    if known():
        long, short = size + chance.randint(1, 40), max(11, size - chance.randint(1, 15))
        given["long_axis_mm"], given["short_axis_mm"] = long / 10, short / 10
        en["axes"] = zh["axes"] = f"{long // 10}.{long % 10} × {short // 10}.{short % 10} mm"
    if programme == "lung" and known():
        solid = chance.randint(10, 200)
        given["solid_mm"] = solid / 10
        en["solid"] = zh["solid"] = f"{solid // 10}.{solid % 10} mm"
    if programme == "lung" and known():
        given["volume_mm3"] = volume = chance.randint(20, 15000)
        en["volume"] = zh["volume"] = f"{volume} mm³"
    if programme == "brain" and known():
        tenths = chance.randint(1, 900)
        given["volume_ml"], about = tenths / 10, chance.random() < 0.5
        given["volume_is_exploratory"] = about
        words = f"{tenths // 10}.{tenths % 10} mL"
        en["volume"], zh["volume"] = (f"about {words}", f"约{words}") if about else (words, words)
    if programme == "brain" and known():
        given["positive_slices"] = count = chance.randint(1, 30)
        en["extent"], zh["extent"] = f"{count} slice{'s' if count > 1 else ''}", f"{count}个层面"
    if programme == "breast" and known():
        views = chance.choice((["CC"], ["MLO"], ["CC", "MLO"]))
        given["views"] = views
        en["view"] = f"{' and '.join(views)} view{'s' if len(views) > 1 else ''}"
        zh["view"] = "和".join(f"{view}位" for view in views)
    if programme != "breast" and known():
        given["slice"] = at = chance.randint(1, 500)
        en["slice"], zh["slice"] = f"slice {at}", f"第{at}层"
    if chance.random() < 0.4:
        before = max(10, size + chance.choice((-60, -30, -15, -14, 0, 9, 15, 16, 40)))
        given["prior_size_mm"] = before / 10
        en["prior"] = zh["prior"] = f"{before // 10}.{before % 10} mm"
        if programme == "lung" and "size" in en:  # grown: by more than 1.5 mm of mean diameter
            grown = size - before
            which = 2 if abs(grown) <= 15 else int(grown < 0)
            en["change"] = ("larger than", "smaller than", "about as large as")[which]
            zh["change"] = ("较前增大", "较前缩小", "较前大小相仿")[which]
    finding["attributes"] = given
    return finding, Truth(f"f{number}", programme, {"en": en, "zh": zh})


def finding_set(programme: str, seed: int) -> FindingSet:
    """0 to 12 findings, read, refused or incomplete, with or without a category: the same for the same seed."""
    chance = random.Random(f"{programme} {seed}")
    state = chance.choices(("scored", "refused", "failed"), (92, 5, 3))[0]
    made = [_finding(programme, n + 1, chance) for n in range(chance.randint(0, 12) if state == "scored" else 0)]
    limits = chance.choices(
        ([], ["slices are uneven"], ["left CC view is missing", "right MLO view is missing"]), (8, 1, 1)
    )[0]
    above = bool(made) or chance.random() < 0.3
    result = {
        "study_uid": f"1.2.826.{seed}",
        "programme": programme,
        "state": state,
        "reason": None if state == "scored" else "the series is a scout view",
        "limitations": limits if state == "scored" else [],
        "above_threshold": above if state == "scored" else None,
        "category": chance.choice(("2", "3", "4A", "4B")) if programme == "lung" and made else None,
        "band": chance.randint(1, 10) if programme == "breast" and state == "scored" else None,
        "findings": [finding for finding, _truth in made],
        "attributes": {"density": chance.choice("abcd")} if programme == "breast" and state == "scored" else {},
    }  # fmt: skip
    negative = state == "scored" and not above and not limits
    return FindingSet(
        result, [truth for _finding, truth in made], chance.choice(("en", "zh")), chance.choice(("full", "terse")), negative
    )  # fmt: skip


@lru_cache(maxsize=4)
def _inventory(language: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """(leads, (part, words)) of both registers; part: "placed", "unplaced", "clause"."""
    leads, parts = {""}, set()
    for (spoken, _register), grammar in GRAMMARS.items():
        if spoken != language:
            continue
        leads |= {grammar.leads[name] for name in LEADS if name}
        for placed, unplaced in grammar.heads:
            parts |= {("placed", placed), ("unplaced", unplaced)}
        for name in ("size", "unmeasured", "axes", "solid", "volume", "view", "extent", "slice", "changed", "before"):
            parts |= {("clause", grammar.clause(name, wording)) for wording in range(3)}
    parts |= {("clause", ", with a {kind} of <size>")}
    fixed = FIXED[language]
    parts |= {("unplaced", fixed["head"])} | {("clause", words) for name, words in fixed.items() if name != "head"}
    return tuple(leads), tuple(sorted(parts))


def is_right(text: str, truth: Truth, language: str) -> bool:
    """Is the sentence made of heads and clauses filled with the truth, every fact of it exactly once?"""
    slots = truth.slots[language]
    kind = KINDS[truth.programme][language == "zh"]
    leads, parts = _inventory(language)
    folded = text[:1].lower() + text[1:]
    folded = folded if language == "zh" else folded.replace("； ", "; ")

    def filled(words: str) -> tuple[str, frozenset[str]] | None:
        names = re.findall(r"<([a-z]+)>", words)
        if any(name not in slots for name in names):
            return None
        said = re.sub(r"<([a-z]+)>", lambda slot: slots[slot.group(1)], words.replace("{kind}", kind))
        extra = {"unmeasured"} if not names else set()
        return said[:1].lower() + said[1:] if said[:1].isupper() else said, frozenset({*names, *extra})

    known = frozenset(slots) | (frozenset() if "size" in slots else {"unmeasured"})
    clauses = [each for part, words in parts if part == "clause" and (each := filled(words))]
    heads = [
        each for part, words in parts if part == ("placed" if "place" in slots else "unplaced") and (each := filled(words))
    ]  # fmt: skip
    heads = [(said, names - {"unmeasured"}) for said, names in heads]
    stop = "。" if language == "zh" else "."

    def ends(at: int, told: frozenset[str]) -> bool:
        if folded[at:] == stop:
            return told == known
        return any(
            folded.startswith(said, at) and not names & told and ends(at + len(said), told | names)
            for said, names in clauses
        )

    for lead in leads:
        start = filled(lead) if lead else ("", frozenset())
        if start is None or not folded.startswith(start[0]):
            continue
        led = start[1] - {"unmeasured"}
        for said, names in heads:
            for first in {said, said[:1].upper() + said[1:]} if start[0] else {said}:
                if folded.startswith(first, len(start[0])) and ends(len(start[0]) + len(first), names | led):
                    return True
    return False
