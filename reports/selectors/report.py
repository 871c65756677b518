"""A report's text as it stands, who may see it, and its forms for pages and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.roles import can
from reports.content import ReportContent, content_for, normal_template
from reports.export.document import ReportDocument, SectionText
from reports.models import Meaning, Report, Revision, Signature
from reports.sections import Sections, Sentence, normal_sentences, sentences_of
from reports.selectors.addenda import addenda_json, addendum_texts, appended_line
from reports.selectors.coded import answers_json
from reports.selectors.double_reading import is_blind
from reports.selectors.house_style import ordered_sections
from reports.selectors.versions import signature_facts, version_words, versions_json, versions_of
from reports.states import ReportStatus
from screening.models import Study
from screening.selectors import latest_run, visible_studies
from screening.selectors.holding import is_held_back
from screening.selectors.phrases import age, person_name
from screening.states import AiState, RunStatus

# The state a study is in while a run's outcome stands for it.
OUTCOMES = {
    RunStatus.SUCCEEDED: AiState.SCORED,
    RunStatus.REFUSED: AiState.REFUSED,
    RunStatus.FAILED: AiState.FAILED,
}
HELD_BACK = gettext_lazy("The AI's view and the draft are held back until you have committed your first opinion.")
UNTOUCHED = (ReportStatus.DRAFTING, ReportStatus.DRAFT)


@dataclass(frozen=True)
class TextState:
    """The revisions of one report, read in one query so that all of it is of one moment.

    current: the text that counts, None before any. offered: an AI draft beside it that the
    reader has not taken over. originals: every sentence the AI wrote, by id.
    """

    current: Revision | None
    offered: Revision | None
    next_number: int
    has_human: bool
    originals: Mapping[str, Sentence] = field(default_factory=dict)


def text_state(report: Report) -> TextState:
    if report.pk is None:
        return TextState(current=None, offered=None, next_number=1, has_human=False)
    revisions = list(report.revisions.select_related("author").order_by("number"))
    accepted = [revision for revision in revisions if not revision.offered]
    human = [revision for revision in revisions if revision.author_id is not None]
    drafts = [revision for revision in revisions if revision.author_id is None]
    originals = {sentence["id"]: sentence for draft in drafts for sentence in sentences_of(draft.sections)}
    return TextState(
        current=accepted[-1] if accepted else None,
        offered=_offered(drafts, human),
        # Number 0 is kept for a first draft that is still on its way.
        next_number=revisions[-1].number + 1 if revisions else 1,
        has_human=bool(human),
        originals=originals,
    )


def _offered(drafts: list[Revision], human: list[Revision]) -> Revision | None:
    """The newest draft that stands beside the text: nothing of it was ever taken over."""
    if not drafts or not human:
        return drafts[-1] if drafts and drafts[-1].offered else None
    newest = max(drafts, key=lambda draft: draft.created_at)
    unseen_first = newest.number == 0 and human[0].parent is None
    if not (newest.offered or unseen_first):
        return None
    ids = {sentence["id"] for sentence in sentences_of(newest.sections)}
    taken = any(sentence["id"] in ids for revision in human for sentence in sentences_of(revision.sections))
    return None if taken else newest


def is_outdated(revision: Revision | None, study: Study) -> bool:
    """Is this an AI draft of a result that no longer stands (late images, another programme)?"""
    if revision is None or revision.author_id is not None or revision.run_id is None:
        return False
    run = latest_run(study)
    return run is None or run.pk != revision.run_id or OUTCOMES.get(RunStatus(run.status)) != study.ai_state


def report_for(user: User, report_id: int, action: str) -> Report:
    """The door to a report: Http404 out of sight, PermissionDenied when `action` is not allowed, or while the draft in
    it is held back until the user's first opinion."""
    report = (
        Report.objects.filter(pk=report_id, study__in=visible_studies(user))
        .select_related("study__site", "study__patient")
        .first()
    )
    if report is None:
        raise Http404(_("There is no such report."))
    if not can(user, action, report.study.site):
        raise PermissionDenied(_("Your role does not allow this."))
    if is_held_back(user, report.study):
        raise PermissionDenied(HELD_BACK)
    return report


def listed_sections(content: ReportContent, sections: Sections, site: Site) -> list[dict[str, Any]]:
    """Sections in the order of the site, with titles in the viewer's language."""
    return [
        {
            "name": section.name,
            "title": _(section.title),
            "required": section.required,
            "sentences": sections.get(section.name, []),
        }
        for section in ordered_sections(content, site)
    ]


