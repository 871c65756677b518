"""How findings are worded: heads and clauses of each language and register, and the orders they may stand in.

Every entry is a choice of the style; `{kind}` is what the size means. A head is a pair: with a place, without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reports.drafting.types import HEADS, ORDERS, WORDINGS, FindingFacts

Three = tuple[str, str, str]


@dataclass(frozen=True)
class Grammar:
    """One language's wording in one register. leads: what begins a sentence before its head, for view and slice."""

    heads: tuple[tuple[str, str], ...]
    size: Three
    unmeasured: Three
    axes: Three
    solid: Three
    volume: Three
    view: Three
    extent: Three
    slice: Three
    changed: Three
    before: Three
    leads: Mapping[str, str]
    kinds: Mapping[str, str]
    stop: str

    def clause(self, name: str, wording: int) -> str:
        clauses: Three = getattr(self, name)
        return clauses[wording]


# size stands for itself or for "unmeasured"; what was before always comes last.
CLAUSE_ORDERS = (
    ("size", "axes", "solid", "volume", "view", "extent", "slice"),
    ("size", "axes", "volume", "solid", "extent", "view", "slice"),
    ("view", "extent", "slice", "size", "axes", "solid", "volume"),
    ("size", "axes", "slice", "view", "extent", "volume", "solid"),
)
LEADS = (None, "slice", None, "view")
_EN_LEADS = {"slice": "on <slice>, ", "view": "on the <view>, "}
_EN_KINDS = {"mean diameter": "mean diameter", "long axis": "long axis"}
_ZH_LEADS = {"slice": "<slice>，", "view": "<view>，"}
_ZH_KINDS = {"mean diameter": "平均直径", "long axis": "长径"}
GRAMMARS: Mapping[tuple[str, str], Grammar] = {
    ("en", "full"): Grammar(
        heads=(
            ("there is <type> <place>", "there is <type> at the position marked on the image"),
            ("<type> is marked <place>", "<type> is marked on the image"),
            ("the model marks <type> <place>", "the model marks <type> at the position shown on the image"),
            ("<place> there is <type>", "at the position marked on the image there is <type>"),
        ),
        size=(" with a {kind} of <size>", ", measuring <size> in {kind}", "; its {kind} is <size>"),
        unmeasured=(" whose size could not be measured", ", size not measured", "; its size could not be measured"),
        axes=(" (<axes>)", ", with axes of <axes>", " (axes <axes>)"),
        solid=(
            ", with a solid component of <solid>",
            ", including a solid component of <solid>",
            ", its solid component measuring <solid>",
        ),
        volume=(", with a volume of <volume>", ", volume <volume>", ", occupying a volume of <volume>"),
        view=(", seen on the <view>", ", visible on the <view>", ", identified on the <view>"),
        extent=(", extending over <extent>", ", present over <extent>", ", seen over <extent>"),
        slice=(", shown on <slice>", ", located on <slice>", ", marked on <slice>"),
        changed=(
            "; <change> on the prior study, where it measured <prior>",
            "; it is <change> on the prior study, which showed <prior>",
            "; <change> before, when it measured <prior>",
        ),
        before=(
            "; on the prior study it measured <prior>",
            "; the prior study showed <prior>",
            "; on the prior study, a finding of this type at this place measured <prior>",
        ),
        leads=_EN_LEADS,
        kinds=_EN_KINDS,
        stop=".",
    ),
    ("en", "terse"): Grammar(
        heads=(
            ("<type> <place>", "<type>, position marked on the image"),
            ("<place>: <type>", "marked on the image: <type>"),
            ("<type> marked <place>", "<type> marked on the image"),
            ("<type> seen <place>", "<type> seen at the position marked on the image"),
        ),
        size=(", {kind} <size>", ", <size> in {kind}", ", <size> {kind}"),
        unmeasured=(", size not measured", ", not measured", ", size unknown"),
        axes=(" (<axes>)", ", axes <axes>", ", <axes>"),
        solid=(", solid component <solid>", ", solid part <solid>", ", <solid> solid component"),
        volume=(", volume <volume>", ", <volume>", ", <volume> in volume"),
        view=(", <view>", ", on <view>", ", seen on <view>"),
        extent=(", over <extent>", ", <extent>", ", across <extent>"),
        slice=(", <slice>", ", on <slice>", ", at <slice>"),
        changed=("; <change> before: <prior>", "; <change> on the prior study (<prior>)", "; <change> before, <prior>"),
        before=("; before: <prior>", "; prior study: <prior>", "; previously <prior>"),
        leads={"slice": "<slice>: ", "view": "<view>: "},
        kinds=_EN_KINDS,
        stop=".",
    ),
    ("zh", "full"): Grammar(
        heads=(
            ("<place>见<type>", "图像标记处见<type>"),
            ("<place>可见<type>", "图像标记处可见<type>"),
            ("模型于<place>标出<type>", "模型于图像标记处标出<type>"),
            ("<type>，位于<place>", "<type>，位于图像标记处"),
        ),
        size=("，{kind}为<size>", "，测得{kind}<size>", "，其{kind}<size>"),
        unmeasured=("，大小未能测量", "，其大小无法测量", "，大小未测量"),
        axes=("（<axes>）", "，两径为<axes>", "，径线<axes>"),
        solid=("，其中实性成分<solid>", "，含实性成分<solid>", "，实性成分为<solid>"),
        volume=("，体积为<volume>", "，测得体积<volume>", "，其体积<volume>"),
        view=("，见于<view>", "，<view>可见", "，显示于<view>"),
        extent=("，累及<extent>", "，共见于<extent>", "，范围跨<extent>"),
        slice=("，位于<slice>", "，见于<slice>", "，显示于<slice>"),
        changed=("；<change>，前次为<prior>", "；<change>，前次检查测得<prior>", "；<change>（前次<prior>）"),
        before=("；前次检查为<prior>", "；前次测得<prior>", "；前片同一部位该类型病灶为<prior>"),
        leads=_ZH_LEADS,
        kinds=_ZH_KINDS,
        stop="。",
    ),
    ("zh", "terse"): Grammar(
        heads=(
            ("<place><type>", "图像标记处<type>"),
            ("<place>：<type>", "图像标记处：<type>"),
            ("<place>示<type>", "图像标记处示<type>"),
            ("<type>，<place>", "<type>，图像标记处"),
        ),
        size=("，{kind}<size>", "，<size>", "，{kind}：<size>"),
        unmeasured=("，大小未测", "，未测量", "，大小不详"),
        axes=("（<axes>）", "，<axes>", "，径线：<axes>"),
        solid=("，实性成分<solid>", "，含实性成分<solid>", "，实性部分<solid>"),
        volume=("，体积<volume>", "，<volume>", "，体积：<volume>"),
        view=("，<view>", "，<view>见", "，<view>示"),
        extent=("，<extent>", "，共<extent>", "，跨<extent>"),
        slice=("，<slice>", "，在<slice>", "，<slice>示"),
        changed=("；<change>，前次<prior>", "；<change>（前次<prior>）", "；<change>，前片<prior>"),
        before=("；前次<prior>", "；前片<prior>", "；既往<prior>"),
        leads=_ZH_LEADS,
        kinds=_ZH_KINDS,
        stop="。",
    ),
}


