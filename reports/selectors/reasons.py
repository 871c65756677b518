"""Why a finding stands as it does: the rule's measurements and the risk's terms, in lines for the page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from screening.models import Finding


def finding_reasons(finding: Finding) -> list[str]:
    """One line for each reason of the category, then the Brock range, what is unknown for it, and its terms.

    The lines of the rules are the model's own sentences, in English.
    """
    attributes = finding.attributes
    lines = _texts(attributes.get("reasons"))
    risk = attributes.get("brock_2b")
    if isinstance(risk, dict) and "low" in risk and "high" in risk:
        lines.append(_range(risk))
        lines += _texts(risk.get("reasons"))
    return lines


def _range(risk: dict[str, Any]) -> str:
    low, high = 100 * float(risk["low"]), 100 * float(risk["high"])
    if not risk.get("unknown"):
        return _("Brock model 2b: risk of cancer %(high).1f %%.") % {"high": high}
    return _("Brock model 2b: risk of cancer %(low).1f to %(high).1f %%, as not known: %(unknown)s.") % {
        "low": low,
        "high": high,
        "unknown": ", ".join(str(name) for name in risk["unknown"]),
    }


def _texts(reasons: Any) -> list[str]:
    if not isinstance(reasons, list):
        return []
    return [str(reason["text"]) for reason in reasons if isinstance(reason, dict) and reason.get("text")]