def revision_json(revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "author": str(revision.author) if revision.author else _("AI draft"),
        "saved_at": revision.created_at.isoformat(),
        "sections": revision.sections,
        "answers": answers_json(revision.report, revision),
    }


def report_json(report: Report) -> dict[str, Any]:
    """The report as page and API show it; the text is that of the current revision.

    While opinions are given blind of each other, no text is sent: it may be another reader's.
    """
    content = content_for(report.programme)
    state = TextState(None, None, 1, has_human=False) if is_blind(report.study) else text_state(report)
    current, offered = state.current, state.offered
    outdated = report.status in UNTOUCHED and is_outdated(current, report.study)
    first = offered or (current if current and current.author_id is None else None)
    return {
        "id": report.pk,
        "study_uid": report.study.study_uid,
        "status": report.status,
        "status_label": report.get_status_display(),
        "revision": current.number if current else None,
        "saved_at": current.created_at.isoformat() if current else None,
        "author": str(current.author) if current and current.author else None,
        "sections": listed_sections(content, current.sections if current and not outdated else {}, report.study.site),
        "answers": answers_json(report, current if not outdated else None),
        "normal": normal_sentences(normal_template(report.programme, get_language() or "en")),
        "offered": (
            {
                "revision": offered.number,
                "saved_at": offered.created_at.isoformat(),
                "sections": listed_sections(content, offered.sections, report.study.site),
            }
            if offered
            else None
        ),
        "guard": first.guard if first else {},
        "signatures": [_signature_json(signature) for signature in _signatures(report)],
        "addenda": addenda_json(report),
        "versions": [] if is_blind(report.study) else versions_json(report),
    }


def _signatures(report: Report) -> list[Signature]:
    return list(report.signatures.order_by("sequence")) if report.pk else []


def _signature_json(signature: Signature) -> dict[str, Any]:
    return {
        "signer": signature.signer_name,
        "meaning": signature.meaning,
        "signed_at": signature.signed_at.isoformat(),
        "sha256": signature.content_sha256,
    }


def _day(study: Study) -> str:
    return timezone.localtime(study.study_at).strftime("%Y-%m-%d") if study.study_at else _("unknown")


def report_document(report: Report, version: int | None = None) -> ReportDocument | None:
    """What an export shows: the last signed text, its addenda, never a later unsigned one. None when unsigned or
    erased, and while opinions are given blind of each other: a preliminary text is another reader's.

    version: an earlier one by its number; it says so, and shows no addendum.
    """
    versions = [] if is_blind(report.study) else versions_of(report)
    chosen = next((each for each in versions if each.number == (version or len(versions))), None)
    if chosen is None:
        return None
    counts = chosen.number == len(versions)
    addenda = addendum_texts(report) if counts else ()
    content = content_for(report.programme)
    study, patient = report.study, report.study.patient
    day = timezone.localtime(study.study_at or study.received_at).date()
    years = age(patient, day)
    signature = chosen.signature
    sections = signature.revision.sections
    preliminary = counts and signature.meaning == Meaning.PRELIMINARY
    return ReportDocument(
        title=_(content.title),
        site=study.site.name,
        preliminary=_("Preliminary report, to be confirmed") if preliminary else "",
        notice=_("Research software, not a medical device. Not for clinical use."),
        facts=(
            (_("Patient"), person_name(patient.name)),
            (_("Patient ID"), patient.patient_id or _("unknown")),
            (_("Birth date"), patient.birth_date.isoformat() if patient.birth_date else _("unknown")),
            (_("Sex"), patient.sex or _("unknown")),
            (_("Age at study"), str(years) if years is not None else _("unknown")),
            (_("Study date"), _day(study)),
            (_("Accession number"), study.accession_number or _("none")),
            (_("Study"), study.description or study.modality or _("No description")),
        ),
        sections=tuple(
            SectionText(_(section.title), tuple(sentence["text"] for sentence in sections[section.name]))
            for section in ordered_sections(content, study.site, signature.signed_at)
            if sections.get(section.name)
        ),
        signature=(
            *signature_facts(signature),
            *([(_("Reason of the amendment"), chosen.reason)] if chosen.reason else []),
            (_("Study UID"), study.study_uid),
        ),
        page_words=_("Page {page} of {pages}"),
        addenda=addenda,
        appended=appended_line(len(addenda)),
        version=version_words(chosen, versions),
        cosignatures=tuple(signature_facts(each) for each in chosen.cosigned),
    )