_LATER = {
    " with a {kind} of <size>": ", with a {kind} of <size>",
    " whose size could not be measured": "; its size could not be measured",
}


_SLOT = re.compile(r"<([a-z]+)>")
_UNMEASURED = frozenset(("unmeasured",))


def parts_of(style: int) -> tuple[int, int, int]:
    """The head, the wording and the order of a style; any whole number is one."""
    style %= HEADS * WORDINGS * ORDERS
    return style % HEADS, style // HEADS % WORDINGS, style // (HEADS * WORDINGS)


def sentence(grammar: Grammar, slots: frozenset[str], size_kind: str, style: int) -> str:
    """The sentence of these slots, with slots."""
    head, wording, order = parts_of(style)
    lead = LEADS[order] if LEADS[order] in slots else None
    text = (grammar.leads[lead] if lead else "") + grammar.heads[head][0 if "place" in slots else 1]
    for name in CLAUSE_ORDERS[order]:
        if name == "size":
            clause = grammar.clause("size" if "size" in slots else "unmeasured", wording)
            # Behind another clause, "with" and "whose" would be read as of that.
            later = text.endswith(("<view>", "<extent>", "<slice>"))
            text += _LATER.get(clause, clause) if later else clause
        elif name in slots and name != lead:
            text += grammar.clause(name, wording)
    if "prior" in slots:
        text += grammar.clause("changed" if "change" in slots else "before", wording)
    return text.replace("{kind}", grammar.kinds.get(size_kind, size_kind)) + grammar.stop


@lru_cache(maxsize=4)
def _clauses(language: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, frozenset[str]], ...]]:
    """Leads, heads and (clause, its slots) of a language in every register and wording."""
    names = ("size", "unmeasured", "axes", "solid", "volume", "view", "extent", "slice", "changed", "before")
    leads, heads, clauses = {""}, set(), set()
    for (spoken, _register), grammar in GRAMMARS.items():
        if spoken == language:
            leads |= set(grammar.leads.values())
            heads |= {head for pair in grammar.heads for head in pair}
            found = {grammar.clause(name, wording) for name in names for wording in range(WORDINGS)}
            found |= {_LATER[clause] for clause in found if clause in _LATER}
            clauses |= {clause.replace("{kind}", kind) for clause in found for kind in grammar.kinds.values()}
    return tuple(leads), tuple(heads), tuple((each, frozenset(_SLOT.findall(each)) or _UNMEASURED) for each in clauses)


def is_worded(text: str, facts: FindingFacts) -> bool:
    """Is a sentence with slots made of a lead, a head and clauses of the grammar alone, in any order and mixture?

    What the guard cannot object to, since it states nothing, can still be no sentence ("at 5 mm solid component").
    """
    leads, heads, clauses = _clauses(facts.language)
    wanted = frozenset(facts.slots) | (frozenset() if "size" in facts.slots else _UNMEASURED)
    stop = GRAMMARS[facts.language, "full"].stop

    def ends(at: int, told: frozenset[str]) -> bool:
        if text[at:] == stop:
            return told == wanted
        return any(
            text.startswith(clause, at) and not slots & told and ends(at + len(clause), told | slots)
            for clause, slots in clauses
        )

    return any(
        text.startswith(lead + head) and ends(len(lead + head), frozenset(_SLOT.findall(lead + head)))
        for lead in leads
        for head in heads
    )
