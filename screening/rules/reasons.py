"""Why a rule came to its result: the measurements that led there, as data a page can list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One step on the way to a rule's result.

    name: of the measurement or term, a word in snake case. value: as it was compared or entered, None when
    it is unknown. unit: "mm", "mm3", "ml", "years", "" … contribution: what it added to the result, in the
    rule's own scale (log odds for a risk, millilitres for a volume). threshold: the limit it was held
    against. text: the same as one plain sentence.
    """

    name: str
    value: float | str | bool | None
    unit: str
    text: str
    contribution: float | None = None
    threshold: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Keys name, value, unit, text; contribution and threshold, to four decimals, only where there is one."""
        given: dict[str, Any] = {"name": self.name, "value": self.value, "unit": self.unit, "text": self.text}
        for key, extra in (("contribution", self.contribution), ("threshold", self.threshold)):
            if extra is not None:
                given[key] = round(extra, 4)
        return given
