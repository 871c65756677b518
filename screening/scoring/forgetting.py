"""What a result says of an earlier study, taken out of it when that study is erased.

Pure. The category and the word for what became of a nodule (new, stable, growing) stay: they are this study's own
result, and what a reader acted on. What was measured on the earlier study, when, and what quotes it goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]
# Names of attributes and of reasons that are made of two studies' measurements.
MADE_OF_BOTH = ("prior_size_mm", "growth_mm", "doubling_days", "doubling_basis")
REASONS = ("growth", "change", "doubling_time", "months")
KEPT = ("status", "solid_change")
_QUOTED = re.compile(r" It measured [\d.]+ mm -?\d+ days before\.")


def without_study(result: Facts, study_uid: str, day: str) -> dict[str, Any] | None:
    """A line of `score --json` without what it holds of an earlier study; None where it holds nothing of it.

    day: that study's date (ISO), "" where unknown, by which trails over several examinations name it.
    """
    attributes = dict(result.get("attributes") or {})
    changed = (attributes.get("compared_with") or {}).get("study_uid") == study_uid
    findings = []
    for each in result.get("findings") or ():
        kept = finding_without_study(each.get("attributes") or {}, study_uid, day)
        findings.append(each if kept is None else {**each, "attributes": kept})
        changed = changed or kept is not None
    if not changed:
        return None
    if (attributes.get("compared_with") or {}).get("study_uid") == study_uid:
        attributes |= {"compared_with": {"erased": True, "complete": attributes["compared_with"].get("complete")}}
        attributes.pop("resolved", None)
    found = {**result, "findings": findings, "attributes": attributes}
    if isinstance(result.get("category_rule"), str):
        found["category_rule"] = _QUOTED.sub("", result["category_rule"])
    return found


def finding_without_study(attributes: Facts, study_uid: str, day: str) -> dict[str, Any] | None:
    """The attributes of one finding without it; None where they hold nothing of it."""
    history = attributes.get("history")
    if not isinstance(history, Mapping):
        return None
    trail = [step for step in history.get("trail") or () if not day or step.get("date") != day]
    if history.get("prior_study_uid") != study_uid:
        if len(trail) == len(history.get("trail") or ()):
            return None
        return {**attributes, "history": {**history, "trail": trail}}
    told = {name: history[name] for name in KEPT if name in history}
    kept = {name: value for name, value in attributes.items() if name not in MADE_OF_BOTH}
    kept["history"] = {**told, "erased": True, "trail": trail}
    if "reasons" in kept:
        kept["reasons"] = [each for each in kept["reasons"] if each.get("name") not in REASONS]
    return kept
