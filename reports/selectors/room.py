"""All that the reading room shows of one study, as one dictionary for the page's script."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import SignWith, User
from accounts.roles import Action, can
from accounts.services import recently_authenticated
from reports.content import content_for
from reports.models import Report
from reports.selectors.addenda import came_late
from reports.selectors.beside import room_beside
from reports.selectors.coded import form_json
from reports.selectors.double_reading import stage_of
from reports.selectors.findings import finding_types, findings_json, reject_reasons
from reports.selectors.follow_up import recommendation_json
from reports.selectors.images import hang_of, series_of
from reports.selectors.kept import keep_json
from reports.selectors.measuring import measurements_json
from reports.selectors.news import mark_of
from reports.selectors.opinion import opinion_json, sight
from reports.selectors.phrases import phrases_json
from reports.selectors.report import report_json, text_state
from reports.selectors.strings import strings
from reports.selectors.versions import may_cosign
from reports.states import REPORT_TABLE, ReportStatus
from screening.models import Finding, Reading, ScoreRun, Study, Tier
from screening.programmes import PROGRAMMES, presets_for
from screening.selectors import findings_of, latest_run, open_reading
from screening.selectors.doors import may
from screening.selectors.measuring import Decided, decided_findings
from screening.selectors.orders import order_of
from screening.selectors.phrases import age, ai_lines, person_name
from screening.selectors.registry import basis_words
from screening.states import AiState, RunStatus

CLOSED = (ReportStatus.SIGNED, ReportStatus.AMENDED)


def report_of(study: Study) -> Report | None:
    return Report.objects.filter(study=study).select_related("study__site").first()


def room(study: Study, user: User, request: HttpRequest) -> dict[str, Any]:
    """The page's data. A role that may not see AI results gets none, nor any report, nor a tier; nor does a reader
    from whom they are held back until their first opinion.

    Where no report has been begun, an empty one of the study's programme is shown.
    """
    sees_ai, sees_report, held = sight(study, user)
    reading, report = open_reading(study), report_of(study) if sees_report else None
    run = latest_run(study) if sees_ai else None
    findings = _shown_findings(study, run) if sees_ai else []
    awaits, blind = stage_of(study)
    rights = _rights(study, user, reading, report, held or awaits)
    return {
        "study": _study_json(study, sees_ai),
        "ai": _ai_json(study, run, findings) if sees_ai else {"state": "held_back" if held else "hidden"},
        "hang": hang_of(study),
        "presets": [
            {"key": each.key, "name": each.name, "label": str(each.label), "width": each.width, "level": each.level}
            for each in (presets_for(study.programme) if study.modality == "CT" else ())
        ],
        "series": series_of(study),
        "findings": findings_json(_decided(study, findings, blind), run) if sees_ai else [],
        "reject_reasons": reject_reasons(),
        "finding_types": finding_types(),
        "measurements": measurements_json(study, user) if may(user, Action.VIEW_REPORT, study) else [],
        "findings_section": content_for(report.programme if report else study.programme).findings_section,
        "form": form_json(report.programme if report else study.programme) if sees_report else None,
        "opinion": opinion_json(study, user, reading, held),
        "report": report_json(report or Report(study=study, programme=study.programme)) if sees_report else None,
        "reader": str(reading.reader) if reading else None,
        "can": rights,
        "awaits_opinion": awaits and not held,
        "sign_with": study.site.sign_with,
        "needs_password": study.site.sign_with == SignWith.EACH or not recently_authenticated(request),
        "late_images": late_images(study, user, reading),
        "came_late": came_late(study) if sees_report else None,
        "recommendation": recommendation_json(report) if rights["amend"] else None,
        "mark": mark_of(study, user, sees_ai=sees_ai, blind=blind),
        "order": order_of(study),
        "urls": _urls(study, report, writes=can(user, Action.EDIT_REPORT, study.site)),
        "phrases": phrases_json(user) if rights["edit"] or rights["amend"] else [],
        "keep": keep_json(user, report) if rights["edit"] else None,
        **room_beside(study, user, sees_report),
        "strings": strings(),
    }


def room_state(study: Study, user: User) -> dict[str, Any]:
    """What the open page asks for every few seconds: only what can change under it."""
    sees_ai, sees_report, held = sight(study, user)
    report, blind = report_of(study) if sees_report else None, stage_of(study)[1]
    # While opinions are blind no text is sent, so nothing is told of one either: its number would say how much was written.
    state = text_state(report) if report and not blind else None
    run = latest_run(study) if sees_ai else None
    findings = _shown_findings(study, run) if sees_ai else []
    return {
        "study_status": study.status,
        "ai": _ai_json(study, run, findings) if sees_ai else {"state": "held_back" if held else "hidden"},
        "decisions": {each.key: each.state for each in _decided(study, findings, blind)} if sees_ai else {},
        "mark": mark_of(study, user, sees_ai=sees_ai, blind=blind),
        "report_status": report.status if report else None,
        "revision": state.current.number if state and state.current else None,
        "draft_ready": bool(state and (state.offered or (state.current and state.current.author_id is None))),
        "offered": state.offered.number if state and state.offered else None,
        "late_images": late_images(study, user, open_reading(study)),
    }


def _decided(study: Study, findings: list[Finding], blind: bool) -> list[Decided]:
    """While opinions are blind of each other nobody's decisions are told."""
    return [Decided(each.key, each, None) for each in findings] if blind else decided_findings(study, findings)


