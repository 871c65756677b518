"""Rules of the breast programme: standard views, bands, tiers, and the BI-RADS words.

The rules turn figures into words; none of them gives a BI-RADS assessment, which a screening reader
alone gives (ACR BI-RADS Atlas, 5th edition).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from screening.scoring.types import Tier

BIRADS_VERSION = "5th edition (2013)"
SIDES = {"R": "right", "L": "left"}
STANDARD_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
DENSITY = {
    "a": "almost entirely fatty",
    "b": "scattered areas of fibroglandular density",
    "c": "heterogeneously dense, which may obscure small masses",
    "d": "extremely dense, which lowers the sensitivity of mammography",
}
# lowest to highest concern (ACR BI-RADS FAQ): the overall assessment is not the largest number
CONCERN = ("1", "2", "3", "6", "0", "4", "4A", "4B", "4C", "5")
HIGHEST_BAND = 10


def missing_views(present: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A phrase for each of RCC, LCC, RMLO, LMLO that is not among (side, view) pairs."""
    have = set(present)
    return tuple(f"{SIDES[side]} {view} view is missing" for side, view in STANDARD_VIEWS if (side, view) not in have)


def band_of(score: float, limits: Sequence[float]) -> int:
    """1–10: how many of the nine rising limits the score (0–1) reaches, plus one.

    Raises ValueError unless there are nine limits in rising order.
    """
    if len(limits) != HIGHEST_BAND - 1 or list(limits) != sorted(limits):
        raise ValueError("Bands need nine limits in rising order.")
    return bisect_right(list(limits), score) + 1


def tier_of(band: int) -> tuple[Tier, str]:
    """How soon to read, and the sentence that says why. The highest band is *soon* (24 hours to
    two working days); nothing in screening mammography is an emergency."""
    if band >= HIGHEST_BAND:
        return "soon", "The study score lies in the highest of ten bands: read soon."
    return "routine", f"The study score lies in band {band} of ten: routine order."


def suggested_opinion(above_threshold: bool, limitations: Sequence[str]) -> str | None:
    """ "recall", "normal", or None: an incomplete assessment never suggests normal."""
    if above_threshold:
        return "recall"
    return None if limitations else "normal"


def overall_assessment(categories: Iterable[str]) -> str:
    """The BI-RADS assessment of most concern among breasts. Raises ValueError for none or an
    unknown one."""
    given = list(categories)
    if not given:
        raise ValueError("There is no assessment.")
    return max(given, key=CONCERN.index)
