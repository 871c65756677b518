"""A signed report as a FHIR R4 bundle: valid by fhir.resources, true to the value sets, whole in its references."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from reports.export.codes import OWN_SCHEME_UID
from reports.export.exported import ExportedCategory, ReportState
from reports.export.fhir import bundle_json, diagnostic_report_bundle
from reports.export.fhir_values import faults
from tests.reports.exports import HOSTILE, MODEL, appended, ct_headers, hostile, report

MADE = report()


def of(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def observation(bundle: dict[str, Any], code: str) -> dict[str, Any]:
    return next(each for each in of(bundle, "Observation") if each["code"]["coding"][0]["code"] == code)


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["reference"]} if isinstance(node.get("reference"), str) else set()
        return own.union(*(references(each) for each in node.values()))
    return set().union(*(references(each) for each in node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("state", ["preliminary", "final", "amended", "corrected", "appended"])
def test_the_bundle_is_valid_r4_in_every_state(state: ReportState):
    bundle = diagnostic_report_bundle(replace(MADE, state=state), b"%PDF")
    Bundle.model_validate(bundle)
    assert faults(bundle) == []
    (found,) = of(bundle, "DiagnosticReport")
    assert found["status"] == state


def test_every_reference_leads_to_a_resource_of_the_bundle():
    bundle = diagnostic_report_bundle(MADE, b"%PDF")
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert references(bundle) <= set(urls)


def test_what_a_model_said_is_never_final():
    for state in ("preliminary", "final", "corrected"):
        bundle = diagnostic_report_bundle(replace(MADE, state=state))
        by_model = [each for each in of(bundle, "Observation") if "device" in each]
        assert len(by_model) == 2
        assert {each["status"] for each in by_model} == {"preliminary"}
        assert observation(bundle, "ai-state")["status"] == "preliminary"


def test_the_category_is_the_signers_and_has_the_reports_state():
    bundle = diagnostic_report_bundle(MADE)
    category = observation(bundle, "RID50134")
    assert category["status"] == "final" and "device" not in category
    assert category["valueCodeableConcept"]["coding"][0]["code"] == "RID50139"
    assert category["valueCodeableConcept"]["text"] == "Lung-RADS 4AS"
    assert category["component"][0]["valueCodeableConcept"]["coding"][0]["code"] == "lung-rads-s"
    appended = diagnostic_report_bundle(replace(MADE, state="appended"))
    # An Observation cannot be `appended`.
    assert observation(appended, "RID50134")["status"] == "final"


def test_a_finding_says_what_where_how_large_and_by_which_model():
    bundle = diagnostic_report_bundle(MADE)
    found = next(each for each in of(bundle, "Observation") if "device" in each)
    assert found["code"]["coding"][0] == {"system": "http://snomed.info/sct", "code": "27925004", "display": "Nodule"}
    assert [each["code"] for each in found["bodySite"]["coding"]] == ["45653009", "24028007"]
    sizes = {each["code"]["coding"][0]["code"]: each["valueQuantity"] for each in found["component"]}
    ucum = "http://unitsofmeasure.org"
    assert sizes["81827009"] == {"value": 8.2, "unit": "mm", "system": ucum, "code": "mm"}
    assert sizes["118565006"] == {"value": 288.0, "unit": "mm3", "system": ucum, "code": "mm3"}
    assert sizes["122157"] == {"value": 0.8125, "system": ucum, "code": "1"}
    (device,) = of(bundle, "Device")
    assert found["device"]["reference"] == f"urn:uuid:{device['id']}"
    assert device["version"][0]["value"] == MODEL.version
    assert device["property"][0]["valueCode"][0]["text"] == MODEL.sha256


def test_identifiers_are_oids_and_a_series_uid_is_bare():
    bundle = diagnostic_report_bundle(MADE)
    (study,) = of(bundle, "ImagingStudy")
    assert study["identifier"][0] == {"system": "urn:dicom:uid", "value": f"urn:oid:{MADE.study_uid}"}
    assert study["series"][0]["uid"] == MADE.series[0].uid
    (patient,) = of(bundle, "Patient")
    assert patient["identifier"][0]["system"].startswith("urn:oid:")
    assert patient["identifier"][0]["value"] == "PH1"
    own = observation(bundle, "ai-state")["code"]["coding"][0]
    assert own["system"] == f"urn:oid:{OWN_SCHEME_UID}"


def test_the_order_is_a_stub_and_only_there_when_its_number_is_known():
    (order,) = of(diagnostic_report_bundle(MADE), "ServiceRequest")
    assert (order["status"], order["intent"], order["identifier"][0]["value"]) == ("unknown", "order", "A100")
    without = diagnostic_report_bundle(replace(MADE, accession_number=""))
    assert of(without, "ServiceRequest") == []
    assert "basedOn" not in of(without, "DiagnosticReport")[0]
    Bundle.model_validate(without)


def test_patient_and_signer_are_named_part_by_part():
    bundle = diagnostic_report_bundle(MADE)
    (patient,), (signer,) = of(bundle, "Patient"), of(bundle, "Practitioner")
    name = patient["name"][0]
    assert (name["family"], name["given"], name["prefix"], name["suffix"]) == ("Osei", ["Ama", "K"], ["Dr"], ["MD"])
    assert (patient["gender"], patient["birthDate"]) == ("female", "1960-02-03")
    assert (signer["name"][0]["family"], signer["name"][0]["given"]) == ("Keller", ["Mara"])


def test_an_ideographic_name_is_marked_as_one():
    chinese = replace(MADE, patient=replace(MADE.patient, name="Wang^XiaoDong=王^小东"))
    bundle = diagnostic_report_bundle(chinese)
    (patient,) = of(bundle, "Patient")
    assert patient["name"][1]["family"] == "王"
    assert patient["name"][1]["extension"][0]["valueCode"] == "IDE"
    Bundle.model_validate(bundle)


def test_the_report_carries_its_text_its_conclusion_and_its_pdf():
    (found,) = of(diagnostic_report_bundle(MADE, b"%PDF-1.4"), "DiagnosticReport")
    assert found["conclusion"] == "Lung-RADS 4A."
    assert found["conclusionCode"][0]["coding"][0]["code"] == "RID50139"
    text, pdf = found["presentedForm"]
    assert "A solid nodule of 8.2 mm" in base64.b64decode(text["data"]).decode()
    assert (pdf["contentType"], base64.b64decode(pdf["data"])) == ("application/pdf", b"%PDF-1.4")


def test_provenance_says_who_signed_which_bytes_and_which_model_measured():
    bundle = diagnostic_report_bundle(MADE)
    signing, model = of(bundle, "Provenance")
    assert signing["recorded"] == "2026-03-04T10:15:00+00:00"
    assert signing["entity"][0]["what"]["identifier"]["value"] == f"sha256:{MADE.content_sha256}"
    assert signing["agent"][0]["who"]["display"] == "Mara Keller"
    assert len(model["target"]) == 2


def test_an_addendum_is_in_the_text_and_has_a_provenance_and_a_signer_of_its_own():
    bundle = diagnostic_report_bundle(appended(), b"%PDF")
    Bundle.model_validate(bundle)
    (found,) = of(bundle, "DiagnosticReport")
    assert (found["status"], found["issued"]) == ("appended", "2026-03-06T08:00:00+00:00")
    assert "Unchanged since 2024." in base64.b64decode(found["presentedForm"][0]["data"]).decode()
    assert {each["name"][0]["family"] for each in of(bundle, "Practitioner")} == {"Keller", "Ade"}
    text, added, _model = of(bundle, "Provenance")
    assert (text["recorded"], added["recorded"]) == ("2026-03-04T10:15:00+00:00", "2026-03-06T08:00:00+00:00")
    assert added["entity"][0]["what"]["identifier"]["value"] == f"sha256:{'f' * 64}"
    assert references(bundle) <= {entry["fullUrl"] for entry in bundle["entry"]}


@pytest.mark.parametrize("state", ["refused", "failed", "pending", "out_of_scope", "incomplete"])
def test_without_a_full_reading_by_ai_the_bundle_says_so(state):
    bundle = diagnostic_report_bundle(replace(MADE, ai_state=state, findings=(), category=None))
    Bundle.model_validate(bundle)
    (only,) = of(bundle, "Observation")
    assert only["valueCodeableConcept"]["coding"][0]["code"] == f"ai-{state.replace('_', '-')}"


def test_the_next_version_of_a_report_is_the_same_report():
    first = diagnostic_report_bundle(replace(MADE, state="preliminary", content_sha256="1" * 64))
    second = diagnostic_report_bundle(MADE)
    assert of(first, "DiagnosticReport")[0]["id"] == of(second, "DiagnosticReport")[0]["id"]
    assert of(first, "Patient")[0]["id"] == of(second, "Patient")[0]["id"]
    assert first["identifier"] != second["identifier"]


def test_patients_of_two_sites_are_two_patients():
    other = diagnostic_report_bundle(replace(MADE, site_slug="south"))
    assert of(other, "Patient")[0]["id"] != of(diagnostic_report_bundle(MADE), "Patient")[0]["id"]


def test_the_table_of_value_sets_finds_what_does_not_belong():
    bundle = diagnostic_report_bundle(MADE)
    of(bundle, "Observation")[0]["status"] = "appended"
    of(bundle, "Patient")[0]["gender"] = "F"
    of(bundle, "Patient")[0]["name"][0]["use"] = "legal"
    assert len(faults(bundle)) == 3


def test_hostile_text_stays_text():
    made, _headers = hostile(ct_headers())
    data = bundle_json(made, b"%PDF")
    bundle = json.loads(data)
    Bundle.model_validate(bundle)
    (found,) = of(bundle, "DiagnosticReport")
    assert "名字" in found["conclusion"] and "x" * 10_000 in found["conclusion"]
    assert not {"\x00", "\x0b", "\x1c"} & set(json.dumps(bundle, ensure_ascii=False))
    assert HOSTILE not in data.decode()


def test_the_same_signature_is_always_the_same_file():
    assert bundle_json(MADE, b"%PDF") == bundle_json(MADE, b"%PDF")


def test_a_birads_category_is_coded_in_snomed():
    made = replace(MADE, programme="breast", category=ExportedCategory("BI-RADS", "2"), findings=())
    bundle = diagnostic_report_bundle(made)
    Bundle.model_validate(bundle)
    assert observation(bundle, "111005")["valueCodeableConcept"]["coding"][0]["code"] == "397141009"
