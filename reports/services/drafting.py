"""Drafts: asked for, claimed with a lease, recorded once, and replaced by fixed sentences when lost.

`draft_lease_until` tells where a draft stands: null, none is wanted; past, one is wanted; to come,
a worker is at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Verb
from config.jobs import JOBS, enqueue
from reports.content import content_for
from reports.drafting.assemble import as_json, assemble
from reports.drafting.facts import study_facts
from reports.drafting.types import DraftInputError, HouseStyle
from reports.models import Report, Revision
from reports.sections import drafted_sections
from reports.selectors.coded import answers_of_draft
from reports.selectors.house_style import house_style
from reports.selectors.report import is_outdated, text_state
from reports.states import REPORT_TABLE, ReportStatus
from screening.models import ScoreRun, Study
from screening.scoring.forgetting import without_study
from screening.selectors import latest_run, open_reading
from screening.selectors.holding import holds_back
from screening.selectors.priors import shares_a_past
from screening.states import AiState, RunStatus, advance

JOB = JOBS["draft_report"]
DRAFTABLE = (ReportStatus.DRAFTING, ReportStatus.DRAFT, ReportStatus.IN_REVIEW, ReportStatus.PRELIMINARY)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DraftClaim:
    """One attempt at one draft. result, prior, style: what `draft_report` takes."""

    report_id: int
    attempt: int
    run_id: int | None
    result: Mapping[str, Any]
    prior: Mapping[str, Any] | None
    style: HouseStyle = field(default_factory=HouseStyle)


def request_draft(*, study: Study) -> Report:
    """Ask for a draft of the study as the AI now sees it. Called inside the score's transaction.

    After: the report exists (DRAFTING if it is new), a draft is wanted and enqueued on commit.
    A signed report is left alone.
    """
    now = timezone.now()
    report, _created = Report.objects.get_or_create(
        study=study, defaults={"programme": study.programme, "created_at": now}
    )
    wanted = Report.objects.filter(pk=report.pk, status__in=DRAFTABLE).update(draft_attempt=0, draft_lease_until=now)
    # A person's text keeps the sections it was written in.
    Report.objects.filter(pk=report.pk, status__in=DRAFTABLE).exclude(revisions__author__isnull=False).update(
        programme=study.programme
    )
    if wanted:
        enqueue("draft_report", report.pk)
    report.refresh_from_db()
    return report


def ensure_report(*, study: Study) -> Report:
    """The study's report, so that a reader can start: reading never waits for AI or for a draft.

    After: the report exists. Where no AI will speak (out of scope, refused, failed) and there is
    no text yet, revision 0 is made here and now from the fixed sentences, which say so; they also
    take the place of a draft whose AI result no longer stands, if nobody has written since.
    """
    with transaction.atomic():
        report, _created = Report.objects.get_or_create(
            study=study, defaults={"programme": study.programme, "created_at": timezone.now()}
        )
        silent = study.ai_state in (AiState.OUT_OF_SCOPE, AiState.REFUSED, AiState.FAILED)
        if silent and report.status == ReportStatus.DRAFTING and report.draft_lease_until is None:
            Report.objects.filter(pk=report.pk).update(programme=study.programme)
            report.programme = study.programme
            _record(report, draft_input(study, latest_run(study)), None, None)
        elif report.status == ReportStatus.DRAFT and is_outdated(text_state(report).current, study):
            _record(report, draft_input(study, latest_run(study)), None, None, instead=True)
    return report


def replace_draft(*, report: Report) -> None:
    """The fixed sentences from the result as it stands now, in place of a draft that nobody has touched; a worded one is
    asked for. Called inside a transaction."""
    run = latest_run(report.study)
    _record(report, draft_input(report.study, run), None, run, instead=True)
    request_draft(study=report.study)


def draft_input(study: Study, run: ScoreRun | None) -> dict[str, Any]:
    """The line of `score --json` that the study stands for now, without what it was compared with where that is held
    back; without a result, its honest state."""
    if study.ai_state == AiState.SCORED and run is not None and run.status == RunStatus.SUCCEEDED:
        return _without_held_back(study, run.result)
    return {
        "study_uid": study.study_uid,
        "programme": study.programme or None,
        "state": AiState.PENDING.value if study.ai_state == AiState.SCORED else str(study.ai_state),
        "reason": study.ai_reason or None,
        "limitations": [],
        "findings": [],
    }


def _without_held_back(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    compared = (result.get("attributes") or {}).get("compared_with") or {}
    uid = compared.get("study_uid")
    prior = Study.objects.filter(site=study.site_id, study_uid=uid).select_related("site").first() if uid else None
    if prior is None or not holds_back(prior):
        return dict(result)
    return without_study(result, str(uid), str(compared.get("study_date") or "")) or dict(result)


def prior_result(study: Study) -> dict[str, Any] | None:
    """The newest earlier result of the same patient and programme, with its "study_date"; none where it is not
    known whose studies these are, nor where that result is held back: a draft is for whoever reads, and any of them
    may have to give a first opinion on the earlier study yet."""
    if study.study_at is None or not study.programme or not shares_a_past(study.patient):
        return None
    run = (
        ScoreRun.objects.filter(
            study__patient=study.patient,
            study__site=study.site,
            study__ai_state=AiState.SCORED,
            study__study_at__lt=study.study_at,
            programme=study.programme,
            status=RunStatus.SUCCEEDED,
        )
        .exclude(study=study)
        .select_related("study__site")
        .order_by("-study__study_at", "-id")
        .first()
    )
    if run is None or run.study.study_at is None or holds_back(run.study):
        return None
    day = timezone.localtime(run.study.study_at).date()
    return {**run.result, "study_date": day.isoformat()}


def claim_draft(*, report_id: int) -> DraftClaim | None:
    """Take a wanted draft for this worker: one more attempt, a new lease.

    None: nothing to do (gone, signed, not wanted, somebody else's, AI still to
    speak), or out of attempts, in which
    case the fixed sentences have been recorded in its place.
    """
    now = timezone.now()
    with transaction.atomic():
        report = _wanted(now).filter(pk=report_id).first()
        if report is None:
            return None
        if report.study.ai_state == AiState.PENDING:
            # Images came late: the outcome of the new run asks again.
            _wanted(now).filter(pk=report_id).update(draft_lease_until=None)
            return None
        if report.draft_attempt >= JOB.attempts:
            _give_up(report)
            return None
        attempt = report.draft_attempt + 1
        taken = (
            _wanted(now)
            .filter(pk=report_id, draft_attempt=report.draft_attempt)
            .update(draft_attempt=attempt, draft_lease_until=now + timedelta(seconds=JOB.lease_s))
        )
        if not taken:
            return None
        run = latest_run(report.study)
        return DraftClaim(
            report_id,
            attempt,
            run.pk if run else None,
            draft_input(report.study, run),
            prior_result(report.study),
            house_style(report.study.site),
        )


def record_draft(*, claim: DraftClaim, draft: Mapping[str, Any]) -> Revision | None:
    """Keep a draft, if this attempt still owns it and the AI has not spoken again meanwhile.

    draft: {"sections", "model", "guard"} as `draft_report` returns it. After: revision 0, or a
    later one; beside the text and never over it when a person has the study open or has saved.
    None: a later attempt owns the draft, nothing changed.
    """
    with transaction.atomic():
        report = Report.objects.select_related("study__site").get(pk=claim.report_id)
        run = latest_run(report.study)
        if (run.pk if run else None) != claim.run_id or report.study.ai_state == AiState.PENDING:
            return None  # a new request, or the outcome of the new run, brings a new draft
        owned = Report.objects.filter(
            pk=claim.report_id, draft_attempt=claim.attempt, draft_lease_until__isnull=False, status__in=DRAFTABLE
        ).update(draft_lease_until=None)
        return _record(report, claim.result, draft, run, style=claim.style) if owned else None


def sweep_drafts() -> int:
    """Queue again every wanted draft that nobody is at, or end it after its last attempt."""
    now = timezone.now()
    lost = _wanted(now - timedelta(seconds=JOB.lease_s)) | _wanted(now).filter(draft_attempt__gt=0)
    swept = 0
    for report in lost:
        with transaction.atomic():
            if report.draft_attempt >= JOB.attempts:
                _give_up(report)
            else:
                # Counts as asked for now, so a worker that is away finds one message a minute, not four.
                Report.objects.filter(pk=report.pk, draft_attempt=report.draft_attempt).update(draft_lease_until=now)
                enqueue("draft_report", report.pk)
        swept += 1
    return swept


def _wanted(by: datetime) -> QuerySet[Report]:
    return Report.objects.filter(status__in=DRAFTABLE, draft_lease_until__lte=by).select_related(
        "study__site", "study__patient"
    )


def _give_up(report: Report) -> None:
    ended = Report.objects.filter(
        pk=report.pk, draft_attempt=report.draft_attempt, draft_lease_until=report.draft_lease_until
    ).update(draft_lease_until=None)
    if ended:
        log.warning("draft_given_up", report=report.pk, attempts=report.draft_attempt)
        run = latest_run(report.study)
        _record(report, draft_input(report.study, run), None, run)


def fixed_draft(result: Mapping[str, Any], reason: str, style: HouseStyle | None = None) -> dict[str, Any]:
    """The draft without a model: every sentence by rule or template, in the house style."""
    facts = study_facts(result, None, style)
    sections, verdict = assemble(facts, [None] * len(facts.findings), [reason] if reason else [])
    return {"sections": as_json(sections), "model": None, "guard": verdict.as_json()}


def _record(
    report: Report,
    result: Mapping[str, Any],
    draft: Mapping[str, Any] | None,
    run: ScoreRun | None,
    *,
    instead: bool = False,
    style: HouseStyle | None = None,
) -> Revision:
    """Insert the draft as a revision. Without one, the fixed sentences stand in for it.

    instead: it takes the place of a draft that nobody has touched, also while the study is being read.
    """
    style = style or house_style(report.study.site)
    if draft is None:
        try:
            why = "The draft could not be worded; its sentences are fixed ones." if run else ""
            draft = fixed_draft(result, why, style)
        except DraftInputError:
            draft = {
                "sections": {},
                "model": None,
                "guard": {"passed": False, "reasons": ["The AI result is unusable."]},
            }
    state = text_state(report)
    beside = state.has_human or (not instead and state.current is not None and open_reading(report.study) is not None)
    model = draft["model"]
    sections = drafted_sections(content_for(report.programme), draft["sections"])
    revision = Revision.objects.create(
        report=report,
        number=state.next_number if state.current else 0,
        parent=state.current.number if state.current else None,
        sections=sections,
        answers=answers_of_draft(report.programme, result, sections),
        author=None,
        origin=f"{model['name']}@{model['version']}" if model else "fixed sentences",
        run=run,
        guard=dict(draft["guard"]),
        offered=beside,
        created_at=timezone.now(),
    )
    advance(report, REPORT_TABLE, "drafted")
    audit.record(
        Verb.REPORT_DRAFTED,
        actor=None,
        site=report.study.site,
        object_type="report",
        object_id=report.pk,
        detail={
            "revision": revision.number,
            "offered": beside,
            "run": run.pk if run else None,
            "style": style.version,
        },
    )
    return revision
