"""Measurements of a study and decisions about its findings, as they stand: the newest version of each counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from screening.models import Finding, FindingDecision, Measurement, Reading, Study
from screening.selectors.results import findings_of
from screening.states import FindingState, StudyStatus

GONE = (FindingState.REJECTED, FindingState.REMOVED)


def measurements_of(study: Study) -> list[Measurement]:
    """The measurements that are not removed, in order of their numbers; one query."""
    return [newest for newest, _drawn in _standing(study)]


def _standing(study: Study) -> list[tuple[Measurement, datetime]]:
    """The same, each with the time at which it was first drawn."""
    newest: dict[int, Measurement] = {}
    drawn: dict[int, datetime] = {}
    for each in study.measurements.select_related("author").order_by("number", "version"):
        newest[each.number] = each
        drawn.setdefault(each.number, each.at)
    return [(each, drawn[each.number]) for each in newest.values() if not each.removed]


def measurement_json(measurement: Measurement, *, frozen: bool = False) -> dict[str, Any]:
    """A measurement as pages and API show it; frozen: the report rests on it, so it is never changed again."""
    return {
        "uid": str(measurement.uid),
        "key": measurement.key,
        "number": measurement.number,
        "version": measurement.version,
        "series_uid": measurement.series_uid,
        "sop_uid": measurement.sop_uid,
        "frame": measurement.frame,
        "tool": measurement.tool,
        "points": measurement.points,
        "plane": measurement.plane,
        "text": measurement.text,
        "values": measurement.values,
        "basis": measurement.basis,
        "removed": measurement.removed,
        "frozen": frozen,
        "author": str(measurement.author),
        "at": measurement.at.isoformat(),
    }


def listed_measurements(study: Study) -> list[dict[str, Any]]:
    """What pages and API show of a study's measurements; one query."""
    return [
        {**measurement_json(each, frozen=_before_report(study, drawn)), "author_id": each.author_id}
        for each, drawn in _standing(study)
    ]


def stays_with(author_id: int, reading: Reading | None, user: User) -> bool:
    """Is a measurement that `author_id` drew not the user's to change? While somebody reads the study, what others
    measured is theirs and the reader's. reading: the open one."""
    return author_id != user.pk and reading is not None and reading.reader_id != user.pk


def is_frozen(study: Study, measurement: Measurement) -> bool:
    """Was it there when the report was signed? What comes after, to compare with a later study, can be changed."""
    first = Measurement.objects.filter(study=study, uid=measurement.uid, version=1).first()
    return first is not None and _before_report(study, first.at)


def _before_report(study: Study, drawn: datetime) -> bool:
    return study.status == StudyStatus.REPORTED and study.reported_at is not None and drawn <= study.reported_at


@dataclass(frozen=True, slots=True)
class Decided:
    """A finding and what a reader has made of it. finding: None for the reader's own; decision: None while open."""

    key: str
    finding: Finding | None
    decision: FindingDecision | None

    @property
    def state(self) -> FindingState:
        return FindingState(self.decision.state) if self.decision else FindingState.OPEN

    @property
    def gone(self) -> bool:
        return self.state in GONE

    def value(self, name: str) -> Any:
        """A value as it counts now: the reader's where they corrected it, else the AI's."""
        if self.decision is not None and name in self.decision.values:
            return self.decision.values[name]
        return getattr(self.finding, name) if self.finding is not None else None


def newest_decisions(findings: list[Finding]) -> dict[int, FindingDecision]:
    """Finding id → its newest decision; one query."""
    rows = FindingDecision.objects.filter(finding__in=findings).select_related("author").order_by("version")
    return {row.finding_id: row for row in rows if row.finding_id is not None}


def own_decisions(study: Study) -> dict[str, FindingDecision]:
    """Key of a reader's own finding → its newest decision, in the order in which they were added; one query."""
    rows = study.finding_decisions.filter(finding=None).select_related("author").order_by("id")
    newest: dict[str, FindingDecision] = {}
    for row in rows:
        newest[row.key] = row
    return newest


def decided_findings(study: Study, findings: list[Finding]) -> list[Decided]:
    """The AI's `findings` in their order, then the readers' own, each with its newest decision; two queries."""
    newest = newest_decisions(findings)
    own = own_decisions(study).items()
    return [
        *(Decided(finding.key, finding, newest.get(finding.pk)) for finding in findings),
        *(Decided(key, None, decision) for key, decision in own if decision.state != FindingState.REMOVED),
    ]


def evidence_keys(study: Study) -> set[str]:
    """Every key that a sentence may rest on: of the AI's findings, the readers' own, and measurements, also of those
    removed since: a text that names them is not to be refused for it. Three queries."""
    return {
        *(finding.key for finding in findings_of(study)),
        *study.finding_decisions.filter(finding=None).values_list("key", flat=True),
        *(f"m{number}" for number in study.measurements.filter(version=1).values_list("number", flat=True)),
    }


def decision_json(decision: FindingDecision) -> dict[str, Any]:
    return {
        "state": decision.state,
        "label": str(FindingState(decision.state).label),
        "version": decision.version,
        "reason": decision.reason,
        "reason_label": str(decision.get_reason_display()) if decision.reason else "",
        "note": decision.note,
        "values": decision.values,
        "author": str(decision.author),
        "at": decision.at.isoformat(),
    }
