"""A signed report as the exports take it: what was signed, word by word, and the findings it rests on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.utils import timezone

from reports.content import content_for
from reports.export.exported import (
    ExportedAddendum,
    ExportedCosigner,
    ExportedFinding,
    ExportedModel,
    ExportedPatient,
    ExportedReport,
    ExportedSection,
    ExportedSeries,
    ExportedSigner,
    ReportState,
    stated_category,
)
from reports.models import TEXTS, Meaning, Report, Signature
from reports.sections import sentences_of
from reports.selectors.export_answers import exported_answers, replaced_answers
from reports.selectors.house_style import ordered_sections
from reports.selectors.versions import section_texts
from screening.models import Finding, ScoreRun, Study
from screening.states import AiState, FindingState


def exported_report(report: Report) -> ExportedReport | None:
    """The newest signed state, never a later unsigned one; None when nothing is signed, or it was erased."""
    signatures = list(report.signatures.exclude(canonical="").select_related("signer").order_by("sequence"))
    return exported_after(report, signatures) if any(each.meaning in TEXTS for each in signatures) else None


def exported_after(report: Report, signatures: list[Signature]) -> ExportedReport:
    """The report as the last of its `signatures`, in order, left it. One of them at least is under a text."""
    contents = [(each, json.loads(each.canonical)) for each in signatures]
    signature, signed = next((each, stored) for each, stored in reversed(contents) if each.meaning in TEXTS)
    added = [(each, stored) for each, stored in contents if each.meaning == Meaning.ADDENDUM]
    cosigned = [each for each in signatures if each.meaning == Meaning.COSIGNED and each.sequence > signature.sequence]
    study, patient = report.study, report.study.patient
    content = content_for(report.programme)
    texts = section_texts(signed)
    runs = _runs(report, signature)
    # As the page and the PDF show them: in the order that the site had when this was signed.
    titles = {each.name: each.title for each in ordered_sections(content, study.site, signature.signed_at)}
    in_order = dict.fromkeys((*(name for name in titles if name in texts), *texts))
    sections = [ExportedSection(name, titles.get(name, name), texts[name]) for name in in_order if texts[name]]
    amends = signed.get("amends", {}).get("content_sha256", "")
    amended = [_amendment_section(signed, signatures)] if amends else []
    agreed = [_cosignature_section(number, each) for number, each in enumerate(cosigned, start=1)]
    addenda = [_addendum_section(each, stored) for each, stored in added]
    told = _told(contents)
    final = [stored for each, stored in told if each.meaning != Meaning.ADDENDUM]
    before = [stored for each, stored in told[:-1] if each.meaning != Meaning.ADDENDUM]
    return ExportedReport(
        report_id=report.pk,
        site_slug=study.site.slug,
        site_name=study.site.name,
        programme=report.programme,
        title=content.title,
        state=_state(contents),
        study_uid=study.study_uid,
        accession_number=study.accession_number,
        study_at=timezone.localtime(study.study_at) if study.study_at else None,
        description=study.description,
        modality=study.modality,
        patient=ExportedPatient(
            patient.name, patient.patient_id, patient.issuer, patient.birth_date, patient.sex.upper()
        ),
        signer=_signer(signature),
        signed_at=timezone.localtime(signature.signed_at),
        content_sha256=signature.content_sha256,
        sections=(*sections, *amended, *agreed, *addenda),
        assessment_section=content.assessment_section,
        ai_state=_ai_state(signed, runs),
        previous_sha256=signatures[-2].content_sha256 if len(signatures) > 1 else "",
        replaced=_replaced(contents),
        findings=_findings(signed, runs),
        category=stated_category(report.programme, texts.get(content.assessment_section, "")),
        series=series_of(study),
        addenda=tuple(
            ExportedAddendum(
                int(stored["number"]), _signer(each), timezone.localtime(each.signed_at), each.content_sha256
            )
            for each, stored in added
        ),
        cosigners=tuple(
            ExportedCosigner(_signer(each), timezone.localtime(each.signed_at), each.content_sha256)
            for each in cosigned
        ),
        reason=signed["reason"] if amends else "",
        amends_sha256=amends,
        latest_sha256=signatures[-1].content_sha256,
        latest_at=timezone.localtime(signatures[-1].signed_at),
        answers=exported_answers(report, signature, final or [signed]),
        answers_replaced=replaced_answers(report, before),
    )


Contents = Sequence[tuple[Signature, Mapping[str, Any]]]


def _told(contents: Contents) -> Contents:
    """What receivers were told as final, in its order: texts, amended texts and what was added to them."""
    return [each for each in contents if each[0].meaning in (Meaning.FINAL, Meaning.AMENDED, Meaning.ADDENDUM)]


def _state(contents: Contents) -> ReportState:
    """The newest change says what the whole is now; who only agreed has changed nothing."""
    told = _told(contents)
    states: Mapping[str, ReportState] = {Meaning.ADDENDUM: "appended", Meaning.AMENDED: "amended"}
    return states.get(told[-1][0].meaning, "final") if told else "preliminary"


def _replaced(contents: Contents) -> dict[str, str] | None:
    """The sections as receivers had them as final before the newest change; None when they had none."""
    before = _told(contents)[:-1]
    texts = [stored for each, stored in before if each.meaning != Meaning.ADDENDUM]
    if not texts:
        return None
    addenda = [_addendum_section(each, stored) for each, stored in before if each.meaning == Meaning.ADDENDUM]
    return {
        **{name: text for name, text in section_texts(texts[-1]).items() if text},
        **{section.name: section.text for section in addenda},
    }


def _amendment_section(signed: Mapping[str, Any], signatures: list[Signature]) -> ExportedSection:
    """Which signed report this text replaces, and why: a receiver that keeps one version must be able to say so."""
    amended = next(each for each in signatures if each.content_sha256 == signed["amends"]["content_sha256"])
    moment = timezone.localtime(amended.signed_at)
    lines = (
        f"Amended report; it replaces the one signed by {amended.signer_name}, {moment.isoformat()}",
        f"Reason: {signed['reason']}",
    )
    return ExportedSection("amendment", "Amendment", "\n".join(lines))


def _cosignature_section(number: int, signature: Signature) -> ExportedSection:
    moment = timezone.localtime(signature.signed_at)
    text = f"Read and agreed with. Co-signed by {signature.signer_name}, {moment.isoformat()}"
    return ExportedSection(f"cosignature-{number}", f"Co-signature {number}", text)


def _addendum_section(signature: Signature, signed: Mapping[str, Any]) -> ExportedSection:
    """The text, its reason and who signed it: the signature of what was added must be readable beside it."""
    moment = timezone.localtime(signature.signed_at)
    lines = (signed["text"], f"Reason: {signed['reason']}", f"Signed by {signature.signer_name}, {moment.isoformat()}")
    return ExportedSection(f"addendum-{signed['number']}", f"Addendum {signed['number']}", "\n".join(lines))


def _signer(signature: Signature) -> ExportedSigner:
    """The name as signed; its parts only while the account still has that name."""
    user, name = signature.signer, signature.signer_name
    known = bool(user.last_name) and user.get_full_name()[:150] == name
    return ExportedSigner(user.username, name, user.last_name if known else "", user.first_name if known else "")


def _runs(report: Report, signature: Signature) -> dict[str, ScoreRun]:
    """Sentence id → the run its draft was made from; under "" the newest draft's, for what a person wrote."""
    drafts = report.revisions.filter(author=None, run__isnull=False, created_at__lte=signature.signed_at)
    found: dict[str, ScoreRun] = {}
    for draft in drafts.select_related("run").order_by("created_at", "number"):
        if draft.run is not None:
            found |= {sentence["id"]: draft.run for sentence in sentences_of(draft.sections)}
            found[""] = draft.run
    return found


