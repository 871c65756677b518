"""Coded answers in the exports: from the signed bytes, whose they are, no code that nobody has verified."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

from reports.content import all_contents
from reports.export.answer_codes import asked_concepts, given_concepts, own_code
from reports.export.codes import OWN_SCHEME, OWN_SCHEME_UID
from reports.export.dicom_sr import comprehensive_sr
from reports.export.exported import ExportedAnswer, ExportedCode
from reports.export.fhir import bundle_json, diagnostic_report_bundle
from reports.export.hl7 import oru_r01
from reports.selectors.export import exported_after, exported_report
from reports.services.addenda import add_addendum
from reports.services.amending import amend_report
from reports.services.editing import save_revision
from reports.services.export import export_file
from reports.services.signing import sign_report
from screening.states import FindingState
from tests.conftest import PASSWORD
from tests.reports.conftest import full_text, sentence
from tests.reports.exports import HOSTILE, MODEL, ct_headers, read, report
from tests.reports.test_export_fhir import of, references
from tests.reports.test_export_hl7 import observations
from tests.reports.test_export_pdf import faults_of
from tests.reports.test_export_sr import evaluations

OURS = f"urn:oid:{OWN_SCHEME_UID}"
ABSENT = ExportedCode("SCT", "272519000", "Absent", verified=True)
GUESSED = ExportedCode("RADLEX", "RID50139", "Lung-RADS 4A", verified=False)
BLEED = ExportedCode("SCT", "1386000", "Intracranial hemorrhage", verified=True)


def answer(key: str = "haemorrhage", **changes) -> ExportedAnswer:
    given = {
        "schema": "brain-1",
        "key": key,
        "label": f"Findings: {key}",
        "asked": None,
        "given": (),
        "value": "",
        "unit": "",
        "origin": "human",
        "text": "as answered",
    }
    return ExportedAnswer(**{**given, **changes})


YES_NO = answer(asked=BLEED, given=(("no", "no", ABSENT),))
CATEGORY = answer("category", schema="lung-1", asked=GUESSED, given=(("4A", "4A", GUESSED),), origin="ai", model=MODEL)
VOLUME = answer("volume_ml", value=12.5, unit="ml", origin="rule", text="own words")
SEVERAL = answer("type", given=(("epidural", "epidural", GUESSED), ("subdural", "subdural", None)))
OF_FINDING = answer("suspicious.f2", schema="lung-1", given=(("spiculation", "spiculation", None),))
FREE = answer("remark", value="Seen | again\nlater")
MADE = replace(report(), answers=(YES_NO, CATEGORY, VOLUME, SEVERAL, OF_FINDING, FREE))


def told(bundle: dict, mine: ExportedAnswer) -> dict:
    """The observation of an answer, found by our own code."""
    code = asked_concepts(mine)[-1].value
    (found,) = [each for each in of(bundle, "Observation") if code in [one["code"] for one in each["code"]["coding"]]]
    return found


def obx(message: bytes, mine: ExportedAnswer) -> list[str]:
    code = asked_concepts(mine)[-1].value
    (found,) = [fields for fields in observations(message) if code in fields[3].split("^")]
    return found


# Codes


def test_every_question_and_answer_of_every_form_has_a_code_of_its_own_that_fits_hl7():
    whole = [
        parts
        for content in all_contents().values()
        for asked in content.fields
        for parts in ((content.schema, asked.id), *((content.schema, asked.id, one.value) for one in asked.options))
    ]
    made = [own_code(*parts) for parts in whole]
    assert len(made) > 80 and len(set(made)) == len(made)
    assert max(map(len, made)) <= 20


def test_a_code_nobody_verified_is_told_in_words_and_in_our_own_scheme_alone():
    assert [each.scheme for each in asked_concepts(CATEGORY)] == [OWN_SCHEME]
    ((concepts, words),) = given_concepts(CATEGORY)
    assert [each.scheme for each in concepts] == [OWN_SCHEME] and words == "4A"
    alone = replace(MADE, category=None, findings=(), answers=(CATEGORY,))
    assert b"RID50139" not in bundle_json(alone)
    assert b"RID50139" not in oru_r01(alone)


def test_the_category_of_one_breast_is_not_told_under_the_code_of_the_reports():
    code = ExportedCode("DCM", "111005", "Assessment Category", verified=True)
    left = answer("left", schema="breast-1", asked=code, given=(("1", "1 negative", ABSENT),))
    assert [each.value for each in asked_concepts(left)] == ["breast-1.left"]
    found = told(diagnostic_report_bundle(replace(MADE, answers=(left,))), left)
    assert [each["code"] for each in found["bodySite"]["coding"]] == ["76752008", "7771000"]


# FHIR


@pytest.mark.parametrize("state", ["preliminary", "final", "amended", "corrected", "appended"])
def test_the_bundle_with_answers_is_valid_and_each_has_the_reports_status(state):
    bundle = diagnostic_report_bundle(replace(MADE, state=state), b"%PDF")
    Bundle.model_validate(bundle)
    (top,) = of(bundle, "DiagnosticReport")
    for each in MADE.answers:
        found = told(bundle, each)
        assert found["status"] == ("final" if state == "appended" else state)
        assert {"reference": f"urn:uuid:{found['id']}"} in top["result"]
        assert found["performer"][0]["reference"] == top["resultsInterpreter"][0]["reference"]
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls) and references(bundle) <= set(urls)


def test_each_kind_of_answer_is_told_as_what_it_is():
    bundle = diagnostic_report_bundle(MADE)
    yes_no = told(bundle, YES_NO)
    assert [each["code"] for each in yes_no["code"]["coding"]] == ["1386000", "brain-1.haemorrhage"]
    assert yes_no["valueCodeableConcept"]["coding"][0] == {
        "system": "http://snomed.info/sct",
        "code": "272519000",
        "display": "Absent",
    }
    assert told(bundle, CATEGORY)["valueCodeableConcept"] == {
        "coding": [{"system": OURS, "code": "lung-1.category.4A", "display": "4A"}],
        "text": "4A",
    }
    quantity = {"value": 12.5, "unit": "ml", "system": "http://unitsofmeasure.org", "code": "ml"}
    volume = told(bundle, VOLUME)
    assert volume["valueQuantity"] == quantity
    assert "words of its own" in volume["note"][0]["text"] and "note" not in yes_no
    several = told(bundle, SEVERAL)
    assert not [name for name in several if name.startswith("value")]
    assert [each["valueCodeableConcept"]["text"] for each in several["component"]] == ["epidural", "subdural"]
    assert told(bundle, FREE)["valueString"] == "Seen | again\nlater"


def test_an_answer_about_a_finding_points_to_it():
    bundle = diagnostic_report_bundle(MADE)
    found, by_id = told(bundle, OF_FINDING), {each["id"]: each for each in of(bundle, "Observation")}
    about = by_id[found["focus"][0]["reference"].removeprefix("urn:uuid:")]
    assert about["note"][0]["text"].startswith(f"Image {MADE.findings[1].sop_uid}")
    alone = told(diagnostic_report_bundle(replace(MADE, findings=())), OF_FINDING)
    assert "focus" not in alone and alone["note"][0]["text"] == "Finding f2."


def test_who_answered_is_told_the_person_the_model_or_the_rules():
    bundle = diagnostic_report_bundle(replace(MADE, findings=()))
    agents = {
        target["reference"]: each["agent"][0]
        for each in of(bundle, "Provenance")
        if "activity" not in each
        for target in each["target"]
    }
    person, model, rule = (agents[f"urn:uuid:{told(bundle, each)['id']}"] for each in (YES_NO, CATEGORY, VOLUME))
    (device,) = of(bundle, "Device")
    assert model["who"]["reference"] == f"urn:uuid:{device['id']}"
    assert person["who"]["reference"] == told(bundle, YES_NO)["performer"][0]["reference"]
    assert person["type"]["coding"][0]["code"] == "author"
    assert "rules of the form brain-1" in rule["who"]["display"] and "reference" not in rule["who"]
    methods = [told(bundle, each)["method"]["coding"][0]["code"] for each in (YES_NO, CATEGORY, VOLUME)]
    assert methods == ["answer-human", "answer-ai", "answer-rule"]


# HL7


def test_hl7_tells_each_answer_after_the_text_with_its_codes_unit_and_origin():
    message = oru_r01(MADE, b"%PDF")
    assert Validator.validate(parse_message(message.decode()))
    kinds = [fields[2] for fields in observations(message)]
    places = [int(obx(message, each)[1]) for each in MADE.answers]
    assert places == sorted(places) and places[0] > max(at for at, kind in enumerate(kinds, 1) if kind == "FT")
    yes_no, category, volume = (obx(message, each) for each in (YES_NO, CATEGORY, VOLUME))
    assert yes_no[3].startswith("1386000^Intracranial hemorrhage^SCT^brain-1.haemorrhage^")
    assert (yes_no[2], yes_no[11]) == ("CWE", "F")
    assert yes_no[5].startswith("272519000^Absent^SCT^") and yes_no[5].split("^")[8] == "no"
    assert category[5] == f"lung-1.category.4A^4A^{OWN_SCHEME}^^^^^^4A"
    assert category[17].startswith("answer-ai^") and MODEL.sha256 in category[18]
    assert (volume[2], volume[5], volume[6]) == ("NM", "12.5", "ml^milliliter^UCUM")
    assert volume[17].startswith("answer-rule^")
    assert [each.split("^")[8] for each in obx(message, SEVERAL)[5].split("~")] == ["epidural", "subdural"]
    assert obx(message, OF_FINDING)[4] == "2"
    assert obx(message, FREE)[2] == "TX"


def test_in_a_corrected_message_a_changed_answer_is_c_one_that_stands_f_and_one_that_is_gone_d():
    before = (YES_NO, replace(VOLUME, value=3.0), FREE)
    made = replace(MADE, state="amended", answers=(YES_NO, VOLUME, SEVERAL), answers_replaced=before)
    message = oru_r01(made)
    assert [obx(message, each)[11] for each in (YES_NO, VOLUME, SEVERAL, FREE)] == ["F", "C", "C", "D"]
    assert obx(message, FREE)[5] == ""
    assert Validator.validate(parse_message(message.decode()))
    assert obx(oru_r01(replace(MADE, state="preliminary")), YES_NO)[11] == "P"


def test_words_that_would_break_a_parser_do_not():
    evil = replace(YES_NO, label=HOSTILE, key="x", given=((HOSTILE, HOSTILE, replace(ABSENT, meaning=HOSTILE)),))
    made = replace(MADE, answers=(evil, replace(FREE, value=HOSTILE)))
    Bundle.model_validate(diagnostic_report_bundle(made))
    message = oru_r01(made)
    assert Validator.validate(parse_message(message.decode()))
    assert len(observations(message)) == len(observations(oru_r01(replace(MADE, answers=())))) + 2


# From the database


def human(value):
    return {"value": value, "origin": "human"}


@pytest.fixture
def answered(claimed, reader):
    """Its emphysema answered and written, coronary calcium answered without a sentence; the rest as the AI stated."""
    sections = full_text(claimed)
    sections["lungs_and_pleura"] = [sentence("Mild emphysema.", "h-e")]
    drafted = claimed.revisions.get().answers
    line = {"sentence": "h-e", "text": "Mild emphysema.", "values": {"emphysema": "mild"}}
    values = {"emphysema": human("mild"), "coronary": human("severe"), "suspicious.f1": human(["spiculation"])}
    answers = {"values": drafted["values"] | values, "lines": drafted["lines"] | {"emphysema": line}}
    save_revision(report=claimed, author=reader, parent=0, sections=sections, answers=answers)
    return claimed


@pytest.fixture
def done(answered, reader, request_by):
    sign_report(
        report=answered, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    answered.refresh_from_db()
    return answered


def given_in(made) -> dict:
    return {each.key: [value for value, _words, _code in each.given] for each in made.answers}


def rewritten(signature, change):
    """The signature as it would be over other answers; in memory only."""
    signed = json.loads(signature.canonical)
    change(signed)
    signature.canonical = json.dumps(signed)
    return signature


def answer_of(signed, key):
    return next(each for each in signed["answers"] if each["id"] == key)


def test_what_is_told_is_what_was_signed_and_what_was_not_answered_is_not_told(done):
    made = exported_report(done)
    assert given_in(made) == {
        "nodules": ["yes"],
        "suspicious.f1": ["spiculation"],
        "emphysema": ["mild"],
        "coronary": ["severe"],
        "category": ["4A"],
        "advice": ["months_3"],
    }
    by_key = {each.key: each for each in made.answers}
    assert (by_key["category"].origin, by_key["category"].model) == ("ai", made.findings[0].model)
    assert (by_key["emphysema"].origin, by_key["emphysema"].model) == ("human", None)
    assert by_key["emphysema"].label == "Lungs and pleura: Emphysema"
    bundle = json.loads(export_file(done, "fhir", fonts=None).data)
    Bundle.model_validate(bundle)
    assert "lung-1.airway" not in json.dumps(bundle)
    assert "focus" in told(bundle, by_key["suspicious.f1"])


def test_the_values_come_from_the_signed_bytes_and_another_answer_makes_another_document(done):
    signature = done.signatures.get()
    before = exported_after(done, [signature])
    same = bundle_json(before), oru_r01(before)
    other = rewritten(signature, lambda signed: answer_of(signed, "emphysema").update(value="severe"))
    after = exported_after(done, [other])
    assert given_in(after)["emphysema"] == ["severe"], "the revision still says mild"
    assert done.revisions.get(number=1).answers["values"]["emphysema"]["value"] == "mild"
    assert (bundle_json(after), oru_r01(after)) != same
    assert b"lung-1.emph" in same[0] and b"lung-1.emph" in same[1]


def test_a_report_signed_before_there_were_answers_gives_what_it_gave(done):
    def old(signed):
        signed["format"] = "firstread-report-1"
        del signed["answers"], signed["answers_schema"]

    made = exported_after(done, [rewritten(done.signatures.get(), old)])
    assert made.answers == () and made.answers_replaced == ()
    assert b"lung-1." not in bundle_json(made) and b"answer-" not in bundle_json(made)
    assert b"lung-1." not in oru_r01(made) and b"answer-" not in oru_r01(made)


def test_of_another_edition_of_the_form_only_what_was_signed_is_told(done):
    made = exported_after(
        done, [rewritten(done.signatures.get(), lambda signed: signed.update(answers_schema="lung-0"))]
    )
    labels = {each.key: each.label for each in made.answers}
    assert (labels["emphysema"], labels["nodules"]) == ("emphysema", "Pulmonary nodule")
    assert {each.schema for each in made.answers} == {"lung-0"}


def test_an_answer_about_a_rejected_finding_is_not_told_on(done):
    def reject(signed):
        signed["decisions"] = [{"key": "f1", "finding": None, "state": FindingState.REJECTED}]

    made = exported_after(done, [rewritten(done.signatures.get(), reject)])
    assert "suspicious.f1" not in given_in(made) and "emphysema" in given_in(made)


def amended(done, reader, request_by, text):
    sections = done.revisions.get(number=1).sections
    sections["lungs_and_pleura"][0]["text"] = text
    asked = {"revision": 1, "after": 0, "sections": sections, "reason": "Seen again.", "images": None}
    signature = amend_report(report=done, signer=reader, password=PASSWORD, request=request_by(reader), **asked)
    done.refresh_from_db()
    return signature


def test_an_answer_whose_sentence_an_amendment_rewrote_is_withdrawn_and_the_others_stand(done, reader, request_by):
    amended(done, reader, request_by, "Moderate emphysema.")
    made = exported_report(done)
    assert "emphysema" not in given_in(made)
    assert given_in(made)["coronary"] == ["severe"] and given_in(made)["category"] == ["4A"]
    message = oru_r01(made)
    status = {each.key: obx(message, each)[11] for each in made.answers_replaced}
    assert status.pop("emphysema") == "D" and set(status.values()) == {"F"}
    assert "lung-1.emphysema" not in bundle_json(made).decode()


def test_an_amended_report_carries_the_answers_that_were_signed_with_it(done, reader, request_by):
    new = amended(done, reader, request_by, "Moderate emphysema.")

    def answer_anew(signed):
        answer_of(signed, "emphysema").update(value="moderate", text="as answered")

    made = exported_after(done, [done.signatures.order_by("sequence").first(), rewritten(new, answer_anew)])
    assert given_in(made)["emphysema"] == ["moderate"]
    replaced = {each.key: each for each in made.answers_replaced}
    assert [value for value, *_ in replaced["emphysema"].given] == ["mild"]
    assert obx(oru_r01(made), replaced["emphysema"])[11] == "C"
    assert told(diagnostic_report_bundle(made), replaced["emphysema"])["status"] == "amended"


def test_an_addendum_leaves_the_answers_as_receivers_have_them(done, reader, request_by):
    asked = {"after": 0, "reason": "A prior came.", "text": "Unchanged since 2024.", "images": None}
    add_addendum(report=done, signer=reader, password=PASSWORD, request=request_by(reader), **asked)
    made = exported_report(done)
    assert made.state == "appended" and len(made.answers) == 6
    message = oru_r01(made)
    assert {obx(message, each)[11] for each in made.answers} == {"F"}


# DICOM SR


def test_the_sr_holds_the_coded_answers_of_the_examination_and_stays_a_legal_object(tmp_path):
    headers = ct_headers()
    long_code = answer("airway_change", schema="lung-10", given=(("growing", "growing", None),))
    made = replace(report(headers), answers=(*MADE.answers, long_code))
    written = comprehensive_sr(made, headers)
    said = evaluations(read(written))
    assert said["1386000"] == ("SCT", "272519000") and said["RID50134"] == ("RADLEX", "RID50139")
    for absent in ("brain-1.volume_ml", "lung-1.suspicious"):
        assert absent.encode() not in written
    for held in ("lung-1.category.4A", *(own_code("brain-1", "type", each) for each in ("epidural", "subdural"))):
        assert held.encode() in written
    if shutil.which("dciodvfy"):
        assert faults_of(written, tmp_path) == []
