"""The fixed sentence of a finding: used when there is no model, or the guard refused its sentence."""

from __future__ import annotations

from reports.drafting.types import FindingFacts

ORIGIN = "template:finding"
UNCHECKED = "A finding is marked on the image."


def template_sentence(facts: FindingFacts) -> str:
    """Every fact of the finding, always in the same order."""
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
