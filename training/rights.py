"""The right to move the queue, earned by figures."""

from __future__ import annotations

import math
from typing import Any

from screening.scoring.bundle_schema import TRIAGE_BAR

__all__ = ["TRIAGE_BAR", "earned_rights"]


def earned_rights(figures: dict[str, Any], figure: str = "study_auc") -> dict[str, Any]:
    """{"triage": whether scores may bring a due time forward, "why": a sentence for people}.

    figures: a bundle's figures with the out-of-fold AUC of its study score on patients under `figure`, its 95 %
    interval under `ci`. Earned where the lower bound is at least 0.70; without the figure, or on
    phantoms alone, the bundle is advisory: shown, marked so, never moving the queue.
    """
    value, interval = figures.get(figure), (figures.get("ci") or {}).get(figure)
    if value is None or not interval or interval[0] is None or not math.isfinite(interval[0]):
        return {"triage": False, "why": "Advisory: no AUC of its study score has been measured on patients."}
    low, high = float(interval[0]), float(interval[1])
    earned = low >= TRIAGE_BAR
    comparison = "reaches" if earned else "is below"
    return {
        "triage": earned,
        "why": (
            f"{'Triage' if earned else 'Advisory'}: the study AUC on held-out patients is {float(value):.3f} "
            f"(95 % interval {low:.3f} to {high:.3f}), and its lower bound {comparison} {TRIAGE_BAR:.2f}."
        ),
    }
