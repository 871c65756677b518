"""The small pieces FHIR resources are made of: identities, references, codings, names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reports.export import codes
from reports.export.codes import Concept
from reports.export.exported import ExportedModel, ExportedReport, ExportedSigner, derived_uid, derived_uuid
from reports.export.names import NameParts
from screening.dicom.elements import clean

Resource = dict[str, Any]

SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "RADLEX": "http://radlex.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    codes.OWN_SCHEME: f"urn:oid:{codes.OWN_SCHEME_UID}",
}
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
SCRIPT_CODES = {"alphabetic": "ABC", "ideographic": "IDE", "phonetic": "SYL"}
LONGEST = 100_000


def id_of(report: ExportedReport, *parts: object) -> str:
    return str(derived_uuid("fhir", report.site_slug, report.study_uid, *parts))


def model_id(model: ExportedModel) -> str:
    return str(derived_uuid("fhir device", model.name, model.version, model.sha256))


def to(identity: str, display: str = "") -> Resource:
    return {"reference": f"urn:uuid:{identity}", **({"display": display} if display else {})}


def patient_id(report: ExportedReport) -> str:
    patient = report.patient
    # A patient without an ID is known by the study alone.
    key = (patient.issuer, patient.patient_id) if patient.patient_id else ("study", report.study_uid)
    return str(derived_uuid("fhir patient", report.site_slug, *key))


def practitioner_id(report: ExportedReport, signer: ExportedSigner | None = None) -> str:
    """Of the report's signer, or of another of its site."""
    return str(derived_uuid("fhir practitioner", report.site_slug, (signer or report.signer).username))


def organization_id(report: ExportedReport) -> str:
    return str(derived_uuid("fhir organization", report.site_slug))


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def said(text: str) -> str:
    return "\n".join(line for line in (clean(line, LONGEST) for line in text.splitlines()) if line)


def coding(concept: Concept) -> Resource:
    return {"system": SYSTEMS[concept.scheme], "code": concept.value, "display": concept.meaning}


def concept(*concepts: Concept, text: str = "") -> Resource:
    return {"coding": [coding(each) for each in concepts], **({"text": text} if text else {})}


def typed(kind: str, code: str) -> Resource:
    return {"coding": [{"system": TERMINOLOGY + kind, "code": code}]}


def uid_identifier(uid: str) -> Resource:
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{uid}"}


def accession(report: ExportedReport) -> Resource:
    system = derived_uid("accession numbers", report.site_slug)
    value = clean(report.accession_number, 64)
    return {"type": typed("v2-0203", "ACSN"), "system": f"urn:oid:{system}", "value": value}


def human_name(parts: NameParts) -> Resource:
    found: Resource = {"use": "official", "text": parts.text}
    if parts.script != "alphabetic":
        found["extension"] = [{"url": REPRESENTATION, "valueCode": SCRIPT_CODES[parts.script]}]
    if parts.family:
        found["family"] = parts.family
    for key, values in {
        "given": (parts.given, parts.middle),
        "prefix": (parts.prefix,),
        "suffix": (parts.suffix,),
    }.items():
        if kept := [value for value in values if value]:
            found[key] = kept
    return found
