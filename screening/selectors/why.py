"""Why a study stands where it does: the rule, the arithmetic, the waiting, and what AI had to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from screening.models import Deferral, ScoreRun, Study
from screening.selectors.phrases import ago, due_rule_words
from screening.selectors.registry import basis_words
from screening.states import AiState, StudyStatus


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the panel. name: what the line is about; label: the same in words; text: a whole sentence."""

    name: str
    label: str
    text: str


def why(
    study: Study,
    now: datetime,
    place: int,
    without_ai: int,
    scores: bool,
    run: ScoreRun | None,
    head: Mapping[str, Any],
    deferral: Deferral | None,
) -> tuple[Reason, ...]:
    """The lines of the panel. place: in the whole list, 0 where the study has none (reported, set aside).

    scores: may the viewer see what AI said? If not, everything is told as it would be without AI.
    run, head: the result the study speaks by, None and empty without one.
    """
    lines = [*_rule(study, scores), _due(study, scores), _waiting(study, now)]
    if deferral is not None:
        lines.append(_set_aside(deferral))
    if scores and place and study.status != StudyStatus.REPORTED:
        lines.append(_place(study, place, without_ai))
        lines += _limits(study, head)
        if run is not None:
            lines.append(Reason("right", _("AI may"), basis_words(run.triage_basis)))
    return tuple(lines)


def _rule(study: Study, scores: bool) -> list[Reason]:
    if not (study.due_rule and scores):
        return []
    rule = due_rule_words(study.due_rule)
    return [Reason("rule", _("Rule"), rule[:1].upper() + rule[1:])]


def _due(study: Study, scores: bool) -> Reason:
    received = timezone.localtime(study.received_at)
    due = timezone.localtime(study.due_at if scores else study.base_due_at)
    day = "%H:%M" if due - received < timedelta(hours=12) and due.date() == received.date() else "%Y-%m-%d %H:%M"
    text = _("received %(received)s, due %(due)s") % {"received": received.strftime(day), "due": due.strftime(day)}
    return Reason("due", _("Due"), text)


def _waiting(study: Study, now: datetime) -> Reason:
    end = study.reported_at if study.status == StudyStatus.REPORTED and study.reported_at else now
    return Reason("waiting", _("Waiting"), _("waiting %(time)s") % {"time": ago(end - study.received_at)})


def _set_aside(deferral: Deferral) -> Reason:
    until = timezone.localtime(deferral.until).strftime("%Y-%m-%d %H:%M")
    text = _("set aside by %(who)s until %(until)s: %(reason)s") % {
        "who": deferral.by,
        "until": until,
        "reason": deferral.get_reason_display(),
    }
    return Reason("deferred", _("Set aside"), f"{text} · {deferral.note}" if deferral.note else text)


def _place(study: Study, place: int, without_ai: int) -> Reason:
    if study.ai_state != AiState.SCORED and study.due_at == study.base_due_at:
        text = _("AI has not moved it: place %(place)d") % {"place": place}
    elif place == without_ai:
        text = _("place %(place)d, the same as without AI") % {"place": place}
    else:
        text = _("place %(place)d; without AI it would be %(other)d") % {"place": place, "other": without_ai}
    return Reason("place", _("Place"), text)


def _limits(study: Study, head: Mapping[str, Any]) -> list[Reason]:
    """What keeps AI from saying where the study belongs."""
    label = _("Limits")
    if study.ai_state == AiState.PENDING:
        return [Reason("limits", label, _("no AI result yet; the order and the programme alone decide"))]
    if study.ai_state != AiState.SCORED:
        return [Reason("limits", label, _("no AI result; the order and the programme alone decide"))]
    if head.get("limitations"):
        return [Reason("limits", label, _("the AI result is incomplete and counts as no reassurance"))]
    return []
