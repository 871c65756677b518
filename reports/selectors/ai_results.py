"""What a model found, as the exports take it, before anybody has signed: IHE AI Results (RAD-141, TID 1500 and SEG)."""

from __future__ import annotations

import hashlib

from django.utils import timezone

from reports.content import content_for
from reports.export.exported import ExportedCategory, ExportedModel, ExportedPatient, ExportedReport, ExportedSigner
from reports.selectors.export import exported_finding, series_of
from screening.models import ScoreRun


def exported_run(run: ScoreRun) -> ExportedReport:
    """A run that succeeded, with every finding of it: preliminary, unsigned, its model as its observer.

    The run's own digest takes the place of a signature's, so that one run always makes the same objects.
    """
    study, patient = run.study, run.study.patient
    content = content_for(run.programme)
    model = ExportedModel(run.model_name, run.model_version, run.model_sha256)
    parts = (run.inputs_sha256, run.model_sha256, str(run.round), study.study_uid, study.site.slug)
    limited = bool(run.result.get("limitations"))
    return ExportedReport(
        report_id=0,
        site_slug=study.site.slug,
        site_name=study.site.name,
        programme=run.programme,
        title=content.title,
        state="preliminary",
        study_uid=study.study_uid,
        accession_number=study.accession_number,
        study_at=timezone.localtime(study.study_at) if study.study_at else None,
        description=study.description,
        modality=study.modality,
        patient=ExportedPatient(
            patient.name, patient.patient_id, patient.issuer, patient.birth_date, patient.sex.upper()
        ),
        signer=ExportedSigner("", "", "", ""),
        signed_at=timezone.localtime(run.finished_at or run.requested_at),
        content_sha256=hashlib.sha256("\x00".join(parts).encode()).hexdigest(),
        sections=(),
        assessment_section=content.assessment_section,
        ai_state="incomplete" if limited else "scored",
        findings=tuple(
            exported_finding(each, each.number, edited=False)
            for each in run.findings.select_related("run").order_by("number")
        ),
        category=_category(run),
        series=series_of(study),
        by_model=model,
    )


def _category(run: ScoreRun) -> ExportedCategory | None:
    value = run.result.get("category")
    return ExportedCategory("Lung-RADS", str(value)) if run.programme == "lung" and value is not None else None
