"""What a study asks of people beside its report: opinions, critical results to tell, follow-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action, can
from reports.models import CloseReason, CommunicationStep, CommunicationTask, FollowUpKind, Means, Owner
from reports.models.follow_up import NOT_BY_HAND
from reports.rules.follow_up import is_overdue
from reports.selectors.communication import (
    OPEN,
    communications_of,
    late_communications,
    limits_of,
    open_communications,
    untold,
    untold_to,
)
from reports.selectors.double_reading import blind_among, opinions_json
from reports.selectors.follow_up import (
    follow_ups_of,
    last_day_in_time,
    open_follow_ups,
    recommendation_of,
    suggested_for,
)
from reports.selectors.opinion import sight
from reports.selectors.units import minutes_words, unit_words
from reports.states import CommunicationStatus, FollowUpStatus, ReportStatus
from screening.models import Study, Tier
from screening.selectors import open_reading
from screening.selectors.doors import sites_where
from screening.selectors.holding import held_back
from screening.selectors.phrases import person_name
from screening.states import StudyStatus

CLOSING = [(each.value, each.label) for each in CloseReason if each not in NOT_BY_HAND]
LISTED = 200


@dataclass(frozen=True)
class Telling:
    """A task as a row: `late` now, what may be done with it."""

    task: CommunicationTask
    late: bool
    open: bool
    may_acknowledge: bool
    may_unconfirm: bool
    name: str
    finding: str
    steps: tuple[CommunicationStep, ...]


@dataclass(frozen=True)
class Line:
    """What the folded panel says: the most pressing of its entries. tier: "" for what is no critical result. opens:
    the form that tells of it, "" where there is nothing to tell. others: entries that are only seen unfolded."""

    tier: str
    words: str
    second: str
    late: bool = False
    opens: str = ""
    others: int = 0


def studies_hidden(studies: Iterable[Study], user: User) -> set[int]:
    """Ids of the studies of which `user` is not to know yet what others found: the AI is held back from them, or
    opinions are blind of each other."""
    by_id = {study.pk: study for study in studies}
    return held_back(user, by_id.values()) | blind_among(by_id.values())


@dataclass(frozen=True)
class Rights:
    """Ids of the sites where somebody records that a result was told, and where they sign."""

    tells: frozenset[int]
    signs: frozenset[int]

    @classmethod
    def of(cls, user: User) -> Rights:
        """Two queries, for any number of tasks."""
        return cls(*(_sites(user, action) for action in (Action.COMMUNICATE, Action.SIGN_REPORT)))


def _sites(user: User, action: Action) -> frozenset[int]:
    return frozenset(sites_where(user, action).values_list("pk", flat=True))


def telling(task: CommunicationTask, rights: Rights, now: datetime, *, hidden: bool = False) -> Telling:
    """hidden: the clock is told, not what was found."""
    open_ = task.status in OPEN
    may = open_ and task.site_id in rights.tells
    return Telling(
        task=task,
        late=open_ and task.due_at < now,
        open=may,
        finding=_("shown after your first opinion") if hidden else task.finding,
        steps=() if hidden else tuple(task.steps.all()),
        may_acknowledge=may and task.status == CommunicationStatus.TOLD,
        name=person_name(task.study.patient.name),
        may_unconfirm=may and not hidden and task.status == CommunicationStatus.OPEN and task.site_id in rights.signs,
    )


def panel_of(study: Study, user: User) -> dict[str, Any]:
    """`tasks_of` with its `line`, None where there is nothing to say in one."""
    tasks = tasks_of(study, user)
    lines = [*_pressing(tasks), *_waiting(tasks)] if tasks["shown"] else []
    return {**tasks, "line": replace(lines[0], others=len(lines) - 1) if lines else None}


def _pressing(tasks: dict[str, Any]) -> Iterator[Line]:
    """Critical results that somebody has still to be told of."""
    untold = tasks["untold"]
    if untold and tasks["communicates"]:
        yield Line(untold.tier, untold.finding, _("nobody told"), opens="tell-now")
    for row in tasks["tellings"]:
        if row.open:
            due = timezone.localtime(row.task.due_at)
            second = _("late") if row.late else _("by %(time)s") % {"time": due.strftime("%H:%M")}
            yield Line(row.task.tier, row.finding, second, late=row.late, opens=f"tell-{row.task.pk}")


def _waiting(tasks: dict[str, Any]) -> Iterator[Line]:
    for row, own, overdue in tasks["follow_ups"]:
        whose = _("Follow-up") if own else _("Due from an earlier report")
        yield Line("", f"{whose}: {row.recommendation.what}", row.due_on.isoformat(), late=overdue)
    if tasks["recommendation"] and not tasks["reported"]:
        yield Line("", tasks["recommendation"].what, tasks["recommendation"].due_on.isoformat())
    if tasks["suggested"]:
        yield Line("", tasks["suggested"].suggestion.what, _("suggested"))
    for row in tasks["tellings"]:
        if not row.open:
            yield Line(row.task.tier, row.finding, row.task.get_status_display())


def tasks_of(study: Study, user: User) -> dict[str, Any]:
    """The room's panel of tasks. Nothing that rests on the AI is told to whom it is held back from."""
    now = timezone.now()
    sees_ai, sees_report, _held = sight(study, user)
    if not can(user, Action.VIEW_REPORT, study.site):
        return {"shown": False, "study": study}
    opinions = opinions_json(study, user)
    # What somebody else found would tell a reader who is to say first what they find themselves.
    hidden = bool(studies_hidden([study], user))
    reading = open_reading(study)
    report = getattr(study, "report", None) if sees_report else None
    closed = report is not None and report.status in (ReportStatus.SIGNED, ReportStatus.AMENDED)
    mine = reading is not None and reading.reader_id == user.pk and can(user, Action.EDIT_REPORT, study.site)
    waits = bool(opinions and opinions["awaits"])
    recommendation = None if hidden else recommendation_of(report)
    recommends = mine and report is not None and not closed and not waits
    limits = limits_of(study.site, study.programme)
    rights = Rights.of(user)
    return {
        "shown": True,
        "study": study,
        "stage": f"{opinions['given']} {opinions['awaits']}" if opinions else "",
        "opinions": opinions,
        "untold": (untold_to(study, user) if hidden else untold(study)) if sees_ai else None,
        "communicates": study.site_id in rights.tells,
        "confirms": study.site_id in rights.signs,
        "tellings": [
            telling(task, rights, now)
            for task in communications_of(study)
            if not hidden or task.opened_by_id == user.pk
        ],
        "limits": [(each.tier, Tier(each.tier).label, minutes_words(each.minutes)) for each in limits if each.minutes],
        "means": Means.choices,
        "recommendation": recommendation,
        "interval": unit_words(recommendation.number, recommendation.unit) if recommendation else "",
        "suggested": suggested_for(study) if recommends and sees_ai and recommendation is None else None,
        "recommends": recommends,
        "kinds": FollowUpKind.choices,
        "owners": Owner.choices,
        "follow_ups": [
            (
                row,
                row.study_id == study.pk,
                row.status == FollowUpStatus.DUE and is_overdue(row.due_on, timezone.localdate()),
            )
            for row in follow_ups_of(study)
        ]
        if study.patient.patient_id
        else [],
        "reported": study.status == StudyStatus.REPORTED,
    }


