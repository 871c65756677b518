"""Findings as the page shows them: what the AI found, what a reader made of it, and what readers added."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from reports.selectors.reasons import finding_reasons
from screening.models import Finding, RejectReason, ScoreRun
from screening.selectors.measuring import Decided, decision_json
from screening.selectors.phrases import FINDING_TYPES, finding_type
from screening.selectors.places import place_words
from screening.states import FindingState

CORRECTED = ("type", "location", "size_mm", "series_uid", "sop_uid", "frame", "box")


def findings_json(decided: list[Decided], run: ScoreRun | None) -> list[dict[str, Any]]:
    """Every finding with the values that count now; what the AI said of a corrected one stands under "ai"."""
    # The maps stay in the result as the model gave it: only the page that draws them reads them.
    given = (run.result.get("findings") or []) if run else []
    maps = {one.get("id"): one.get("heat_map") for one in given}
    return [_finding_json(each, maps.get(each.key) if each.finding else None) for each in decided]


def reject_reasons() -> dict[str, str]:
    return {value: str(label) for value, label in RejectReason.choices}


def finding_types() -> dict[str, str]:
    """The kinds a reader may give a finding, in their language."""
    return {name: _capital(finding_type(name)) for name in FINDING_TYPES}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _finding_json(each: Decided, heat_map: dict[str, Any] | None) -> dict[str, Any]:
    finding, decision = each.finding, each.decision
    values: dict[str, Any] = {name: each.value(name) for name in CORRECTED}
    own_place = decision is not None and "box" in decision.values
    return {
        "key": each.key,
        "number": finding.number if finding else each.key.upper(),
        "origin": "ai" if finding else "human",
        **values,
        "frame": values["frame"] or 1,
        "label": _capital(finding_type(values["type"] or "")),
        "location": place_words(values["location"] or ""),
        "probability": finding.probability if finding else None,
        "contour": finding.contour if finding and not own_place else None,
        "heat_map": heat_map,
        "attributes": finding.attributes if finding else {},
        "summary": finding_summary(finding) if finding else "",
        "reasons": finding_reasons(finding) if finding else [],
        "state": each.state,
        "decision": decision_json(decision) if decision else None,
        "ai": _as_found(finding) if finding and each.state == FindingState.EDITED else None,
    }


def _as_found(finding: Finding) -> dict[str, Any]:
    """What the AI said where a reader says something else."""
    return {
        "label": _capital(finding_type(finding.type)),
        "location": place_words(finding.location),
        "size_mm": finding.size_mm,
        "sop_uid": finding.sop_uid,
        "frame": finding.frame,
        "box": finding.box,
    }


def finding_summary(finding: Finding) -> str:
    """The measurements in words; label, place and probability stand beside it."""
    attributes = finding.attributes
    parts = [_("%(mm).1f mm") % {"mm": finding.size_mm}] if finding.size_mm is not None else [_("not measured")]
    axes = [attributes.get(name) for name in ("long_axis_mm", "short_axis_mm")]
    if all(isinstance(axis, int | float) for axis in axes):
        parts.append(_("%(long).1f × %(short).1f mm") % {"long": axes[0], "short": axes[1]})
    volume = attributes.get("volume_mm3")
    if isinstance(volume, int | float):
        parts.append(_("%(volume)d mm³") % {"volume": round(volume)})
    return " · ".join(parts)
