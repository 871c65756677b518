"""Who and what a report is about, in FHIR: patient, people, order, study, devices."""

from __future__ import annotations

from reports.export.exported import PRODUCT, ExportedModel, ExportedReport, ExportedSigner, derived_uid
from reports.export.fhir_parts import (
    SYSTEMS,
    Resource,
    accession,
    human_name,
    id_of,
    instant,
    model_id,
    organization_id,
    patient_id,
    practitioner_id,
    to,
    typed,
)
from reports.export.names import name_parts
from screening.dicom.elements import clean

GENDERS = {"M": "male", "F": "female", "O": "other"}


def patient_of(report: ExportedReport) -> Resource:
    patient = report.patient
    found: Resource = {"resourceType": "Patient", "id": patient_id(report)}
    if identity := clean(patient.patient_id, 64):
        system = derived_uid("patients", report.site_slug, patient.issuer)
        found["identifier"] = [{"type": typed("v2-0203", "MR"), "system": f"urn:oid:{system}", "value": identity}]
        if issuer := clean(patient.issuer, 64):
            found["identifier"][0]["assigner"] = {"display": issuer}
    if names := [human_name(parts) for parts in name_parts(patient.name)]:
        found["name"] = names
    found["gender"] = GENDERS.get(patient.sex, "unknown")
    if patient.birth_date:
        found["birthDate"] = patient.birth_date.isoformat()
    return found


def organization(report: ExportedReport) -> Resource:
    name = clean(report.site_name, 200) or PRODUCT
    return {"resourceType": "Organization", "id": organization_id(report), "name": name}


def practitioners(report: ExportedReport) -> list[Resource]:
    """Everybody who signed the report, agreed with it or added to it, once each."""
    signers = {signer.username: signer for signer, _moment, _digest in reversed(report.signings)}
    return [_practitioner(report, signer) for signer in signers.values()]


def _practitioner(report: ExportedReport, signer: ExportedSigner) -> Resource:
    family, given = (clean(part, 200) for part in signer.components)
    system = derived_uid("users", report.site_slug)
    return {
        "resourceType": "Practitioner",
        "id": practitioner_id(report, signer),
        "identifier": [{"system": f"urn:oid:{system}", "value": clean(signer.username, 150)}],
        "name": [
            {
                "use": "official",
                "text": clean(signer.name, 200),
                **({"family": family} if family else {}),
                **({"given": [given]} if given else {}),
            }
        ],
    }


def service_request(report: ExportedReport) -> Resource:
    """Only its number is known: what became of the order is not ours to say."""
    return {
        "resourceType": "ServiceRequest",
        "id": id_of(report, "order", report.accession_number),
        "identifier": [accession(report)],
        "status": "unknown",
        "intent": "order",
        "subject": to(patient_id(report)),
    }


def imaging_study(report: ExportedReport) -> Resource:
    found: Resource = {
        "resourceType": "ImagingStudy",
        "id": id_of(report, "study"),
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{report.study_uid}"}],
        "status": "available",
        "subject": to(patient_id(report)),
        "numberOfSeries": len(report.series),
        "numberOfInstances": sum(series.instances for series in report.series),
    }
    if report.accession_number:
        found["identifier"].append(accession(report))
        found["basedOn"] = [to(id_of(report, "order", report.accession_number))]
    if report.study_at:
        found["started"] = instant(report.study_at)
    if description := clean(report.description, 256):
        found["description"] = description
    if report.series:
        found["series"] = [
            {
                # A bare OID, as R4 has it: only identifiers carry the urn.
                "uid": series.uid,
                **({"number": series.number} if series.number is not None and series.number >= 0 else {}),
                "modality": {"system": SYSTEMS["DCM"], "code": clean(series.modality, 16) or "OT"},
                "numberOfInstances": series.instances,
            }
            for series in report.series
        ]
    return found


def device(model: ExportedModel) -> Resource:
    return {
        "resourceType": "Device",
        "id": model_id(model),
        "status": "active",
        "manufacturer": PRODUCT,
        "deviceName": [{"name": clean(model.name, 200), "type": "model-name"}],
        "version": [{"type": {"text": "software"}, "value": clean(model.version, 200)}],
        "property": [{"type": {"text": "SHA-256 of the weights"}, "valueCode": [{"text": model.sha256}]}],
    }
