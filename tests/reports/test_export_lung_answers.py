"""Cysts and juxtapleural nodules of a signed lung report, as each format sends them on."""

from __future__ import annotations

import json
from dataclasses import replace

from fhir.resources.R4B.bundle import Bundle
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

from reports.content import content_for
from reports.export.answer_codes import own_code
from reports.export.codes import OWN_SCHEME
from reports.export.dicom_sr import comprehensive_sr
from reports.export.hl7 import oru_r01
from reports.selectors.export import exported_report
from reports.services.editing import save_revision
from reports.services.export import export_file
from reports.services.signing import sign_report
from tests.conftest import PASSWORD
from tests.reports.conftest import full_text, sentence
from tests.reports.exports import ct_headers, read, report
from tests.reports.test_export_answers import given_in, human, obx, told
from tests.reports.test_export_sr import evaluations

CYST = {
    "cyst": "multilocular",
    "cyst_lobe": "LUL",
    "cyst_mm": 18.0,
    "cyst_change": "stable",
    "cyst_since": ["loculi", "opacity"],
}
FLAT = {"pleura.f1": "costal", "margin.f1": "smooth", "shape.f1": "lentiform"}


def test_cysts_and_juxtapleural_nodules_go_out_in_every_format(claimed, reader, request_by):
    drafted, told_too = claimed.revisions.get().answers, {key: human(value) for key, value in (CYST | FLAT).items()}
    rule = {"category": {"value": "4B", "origin": "rule"}, "advice": {"value": "refer", "origin": "rule"}}
    sections = full_text(claimed)
    sections["assessment"] = [sentence("Lung-RADS 4B: very suspicious.", "h-cat")]
    sections["recommendation"] = [sentence(content_for("lung").management["4B"], "h-rec")]
    answers = {"values": drafted["values"] | told_too | rule}
    save_revision(report=claimed, author=reader, parent=0, sections=sections, answers=answers)
    sign_report(
        report=claimed, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    claimed.refresh_from_db()
    made = exported_report(claimed)
    by_key = {each.key: each for each in made.answers}
    assert (by_key["category"].origin, given_in(made)["category"]) == ("rule", ["4B"])
    assert [given_in(made)[key] for key in ("cyst", "cyst_lobe", "cyst_since", "pleura.f1", "margin.f1")] == [
        ["multilocular"],
        ["LUL"],
        ["loculi", "opacity"],
        ["costal"],
        ["smooth"],
    ]
    bundle = json.loads(export_file(claimed, "fhir", fonts=None).data)
    Bundle.model_validate(bundle)
    size, shape = told(bundle, by_key["cyst_mm"]), told(bundle, by_key["margin.f1"])
    assert size["valueQuantity"] == {"value": 18.0, "unit": "mm", "system": "http://unitsofmeasure.org", "code": "mm"}
    assert "82280004" in [each["code"] for each in shape["valueCodeableConcept"]["coding"]] and "focus" in shape
    message = oru_r01(made)
    assert Validator.validate(parse_message(message.decode()))
    assert obx(message, by_key["cyst_mm"])[5:7] == ["18", "mm^millimeter^UCUM"]
    assert obx(message, by_key["shape.f1"])[4] == "1"
    # What is said of one finding, and numbers, stay in the text of the SR: its groups are the model's.
    headers = ct_headers()
    coded = evaluations(read(comprehensive_sr(replace(report(headers), answers=made.answers), headers)))
    assert coded["367643001"] == (OWN_SCHEME, own_code("lung-1", "cyst", "multilocular"))
    assert coded["lung-1.cyst_lobe"] == ("SCT", "44714003") and "lung-1.margin" not in coded
