"""Volume-doubling time, and what the NELSON trial and the BTS guideline make of it.

Δt·ln 2 / ln(V2/V1) in days; with diameters the logarithm counts three times (Schwartz, Cancer 1961).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from screening.rules.reasons import Reason

POSITIVE_BELOW_DAYS = 400.0
NEGATIVE_ABOVE_DAYS = 600.0
BTS_GROWTH = 0.25
Basis = Literal["volume", "diameter"]


@dataclass(frozen=True, slots=True)
class DoublingTime:
    """days: None when the nodule did not grow, for which no doubling time is defined.

    basis: what was compared. nelson: "positive" below 400 days, "indeterminate" to 600, "negative" above
    and without growth.
    """

    days: float | None
    basis: Basis
    nelson: Literal["positive", "indeterminate", "negative"]
    reason: Reason


def from_volumes(then_mm3: float, now_mm3: float, days: int) -> DoublingTime:
    """From two volumes in mm³, `days` apart. Raises ValueError unless volumes and days are above 0."""
    return _doubling(then_mm3, now_mm3, days, 1, "volume", "mm³")


def from_diameters(then_mm: float, now_mm: float, days: int) -> DoublingTime:
    """From two mean diameters in mm, `days` apart. Raises ValueError unless diameters and days are above 0."""
    return _doubling(then_mm, now_mm, days, 3, "diameter", "mm")


def within_error(then_mm3: float, now_mm3: float) -> bool:
    """Is a change of volume smaller than 25 %, which is how far two readings of one small nodule may differ?

    Raises ValueError unless then_mm3 > 0.
    """
    return not volume_grew(then_mm3, now_mm3) and not volume_grew(then_mm3, 2 * then_mm3 - now_mm3)


def volume_grew(then_mm3: float, now_mm3: float) -> bool:
    """BTS 2015: is the volume larger by 25 % or more? Raises ValueError unless then_mm3 > 0."""
    if then_mm3 <= 0.0:
        raise ValueError("Growth is measured against a volume above 0.")
    return round((now_mm3 - then_mm3) / then_mm3, 9) >= BTS_GROWTH


def nelson_baseline(volume_mm3: float) -> Literal["negative", "indeterminate", "positive"]:
    """NELSON's reading of a solid nodule at baseline: below 50 mm³, 50 to 500, above 500."""
    if volume_mm3 < 50.0:
        return "negative"
    return "indeterminate" if volume_mm3 <= 500.0 else "positive"


def _doubling(then: float, now: float, days: int, power: int, basis: Basis, unit: str) -> DoublingTime:
    if not (math.isfinite(then) and math.isfinite(now)) or then <= 0.0 or now <= 0.0:
        raise ValueError("Sizes must be finite and above 0.")
    if days <= 0:
        raise ValueError("A doubling time needs an earlier examination.")
    change = f"The {basis} went from {then:g} to {now:g} {unit} in {days} days"
    # A ratio so near to 1 that its logarithm is 0 has no doubling time either.
    rate = power * math.log(now / then)
    if rate <= 0.0:
        text = f"{change}: stable or decreasing, without a doubling time."
        return DoublingTime(None, basis, "negative", Reason("doubling_time", None, "days", text))
    found = days * math.log(2) / rate
    nelson: Literal["positive", "indeterminate", "negative"]
    nelson = "positive" if found < POSITIVE_BELOW_DAYS else "indeterminate"
    if found > NEGATIVE_ABOVE_DAYS:
        nelson = "negative"
    text = f"{change}: the volume doubles in {found:.0f} days."
    return DoublingTime(
        found, basis, nelson, Reason("doubling_time", round(found, 1), "days", text, threshold=POSITIVE_BELOW_DAYS)
    )
