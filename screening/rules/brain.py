"""How soon a head CT should be read, by rule, from the model's score.

The tiers follow the practice that any acute intracranial haemorrhage is told within minutes (ACR
Actionable Reporting Work Group, Larson 2014, category 1). A score never delays a study: what is
not flagged keeps its place by its order's priority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["critical", "urgent", "soon", "routine"]


@dataclass(frozen=True, slots=True)
class OperatingPoints:
    """Study scores (0–1) at and above which a study is flagged, and flagged with confidence.

    Raises ValueError unless 0 < flag ≤ confident ≤ 1.
    """

    flag: float
    confident: float

    def __post_init__(self) -> None:
        if not 0.0 < self.flag <= self.confident <= 1.0:
            raise ValueError("Operating points must satisfy 0 < flag <= confident <= 1.")


def tier_of(score: float, points: OperatingPoints, incomplete: bool) -> tuple[Tier, str]:
    """The tier and the sentence that says why.

    score: 0–1; incomplete: the result carries limitations, so that "not flagged" is no all-clear.
    Raises ValueError for a score outside 0–1.
    """
    if not 0.0 <= score <= 1.0:
        raise ValueError("A score lies between 0 and 1.")
    if score >= points.confident:
        return "critical", (
            f"Critical: the haemorrhage score {score:.2f} is at or above the confident operating point "
            f"{points.confident:.2f}."
        )
    if score >= points.flag:
        return "urgent", (
            f"Urgent: the haemorrhage score {score:.2f} is at or above the operating point {points.flag:.2f}."
        )
    sentence = f"Routine: the haemorrhage score {score:.2f} is below the operating point {points.flag:.2f}"
    return "routine", f"{sentence}, but the assessment is incomplete." if incomplete else f"{sentence}."