def _ai_state(signed: Mapping[str, Any], runs: Mapping[str, ScoreRun]) -> str:
    state = str(signed.get("ai_state") or AiState.PENDING)
    limited = "" in runs and bool(runs[""].result.get("limitations"))
    return "incomplete" if state == AiState.SCORED and limited else state


def _findings(signed: Mapping[str, Any], runs: Mapping[str, ScoreRun]) -> tuple[ExportedFinding, ...]:
    """The findings that a signed sentence names as its evidence: what the reader dropped or rejected is not told on,
    and of one they corrected is said that a person changed it."""
    named: dict[tuple[int, str], bool] = {}
    for section in signed["sections"]:
        for sentence in section["sentences"]:
            run = runs.get(sentence["id"]) or runs.get("")
            for key in sentence["evidence"]:
                if run is not None:
                    named[run.pk, key] = named.get((run.pk, key), False) or sentence["state"] != "ai"
    decided = {each["finding"]: each["state"] for each in signed.get("decisions", ())}
    wanted = {run for run, _key in named}
    found = [
        finding
        for finding in Finding.objects.filter(run__in=wanted).select_related("run").order_by("run_id", "number")
        if (finding.run_id, finding.key) in named and decided.get(finding.pk) != FindingState.REJECTED
    ]
    return tuple(
        # Two runs count each from 1.
        exported_finding(
            finding,
            finding.number if len(wanted) == 1 else place,
            edited=named[finding.run_id, finding.key] or decided.get(finding.pk) == FindingState.EDITED,
        )
        for place, finding in enumerate(found, start=1)
    )


def exported_finding(finding: Finding, number: int, *, edited: bool) -> ExportedFinding:
    run = finding.run
    x0, y0, x1, y1 = (float(value) for value in finding.box)
    return ExportedFinding(
        number=number,
        key=finding.key,
        type=finding.type,
        location=finding.location,
        size_mm=finding.size_mm,
        probability=finding.probability,
        series_uid=finding.series_uid,
        sop_uid=finding.sop_uid,
        frame=finding.frame,
        box=(x0, y0, x1, y1),
        contour=_contour(finding.contour),
        attributes=finding.attributes,
        model=ExportedModel(run.model_name, run.model_version, run.model_sha256),
        edited=edited,
    )


def _contour(stored: Any) -> tuple[tuple[float, float], ...] | None:
    """A polygon of at least three finite points; anything else is none."""
    if not isinstance(stored, list) or len(stored) < 3:
        return None
    points = tuple((float(x), float(y)) for x, y in stored)
    return points if all(math.isfinite(value) for point in points for value in point) else None


def series_of(study: Study) -> tuple[ExportedSeries, ...]:
    counted = study.series.annotate(instance_count=Count("instances")).filter(instance_count__gt=0)
    return tuple(ExportedSeries(each.series_uid, each.modality, each.number, each.instance_count) for each in counted)
