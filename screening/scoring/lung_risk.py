"""The Brock 2b risk of each nodule, as the range that what is unknown leaves open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from pydicom.dataset import Dataset

from screening.rules.brock import BrockInputs, NoduleKind, risk_range
from screening.rules.reasons import Reason
from screening.scoring.gates_common import age_years
from screening.scoring.types import FindingResult

KINDS: dict[str, NoduleKind] = {
    "solid_nodule": "solid",
    "part_solid_nodule": "part-solid",
    "ground_glass_nodule": "non-solid",
}
UPPER = ("RUL", "LUL")
WORDS = {"female": "sex", "family_history": "family history"}
NOTE = (
    "Brock model 2b, from the longest diameter and the nodules this model marked; family history, emphysema and "
    "spiculation are not known to it. A risk tool, not a diagnosis."
)


def study_date_of(dataset: Dataset) -> date | None:
    """StudyDate (0008,0020), None when absent or no date."""
    text = str(dataset.get("StudyDate") or "").strip()
    if not re.fullmatch(r"\d{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def age_of(dataset: Dataset) -> float | None:
    """Age in whole years, from PatientAge, else PatientBirthDate and StudyDate; None when unknown."""
    years = age_years(dataset)
    return None if years is None else float(int(years))


def female_of(dataset: Dataset) -> bool | None:
    """PatientSex (0010,0040) as the model asks for it; None for anything but F and M."""
    return {"F": True, "M": False}.get(str(dataset.get("PatientSex") or "").strip().upper())


def brock_attributes(findings: Sequence[FindingResult], dataset: Dataset) -> list[dict[str, Any]]:
    """Per finding {"brock_2b": {"low", "high", "unknown", "reasons"}}, or {} without an age or an axis.

    low and high: probability 0–1 over all that is unknown.
    """
    age, female = age_of(dataset), female_of(dataset)
    found: list[dict[str, Any]] = []
    for finding in findings:
        longest = finding.attributes.get("long_axis_mm")
        kind = KINDS.get(finding.type)
        if not isinstance(longest, int | float) or longest <= 0 or kind is None:
            found.append({})
            continue
        upper = finding.attributes.get("lobe") in UPPER
        given = risk_range(BrockInputs(float(longest), kind, upper, len(findings), age, female))
        if given is None:
            found.append({})
            continue
        found.append(
            {
                "brock_2b": {
                    "low": round(given.low, 4),
                    "high": round(given.high, 4),
                    "unknown": [WORDS.get(name, name) for name in given.unknown],
                    "reasons": [reason.as_json() for reason in (*given.reasons, Reason("note", None, "", NOTE))],
                }
            }
        )
    return found
