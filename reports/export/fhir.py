"""A signed report as a FHIR R4 bundle: DiagnosticReport with its patient, study, observations and provenance.

What a model said is an Observation of its own that is never `final`: the signature is under the report's text. The
assessment category and the coded answers, which were signed with it, are the signer's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime

from reports.export import codes
from reports.export.exported import ExportedModel, ExportedReport, ExportedSigner, derived_uid
from reports.export.fhir_answers import answer_observation, answer_provenances
from reports.export.fhir_observations import ai_state, category_observation, finding_observation
from reports.export.fhir_parts import (
    Resource,
    concept,
    id_of,
    instant,
    model_id,
    organization_id,
    patient_id,
    practitioner_id,
    said,
    to,
    typed,
    uid_identifier,
)
from reports.export.fhir_people import device, imaging_study, organization, patient_of, practitioners, service_request
from reports.export.fhir_values import faults
from screening.dicom.elements import clean


def diagnostic_report_bundle(report: ExportedReport, pdf: bytes | None = None) -> Resource:
    """A `collection` whose resources refer to each other by urn:uuid. pdf: the presented form.

    Raises ValueError when a code is outside its required value set: that would be a fault of this module.
    """
    measuring = dict.fromkeys(finding.model for finding in report.findings)
    models = list(measuring | dict.fromkeys(each.model for each in report.answers if each.model))
    observations = [ai_state(report), *(finding_observation(report, each) for each in report.findings)]
    if report.category is not None:
        observations.append(category_observation(report))
    observations += [answer_observation(report, each) for each in report.answers]
    resources = [
        _diagnostic_report(report, observations, pdf),
        patient_of(report),
        organization(report),
        *practitioners(report),
        *([service_request(report)] if report.accession_number else []),
        imaging_study(report),
        *(device(model) for model in models),
        *observations,
        *(_signing(report, *each) for each in report.signings),
        *(_model_provenance(report, model) for model in measuring),
        *answer_provenances(report),
    ]
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": uid_identifier(derived_uid("bundle", report.newest_sha256)),
        "timestamp": instant(report.issued_at),
        "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources],
    }
    if found := faults(bundle):
        raise ValueError("; ".join(found))
    return bundle


def bundle_json(report: ExportedReport, pdf: bytes | None = None) -> bytes:
    """The bundle as a file: UTF-8, the same bytes for the same signature."""
    return json.dumps(diagnostic_report_bundle(report, pdf), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _report_id(report: ExportedReport) -> str:
    """One for all versions of a report: a correction replaces what was there."""
    return id_of(report, "report", report.report_id)


def _diagnostic_report(report: ExportedReport, observations: Iterable[Resource], pdf: bytes | None) -> Resource:
    signer = clean(report.signer.name, 200)
    interpreters = {each.username: each for each in (report.signer, *(each.signer for each in report.cosigners))}
    found: Resource = {
        "resourceType": "DiagnosticReport",
        "id": _report_id(report),
        "identifier": [uid_identifier(derived_uid("report", report.site_slug, report.study_uid, report.report_id))],
        "status": report.state,
        "category": [typed("v2-0074", "RAD")],
        "code": concept(
            *dict.fromkeys((codes.procedure(report.programme), codes.DIAGNOSTIC_REPORT)), text=clean(report.title, 200)
        ),
        "subject": to(patient_id(report)),
        "issued": instant(report.issued_at),
        "performer": [to(organization_id(report)), to(practitioner_id(report), signer)],
        "resultsInterpreter": [
            to(practitioner_id(report, each), clean(each.name, 200)) for each in interpreters.values()
        ],
        "imagingStudy": [to(id_of(report, "study"))],
        "result": [to(each["id"]) for each in observations],
    }
    if report.study_at:
        found["effectiveDateTime"] = instant(report.study_at)
    if report.accession_number:
        found["basedOn"] = [to(id_of(report, "order", report.accession_number))]
    if conclusion := said(report.conclusion):
        found["conclusion"] = conclusion
    if report.category is not None:
        found["conclusionCode"] = [concept(codes.category_concepts(report.category)[1])]
    text = "\n\n".join(f"{clean(each.title, 200)}\n{said(each.text)}" for each in report.sections if each.text)
    found["presentedForm"] = [_attachment("text/plain; charset=utf-8", text.encode("utf-8", "replace"), report)]
    if pdf is not None:
        found["presentedForm"].append(_attachment("application/pdf", pdf, report))
    return found


def _attachment(kind: str, data: bytes, report: ExportedReport) -> Resource:
    return {
        "contentType": kind,
        "language": report.language,
        "data": base64.b64encode(data).decode("ascii"),
        "creation": instant(report.issued_at),
    }


def _signing(report: ExportedReport, signer: ExportedSigner, moment: datetime, sha256: str) -> Resource:
    """Who signed, when, and over which bytes; the hash is that of the site's chain of signatures. An amended text says
    why, and of which signed bytes it is a revision."""
    found: Resource = {
        "resourceType": "Provenance",
        "id": id_of(report, sha256, "signing"),
        "target": [to(_report_id(report))],
        "recorded": instant(moment),
        "activity": typed("v3-DocumentCompletion", "LA" if report.is_final else "PA"),
        "agent": [
            {
                "type": typed("provenance-participant-type", "attester"),
                "who": to(practitioner_id(report, signer), clean(signer.name, 200)),
                "onBehalfOf": to(organization_id(report)),
            }
        ],
        "entity": [
            {
                "role": "source",
                "what": {"identifier": {"value": f"sha256:{sha256}"}, "display": "Signed content"},
            }
        ],
    }
    if report.amends_sha256 and sha256 == report.content_sha256:
        found["reason"] = [{"text": said(report.reason)}]
        earlier = {"identifier": {"value": f"sha256:{report.amends_sha256}"}, "display": "Amended content"}
        found["entity"].append({"role": "revision", "what": earlier})
    return found


def _model_provenance(report: ExportedReport, model: ExportedModel) -> Resource:
    targets = [each for each in report.findings if each.model == model]
    return {
        "resourceType": "Provenance",
        "id": id_of(report, report.content_sha256, "model", model_id(model)),
        "target": [to(finding_observation(report, each)["id"]) for each in targets],
        "recorded": instant(report.signed_at),
        "agent": [
            {
                "type": typed("provenance-participant-type", "assembler"),
                "who": to(model_id(model), clean(f"{model.name} {model.version}", 200)),
            }
        ],
    }
