"""The category that follows by rule from the findings as they stand, after what a reader made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from reports.review.types import FindingSeen
from screening.rules.lung_rads import WORDS, NoduleMeasure, NoduleType, nodule_category
from screening.rules.lung_rads_nodule import ORDER


def expected_category(
    programme: str, given: object, findings: Sequence[FindingSeen], limitations: Sequence[str] = ()
) -> str | None:
    """given: what the model's result says. Only Lung-RADS follows from measurements; else None.

    Where no reader took a finding out, corrected or added one, what the result says stands. None where a finding's
    category is not to be had: then nothing is held against the text.
    """
    if programme != "lung":
        return None
    changed = [each for each in findings if each.corrected or each.state in ("REJECTED", "ADDED")]
    if not changed:
        return str(given).upper() if given in ("0", *ORDER) else None
    if given == "0" and not limitations:
        return "0"
    grades = [_category_of(each) for each in findings if each.live]
    if any(grade is None for grade in grades):
        return None
    highest = max((str(grade) for grade in grades), key=ORDER.index, default="1")
    return "0" if limitations and highest in ("1", "2") else highest


def _category_of(finding: FindingSeen) -> str | None:
    """As the model's rules gave it, with the earlier study in mind; of what a reader measured, by size at baseline."""
    if finding.category in ORDER:
        return finding.category
    if finding.type not in WORDS or finding.size_mm is None or finding.prior_mm is not None:
        return None
    kind = cast("NoduleType", finding.type)
    try:
        return nodule_category(NoduleMeasure(kind, finding.size_mm, finding.solid_mm))
    except ValueError:
        return None
