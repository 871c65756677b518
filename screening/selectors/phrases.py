"""The words of a worklist row. What a model refused or failed never looks negative."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.models import Finding, Patient, ScoreRun, Study, Tier
from screening.selectors.places import place_words
from screening.states import AiState, RunStatus, StudyStatus

FINDING_TYPES = {
    "solid_nodule": lambda: _("solid nodule"),
    "part_solid_nodule": lambda: _("part-solid nodule"),
    "ground_glass_nodule": lambda: _("ground-glass nodule"),
    "mass": lambda: _("mass"),
    "haemorrhage": lambda: _("haemorrhage"),
}

# The rules of services.priority, as they are stored and as they are shown.
DUE_RULES = {
    "routine window of the programme": gettext_lazy("routine window of the programme (%(window)s)"),
    "default window": gettext_lazy("default window (%(window)s)"),
    "window of the order's priority": gettext_lazy("window of the order's priority (%(window)s)"),
}
_STORED_RULE = re.compile(r"(?:(?P<tier>[A-Z][a-z]+): )?(?P<rule>.+) \((?:window )?(?P<n>\d+) (?P<unit>min|h)\)")


def due_rule_words(stored: str) -> str:
    """How a due time came about, in the reader's language; what is not one of our rules is shown as it is."""
    match = _STORED_RULE.fullmatch(stored)
    if match is None:
        return stored
    window = (_("%(n)d min") if match["unit"] == "min" else _("%(n)d h")) % {"n": int(match["n"])}
    tier, rule = (match["tier"] or "").lower(), match["rule"]
    if tier in Tier.values:
        return _("%(tier)s: %(rule)s (window %(window)s)") % {"tier": Tier(tier).label, "rule": rule, "window": window}
    return DUE_RULES[rule] % {"window": window} if rule in DUE_RULES else stored


def finding_type(name: str) -> str:
    """A finding's type in words; one that is not in the table is shown as it is."""
    words = FINDING_TYPES.get(name)
    return words() if words else name.replace("_", " ")


def ago(span: timedelta) -> str:
    """A span in words: "6 min", "3 h 10", "2 d 23 h"."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 24 * 60:
        return _("%(h)d h %(m)02d") % {"h": minutes // 60, "m": minutes % 60}
    return _("%(d)d d %(h)d h") % {"d": minutes // (24 * 60), "h": minutes // 60 % 24}


def relative_due(study: Study, now: datetime, *, with_ai: bool = True) -> tuple[str, bool]:
    """ "in 9 min" or "late 4 min", and whether it is late; by the due time without AI for who may not see what it said."""
    if study.status == StudyStatus.REPORTED:
        return _("reported"), False
    due = study.due_at if with_ai else study.base_due_at
    if due < now:
        return _("late %(time)s") % {"time": ago(now - due)}, True
    return _("in %(time)s") % {"time": ago(due - now)}, False


def person_name(dicom_name: str) -> str:
    """FAMILY^GIVEN^… as "FAMILY, Given"; several representations (PS3.5 6.2.1.2) one after the other."""
    groups = [group for group in dicom_name.split("=") if group.strip()]
    shown = []
    for group in groups:
        parts = [part.strip() for part in group.split("^")]
        family = parts[0] if parts else ""
        given = " ".join(part for part in parts[1:3] if part)
        shown.append(f"{family}, {given}" if family and given else family or given)
    if len(shown) > 1:
        return f"{shown[1]} ({shown[0]})"
    return shown[0] if shown else _("No name")


def age(patient: Patient, on: date) -> int | None:
    """Whole years on a day; None when the birth date is unknown or later."""
    born = patient.birth_date
    if born is None or born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def patient_line(study: Study, now: datetime) -> tuple[str, str]:
    """Name, and "F 64 · 7715-204"."""
    patient = study.patient
    day = timezone.localtime(study.study_at or now).date()
    years = age(patient, day)
    who = " ".join(part for part in (patient.sex, str(years) if years is not None else "") if part)
    return person_name(patient.name), " · ".join(part for part in (who, patient.patient_id) if part)


def finding_words(finding: Finding) -> str:
    """ "solid nodule 16.2 mm, right upper lobe" """
    size = f" {finding.size_mm:.1f} mm" if finding.size_mm is not None else ""
    place = f", {place_words(finding.location)}" if finding.location else ""
    return f"{finding_type(finding.type)}{size}{place}"


def headline(run: ScoreRun, result: Mapping[str, Any]) -> str:
    """What the study score is called: Lung-RADS category, band, or haemorrhage probability."""
    if result.get("category"):
        return _("Lung-RADS %(category)s") % {"category": result["category"]}
    if result.get("band"):
        return _("Band %(band)d of 10") % {"band": result["band"]}
    if run.programme == "brain":
        return _("Haemorrhage %(score).2f") % {"score": result["score"]}
    return _("Score %(score).2f") % {"score": result["score"]}


def ai_lines(
    study: Study, run: ScoreRun | None, findings: list[Finding], head: Mapping[str, Any] | None = None
) -> tuple[str, str, str]:
    """(first line, second line, class) of the column "First read", for every AI state.

    head: of the run's result, where the run came without it (`selectors.heads`).
    """
    if study.status == StudyStatus.RECEIVING:
        return _("Waiting for the rest of the study"), _("scoring starts when it is complete"), "state"
    if study.ai_state == AiState.OUT_OF_SCOPE:
        return _("Out of scope · %(reason)s") % {"reason": study.ai_reason}, _("read without AI"), "state"
    if study.ai_state == AiState.REFUSED:
        return _("Refused · %(reason)s") % {"reason": study.ai_reason}, _("read without AI"), "refused"
    if study.ai_state == AiState.FAILED:
        return _("Failed · %(reason)s") % {"reason": study.ai_reason}, _("read without AI"), "refused"
    if study.ai_state == AiState.PENDING or run is None or run.status != RunStatus.SUCCEEDED:
        if run is not None and run.status == RunStatus.RUNNING:
            return _("Scoring"), _("%(n)d %% done") % {"n": round(run.progress * 100)}, "state"
        return _("Waiting to be scored"), _("it can be read now"), "state"
    return _scored_lines(run, findings, run.result if head is None else head)


def _scored_lines(run: ScoreRun, findings: list[Finding], result: Mapping[str, Any]) -> tuple[str, str, str]:
    limitations = result.get("limitations") or []
    above = result.get("above_threshold")
    found = finding_words(findings[0]) if findings else ""
    score = _("score %(score).2f · %(model)s") % {
        "score": result["score"],
        "model": f"{run.model_name} {run.model_version}",
    }
    # A bleed's own words say what the headline would, so it does without one.
    head = "" if found and run.programme == "brain" else headline(run, result)
    found = found[:1].upper() + found[1:] if not head else found
    if limitations:
        first = " · ".join(part for part in (_("Incomplete"), head, found) if part)
        return first, "; ".join(limitations), "refused"
    if above is False:
        return _("%(head)s · below threshold") % {"head": headline(run, result)}, score, "ai"
    return " · ".join(part for part in (head, found) if part), score, "ai found"