def listed_tasks(user: User) -> dict[str, Any]:
    """The page of tasks: what is late first, with counts; at most `LISTED` rows of each."""
    now = timezone.now()
    today = timezone.localdate()
    communications, follow_ups = open_communications(user), open_follow_ups(user)
    shown = list(communications.select_related("study__site").prefetch_related("steps__by")[:LISTED])
    hidden, rights = studies_hidden([task.study for task in shown], user), Rights.of(user)
    overdue = follow_ups.filter(due_on__lt=last_day_in_time(today))
    by_site: dict[str, list[int]] = {}
    for place, rows in enumerate((communications.filter(due_at__lt=now), overdue)):
        for name in rows.values_list("site__name", flat=True):
            by_site.setdefault(name, [0, 0])[place] += 1
    return {
        "tellings": [
            telling(task, rights, now, hidden=task.study_id in hidden and task.opened_by_id != user.pk)
            for task in shown
        ],
        "told_late": late_communications(user),
        "to_tell": communications.count(),
        "follow_ups": [
            (row, is_overdue(row.due_on, today), person_name(row.study.patient.name)) for row in follow_ups[:LISTED]
        ],
        "overdue": overdue.count(),
        "due": follow_ups.count(),
        "by_site": sorted(by_site.items()),
        "means": Means.choices,
        "reasons": CLOSING,
        "most": LISTED,
    }
