"""The coded answers of a signed report as FHIR observations: the signer's, with who or what answered first beside it."""

from __future__ import annotations

from collections.abc import Sequence

from reports.export.answer_codes import NOTES, ORIGINS, asked_concepts, given_concepts, side_of
from reports.export.exported import PRODUCT, ExportedAnswer, ExportedReport
from reports.export.fhir_observations import finding_observation, observation, signed_status
from reports.export.fhir_parts import (
    Resource,
    concept,
    id_of,
    instant,
    model_id,
    practitioner_id,
    said,
    to,
    typed,
)
from screening.dicom.elements import clean

UCUM = "http://unitsofmeasure.org"


def answer_observation(report: ExportedReport, answer: ExportedAnswer) -> Resource:
    """Signed with the text, so it has the report's status. Several options are components: as codings of one value
    they would be said to mean the same."""
    code = concept(*asked_concepts(answer), text=clean(answer.label, 200))
    found = observation(report, _id(report, answer), code, signed_status(report))
    found["performer"] = [to(practitioner_id(report))]
    found["method"] = concept(ORIGINS[answer.origin])
    values = [{"valueCodeableConcept": concept(*codes, text=words)} for codes, words in given_concepts(answer)]
    if len(values) > 1:
        found["component"] = [{"code": code, **value} for value in values]
    else:
        found |= values[0] if values else _plain(answer)
    if (site := side_of(answer)) and site.side:
        found["bodySite"] = concept(site.place, site.side)
    notes = [NOTES[answer.text]] if answer.text in NOTES else []
    if answer.finding:
        finding = report.finding_of(answer)
        if finding is not None:
            found["focus"] = [to(finding_observation(report, finding)["id"])]
        notes.append(f"Finding {finding.number if finding else clean(answer.finding, 200)}.")
    if notes:
        found["note"] = [{"text": note} for note in notes]
    return found


def answer_provenances(report: ExportedReport) -> list[Resource]:
    """One for each who answered: the signer, a model, the rules of the form."""
    groups: dict[tuple[str, str], list[ExportedAnswer]] = {}
    for each in report.answers:
        source = model_id(each.model) if each.model else each.schema
        groups.setdefault((each.origin, "" if each.origin == "human" else source), []).append(each)
    return [_provenance(report, source, answers) for source, answers in groups.items()]


def _provenance(report: ExportedReport, source: tuple[str, str], answers: Sequence[ExportedAnswer]) -> Resource:
    first = answers[0]
    kind = "author" if first.origin == "human" else "assembler"
    if first.origin == "human":
        who = to(practitioner_id(report), clean(report.signer.name, 200))
    elif first.origin == "ai" and first.model is not None:
        who = to(model_id(first.model), clean(f"{first.model.name} {first.model.version}", 200))
    else:
        what = "rules of the form" if first.origin == "rule" else "AI result"
        who = {"display": clean(f"{PRODUCT}, {what} {first.schema if first.origin == 'rule' else ''}", 200)}
    return {
        "resourceType": "Provenance",
        "id": id_of(report, report.content_sha256, "answers", *source),
        "target": [to(_id(report, each)) for each in answers],
        "recorded": instant(report.signed_at),
        "agent": [{"type": typed("provenance-participant-type", kind), "who": who}],
    }


def _id(report: ExportedReport, answer: ExportedAnswer) -> str:
    return id_of(report, report.content_sha256, "answer", answer.key)


def _plain(answer: ExportedAnswer) -> Resource:
    if isinstance(answer.value, str):
        return {"valueString": said(answer.value)}
    unit = {"unit": answer.unit} if answer.unit else {}
    return {"valueQuantity": {"value": answer.value, **unit, "system": UCUM, "code": answer.unit or "1"}}