def late_images(study: Study, user: User, reading: Reading | None) -> int:
    """Images that came since the holder of the open reading last loaded the study."""
    if reading is None or reading.reader_id != user.pk:
        return 0
    return max(0, study.instance_count - reading.instances_seen)


def _rights(study: Study, user: User, reading: Reading | None, report: Report | None, held: bool) -> dict[str, bool]:
    """held: nothing may be written yet, for want of a first opinion or of the opinions the study's rule asks for."""
    site = study.site
    mine = reading is not None and reading.reader_id == user.pk
    writes = can(user, Action.EDIT_REPORT, site)
    edits = mine and writes and not held and (report is None or report.status not in CLOSED)
    claims = can(user, Action.CLAIM_STUDY, site)
    after = report is not None and report.status in CLOSED and can(user, Action.SIGN_REPORT, site)
    return {
        "edit": edits,
        "sign": edits and can(user, Action.SIGN_REPORT, site),
        "sign_preliminary": edits and (report is None or report.status != ReportStatus.PRELIMINARY),
        "add": after,
        "amend": after and report is not None and (report.status, "amend") in REPORT_TABLE,
        "cosign": after and report is not None and may_cosign(report, user),
        "claim": claims and reading is None and study.is_readable,
        "release": claims and mine,
    }


def _study_json(study: Study, sees_ai: bool) -> dict[str, Any]:
    patient = study.patient
    programme = PROGRAMMES.get(study.programme)
    day = timezone.localtime(study.study_at or study.received_at).date()
    return {
        "uid": study.study_uid,
        "site": study.site.name,
        "programme": study.programme,
        "programme_label": str(programme.label) if programme else _("No programme"),
        "modality": study.modality,
        "description": study.description,
        "accession_number": study.accession_number,
        "study_at": study.study_at.isoformat() if study.study_at else None,
        "status": study.status,
        "status_label": study.get_status_display(),
        # Tier and due time move with the score, so a role that may not see it gets those without AI.
        "due_at": (study.due_at if sees_ai else study.base_due_at).isoformat(),
        "tier": study.tier if sees_ai else Tier.ROUTINE.value,
        "tier_label": study.get_tier_display() if sees_ai else "",
        "patient": {
            "name": person_name(patient.name),
            "id": patient.patient_id,
            "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
            "sex": patient.sex,
            "age": age(patient, day),
            "mismatch": patient.mismatch,
        },
    }


def _scored(study: Study, run: ScoreRun | None) -> bool:
    return study.ai_state == AiState.SCORED and run is not None and run.status == RunStatus.SUCCEEDED


def _shown_findings(study: Study, run: ScoreRun | None) -> list[Finding]:
    return findings_of(study) if _scored(study, run) else []


def _ai_json(study: Study, run: ScoreRun | None, findings: list[Finding]) -> dict[str, Any]:
    """Nothing of a result is told unless the study stands as scored by it: no stale score looks negative."""
    scored = _scored(study, run)
    result = run.result if scored and run else {}
    state = study.ai_state if scored or study.ai_state != AiState.SCORED else AiState.PENDING.value
    label, detail, _style = ai_lines(study, run, findings)
    return {
        "state": str(state),
        "label": label,
        "detail": detail,
        "reason": study.ai_reason,
        "limitations": result.get("limitations") or [],
        "score": result.get("score"),
        "above_threshold": result.get("above_threshold"),
        "category": result.get("category"),
        "category_rule": result.get("category_rule") or "",
        "band": result.get("band"),
        "model": (
            {"name": run.model_name, "version": run.model_version, "sha256": run.model_sha256}
            if scored and run
            else None
        ),
        "progress": run.progress if run and run.status == RunStatus.RUNNING else None,
        "tier_rule": study.tier_rule if scored else "",
        "advisory": basis_words(run.triage_basis) if scored and run and not run.may_triage else "",
        "attributes": result.get("attributes") or {},
    }


def _urls(study: Study, report: Report | None, *, writes: bool) -> dict[str, str | None]:

    def here(name: str) -> str:
        # Another of the user's sites may have a study of the same UID.
        return f"{reverse(name, args=(study.study_uid,))}?site={study.site.slug}"

    return {
        "second_window": reverse("images-window"),
        "save": reverse("report-save", args=(report.pk,)) if report else None,
        "answers": reverse("report-answers", args=(report.pk,)) if report else None,
        "revisions": reverse("report-revisions", args=(report.pk,)) if report else None,
        "review": reverse("report-review", args=(report.pk,)) if report else None,
        "sign": reverse("report-sign", args=(report.pk,)) if report else None,
        "addendum": reverse("report-addendum", args=(report.pk,)) if report else None,
        "amend": reverse("report-amend", args=(report.pk,)) if report else None,
        "cosign": reverse("report-cosign", args=(report.pk,)) if report else None,
        "late_seen": reverse("report-late-images-seen", args=(report.pk,)) if report else None,
        "measure": here("measurement-save") if writes else None,
        "measurements": here("measurements"),
        "decide": here("finding-decide"),
        "opinion": here("first-opinion"),
        "state": here("reading-room-state"),
        "news": here("reading-room-news"),
        "pdf": reverse("report-pdf", args=(report.pk,)) if report else None,
        "print": reverse("report-print", args=(report.pk,)) if report else None,
        "next": reverse("worklist-next"),
        "upcoming": f"{reverse('upcoming-images')}?after={study.study_uid}" if writes else None,
        "worklist": reverse("worklist"),
        "claim": here("study-claim"),
        "release": here("study-release"),
    }
