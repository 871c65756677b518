"""What a report rests on beside its text: decisions about findings, and measurements its sentences name."""

from __future__ import annotations

from typing import Any

from reports.coded import signed_answers
from reports.content import content_for
from reports.models import Revision
from reports.sections import sentences_of
from screening.models import Study
from screening.selectors import findings_of
from screening.selectors.measuring import decided_findings, measurements_of
from screening.states import FindingState


def grounds(study: Study, revision: Revision) -> dict[str, Any]:
    """ "decisions" about the findings that stand, "measurements" that sentences of the revision name, and the coded
    "answers" beside its text, as they are signed with it; without a key where there are none."""
    named = {key for sentence in sentences_of(revision.sections) for key in sentence["evidence"]}
    decisions = [
        {
            "key": each.key,
            "finding": each.finding.pk if each.finding else None,
            "state": each.decision.state,
            "reason": each.decision.reason,
            "note": each.decision.note,
            "values": each.decision.values,
            "by": each.decision.author.username,
            "version": each.decision.version,
        }
        for each in decided_findings(study, findings_of(study))
        if each.decision is not None
    ]
    measured = [
        {
            "key": each.key,
            "tool": each.tool,
            "sop_uid": each.sop_uid,
            "frame": each.frame,
            "points": each.points,
            "values": each.values,
            "version": each.version,
            **({"plane": each.plane} if each.plane else {}),
        }
        for each in measurements_of(study)
        if each.key in named
    ]
    answers = signed_answers(content_for(revision.report.programme), revision.answers, revision.sections)
    found = {"decisions": decisions, "measurements": measured, "answers": answers}
    if answers and revision.answers:
        found["answers_schema"] = revision.answers["schema"]
    return {name: rows for name, rows in found.items() if rows}


def on_rejected_findings(study: Study, revision: Revision) -> int:
    """How many sentences stand as the AI drafted them though the reader rejected a finding they rest on."""
    decided = decided_findings(study, findings_of(study))
    rejected = {each.key for each in decided if each.state == FindingState.REJECTED}
    return sum(
        sentence["state"] == "ai" and not rejected.isdisjoint(sentence["evidence"])
        for sentence in sentences_of(revision.sections)
    )
