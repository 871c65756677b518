"""The fixed sentence of a finding: used when there is no model, or the guard refused its sentence."""

from __future__ import annotations

from reports.drafting.chinese import SIZE_KINDS
from reports.drafting.types import FindingFacts

ORIGIN = "template:finding"
UNCHECKED = {"en": "A finding is marked on the image.", "zh": "图像上标记有一处病灶。"}


def template_sentence(facts: FindingFacts) -> str:
    """Every fact of the finding, always in the same order, in the language of its words."""
    return _chinese(facts) if facts.language == "zh" else _english(facts)


def _english(facts: FindingFacts) -> str:
    have = facts.slots
    text = f"{have.get('type', 'a finding')} {have.get('place', 'at the position marked on the image')}"
    text += f", {facts.size_kind} {have['size']}" if "size" in have else ", size not measured"
    text += f" ({have['axes']})" if "axes" in have else ""
    for name, before in (
        ("solid", "solid component "),
        ("volume", "volume "),
        ("view", "on the "),
        ("extent", "over "),
    ):
        text += f", {before}{have[name]}" if name in have else ""
    text += f", on {have['slice']}" if "slice" in have else ""
    if "prior" in have:
        text += (
            f"; {have['change']} on the prior study: {have['prior']}"
            if "change" in have
            else f"; prior study: {have['prior']}"
        )
    return f"{text[:1].upper()}{text[1:]}."


def _chinese(facts: FindingFacts) -> str:
    have = facts.slots
    text = f"{have.get('place', '图像标记处')}{have.get('type', '病灶')}"
    text += f"，{SIZE_KINDS.get(facts.size_kind, '大小')}{have['size']}" if "size" in have else "，大小未测量"
    text += f"（{have['axes']}）" if "axes" in have else ""
    for name, before in (("solid", "实性成分"), ("volume", "体积"), ("view", ""), ("extent", "累及"), ("slice", "")):
        text += f"，{before}{have[name]}" if name in have else ""
    if "prior" in have:
        text += f"；{have['change']}，前次{have['prior']}" if "change" in have else f"；前次{have['prior']}"
    return f"{text}。"
