"""A report's observations in FHIR: what a model measured, never final, and the category that was signed."""

from __future__ import annotations

from reports.export import codes
from reports.export.codes import Concept
from reports.export.exported import ExportedFinding, ExportedReport, tracking_uid
from reports.export.fhir_parts import (
    Resource,
    concept,
    id_of,
    instant,
    model_id,
    patient_id,
    practitioner_id,
    to,
    typed,
    uid_identifier,
)
from screening.dicom.elements import clean

PRESENT = Concept("52101004", "SCT", "Present")


def observation(report: ExportedReport, identity: str, code: Resource, status: str) -> Resource:
    found: Resource = {
        "resourceType": "Observation",
        "id": identity,
        "status": status,
        "category": [typed("observation-category", "imaging")],
        "code": code,
        "subject": to(patient_id(report)),
        "issued": instant(report.signed_at),
        "derivedFrom": [to(id_of(report, "study"))],
    }
    if report.study_at:
        found["effectiveDateTime"] = instant(report.study_at)
    return found


def signed_status(report: ExportedReport) -> str:
    """Of what was signed with the text; an observation is never `appended`."""
    return {"appended": "final"}.get(report.state, report.state)


def ai_state(report: ExportedReport) -> Resource:
    """Read, refused, failed, not processed: a report without marks does not say by itself which."""
    state = codes.AI_STATES.get(report.ai_state, codes.AI_STATES["pending"])
    found = observation(report, id_of(report, report.content_sha256, "ai"), concept(codes.AI_STATE), "preliminary")
    return {**found, "valueCodeableConcept": concept(state)}


def finding_observation(report: ExportedReport, finding: ExportedFinding) -> Resource:
    identity = id_of(report, report.content_sha256, "finding", finding.model.sha256, finding.key)
    words = clean(finding.type.replace("_", " "), 200)
    code = concept(codes.finding_concept(finding.type), text=words)
    found = observation(report, identity, code, "preliminary")
    found["identifier"] = [uid_identifier(tracking_uid(report, finding))]
    found["valueCodeableConcept"] = concept(PRESENT)
    found["method"] = {"text": clean(f"{finding.model.name} {finding.model.version}", 200)}
    found["device"] = to(model_id(finding.model))
    site, place = codes.site_of(finding, report.programme), clean(finding.location, 200)
    if site is not None:
        found["bodySite"] = concept(*(part for part in (site.place, site.side, site.part) if part), text=place)
    elif place:
        found["bodySite"] = {"text": place}
    found["component"] = [_component(number) for number in codes.numbers_of(finding)]
    notes = [f"Image {finding.sop_uid}, frame {finding.frame}."]
    if finding.edited:
        notes.append("The sentence on this finding was edited; the measurements here are the model's.")
    found["note"] = [{"text": note} for note in notes]
    return found


def _component(number: codes.Number) -> Resource:
    unit = "" if number.unit == "1" else number.unit
    return {
        "code": concept(number.name, text=f"Mean {number.name.meaning.lower()}" if number.mean else ""),
        "valueQuantity": {
            "value": number.value,
            **({"unit": unit} if unit else {}),
            "system": "http://unitsofmeasure.org",
            "code": number.unit,
        },
    }


def category_observation(report: ExportedReport) -> Resource:
    if report.category is None:
        raise ValueError("There is no category.")
    name, value = codes.category_concepts(report.category)
    identity = id_of(report, report.content_sha256, "category")
    found = observation(report, identity, concept(name), signed_status(report))
    found["performer"] = [to(practitioner_id(report))]
    text = f"{report.category.scheme} {report.category.value}{report.category.modifier}"
    found["valueCodeableConcept"] = concept(value, text=text)
    if report.category.modifier:
        modifier = {"code": concept(codes.MODIFIER), "valueCodeableConcept": concept(codes.MODIFIER_S)}
        found["component"] = [modifier]
    return found
