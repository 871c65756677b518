"""Saving a report's text: a new revision each time, and a lost race told with both texts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.content import content_for
from reports.models import Report, Revision
from reports.sections import Sections, checked_sections, empty_sections, sentences_of
from reports.selectors.coded import answers_from
from reports.selectors.double_reading import plan_of
from reports.selectors.report import HELD_BACK, TextState, text_state
from reports.states import REPORT_TABLE, ReportStatus
from screening.models import Reading
from screening.selectors import open_reading
from screening.selectors.holding import is_held_back
from screening.selectors.measuring import evidence_keys
from screening.states import LostRace, advance


class RevisionConflict(Exception):
    """Somebody, or a draft, was first. yours: what was sent, checked; theirs: what stands now."""

    def __init__(self, yours: Sections, theirs: Revision) -> None:
        super().__init__(f"Report {theirs.report_id} is at revision {theirs.number}.")
        self.yours = yours
        self.theirs = theirs


class ReportClosed(Exception):
    """The report is signed: its text never changes; a correction is an addendum. revision: the text that stands."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(f"Report {revision.report_id} is signed.")
        self.revision = revision


def holds_reading(*, report: Report, user: User, action: str) -> Reading:
    """The open reading of the report's study, if it is this user's, they may do `action` and nothing is held back.

    Raises PermissionDenied otherwise.
    """
    study = report.study
    if not can(user, action, study.site):
        raise PermissionDenied(_("Your role does not allow this."))
    reading = open_reading(study)
    if reading is None or reading.reader_id != user.pk:
        raise PermissionDenied(_("Claim the study first: only its reader may change the report."))
    if is_held_back(user, study):
        raise PermissionDenied(HELD_BACK)
    return reading


def may_write(*, report: Report, user: User) -> None:
    """Raises PermissionDenied unless the user holds the open reading and no opinions are waited for."""
    holds_reading(report=report, user=user, action=Action.EDIT_REPORT)
    if plan_of(report.study).awaits:
        raise PermissionDenied(_("Give your opinion first: the report is written when the opinions are in."))


def save_revision(
    *,
    report: Report,
    author: User,
    parent: int | None,
    sections: Any,
    answers: Any = None,
    request: HttpRequest | None = None,
) -> Revision | None:
    """Keep the text as a new revision made from number `parent` (None: from no text).

    Before: the report is not signed, `author` holds the open reading. After: the returned
    revision is current; when nothing differs from the current one, it is that one and no row is
    added (None when there is no text at all). An AI draft that came while the first text was
    written does not stand in its way. answers: the coded ones beside the text; None leaves them as they are. Raises
    `SectionsError`, `AnswersError`, PermissionDenied, `ReportClosed`, `RevisionConflict`; of two saves of one parent exactly one wins.
    """
    report.refresh_from_db(fields=["status", "programme"])
    _open_or_raise(report)
    may_write(report=report, user=author)
    checked = checked_text(report, text_state(report), sections)
    try:
        with transaction.atomic():
            return _save(report, author, parent, checked, answers, request)
    except (IntegrityError, LostRace):
        report.refresh_from_db(fields=["status"])
        _open_or_raise(report)
        current = text_state(report).current
        if current is None:
            raise
        raise RevisionConflict(checked, current) from None
    finally:
        # What was rolled back must not stay in memory.
        report.refresh_from_db(fields=["status"])


def _open_or_raise(report: Report) -> None:
    if report.status in (ReportStatus.SIGNED, ReportStatus.AMENDED):
        raise ReportClosed(report.signatures.order_by("sequence").select_related("revision").reverse()[0].revision)


def checked_text(report: Report, state: TextState, sections: Any) -> Sections:
    """What was sent, as sections of this report. Raises `SectionsError`."""
    evidence = evidence_keys(report.study)
    # A draft of an earlier AI result may name findings that a later result no longer has.
    earlier = state.current.sections if state.current else {}
    for sentence in (*state.originals.values(), *sentences_of(earlier)):
        evidence.update(sentence["evidence"])
    return checked_sections(content_for(report.programme), sections, originals=state.originals, evidence=evidence)


def _save(
    report: Report, author: User, parent: int | None, checked: Sections, sent: Any, request: HttpRequest | None
) -> Revision | None:
    # Takes the row's lock, so that what is read next cannot change before the insert.
    advance(report, REPORT_TABLE, "save")
    state = text_state(report)
    current = state.current
    unchanged = current.sections if current else empty_sections(content_for(report.programme))
    if parent != (current.number if current else None) and not (parent is None and not state.has_human):
        if current is None:
            raise LostRace(f"Report {report.pk} has no revision {parent}.")
        raise RevisionConflict(checked, current)
    answers = answers_from(report, sent, current)
    same = checked == unchanged and answers == (current.answers if current else None)
    if same and (current is None or parent is not None):
        transaction.set_rollback(True)
        return current
    revision = Revision.objects.create(
        report=report,
        number=state.next_number,
        parent=parent,
        sections=checked,
        answers=answers,
        author=author,
        created_at=timezone.now(),
    )
    audit.record(
        Verb.REPORT_SAVED,
        actor=author,
        site=report.study.site,
        object_type="report",
        object_id=report.pk,
        detail={"revision": revision.number, "sentences": sum(1 for _sentence in sentences_of(checked))},
        request=request,
    )
    return revision
