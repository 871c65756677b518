"""What a reader made of the lesions that were marked, as the rules of the programmes take it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.content.fields import Computed


@dataclass(frozen=True, slots=True)
class Said:
    """A reader's word that differs from the pair by which the AI compared the finding.

    parted: it is not that earlier lesion, and no other one was named. Else it is another: prior_mm, its size then,
    `days` before; category: what the AI's rule gave it then. prior_mm None: not known (any more).
    """

    parted: bool
    prior_mm: float | None = None
    days: int = 0
    category: str | None = None


def whether_any_stands(findings: Sequence[Mapping[str, Any]], noun: str) -> Computed:
    """ "yes" for one that stands; else nothing, and what the AI or a rule said of one is withdrawn.

    That none stands is no "no": what was not marked may be there. findings: as `ReportContent.compute` gets them.
    """
    standing = [str(each["number"]) for each in findings if not each["gone"]]
    if standing:
        return Computed("yes", f"Marked and not rejected: {noun} {', '.join(standing)}.")
    reason = f"Every {noun} that was marked was rejected." if findings else f"No {noun} is marked."
    return Computed(None, reason, withdraws=True)
