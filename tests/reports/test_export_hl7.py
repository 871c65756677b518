"""A signed report as HL7 v2.5.1, parsed by hl7apy: its fields, its states, and text that would break it."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import replace

import pytest
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

from reports.export.exported import ExportedSection
from reports.export.hl7 import control_id, escape, escape_lines, oru_r01
from tests.reports.exports import HOSTILE, appended, ct_headers, hostile, report

MADE = report()


def segments(message: bytes) -> list[list[str]]:
    return [segment.split("|") for segment in message.decode().split("\r")[:-1]]


def observations(message: bytes) -> list[list[str]]:
    return [fields for fields in segments(message) if fields[0] == "OBX"]


def statuses(message: bytes, kind: str = "FT") -> dict[str, str]:
    """OBX-4 → OBX-11 of the observations of one type."""
    return {fields[4]: fields[11] for fields in observations(message) if fields[2] == kind}


def field(message: bytes, segment: str, number: int) -> str:
    fields = next(fields for fields in segments(message) if fields[0] == segment)
    return fields[number - 1] if segment == "MSH" else fields[number]


def test_the_message_is_a_valid_oru_r01_of_version_251():
    message = parse_message(oru_r01(MADE, b"%PDF").decode())
    assert Validator.validate(message)
    assert message.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert message.msh.msh_12.to_er7() == "2.5.1"
    assert message.msh.msh_18.to_er7() == "UNICODE UTF-8"
    order = message.oru_r01_patient_result.oru_r01_order_observation
    assert len(order.oru_r01_observation) == len(observations(oru_r01(MADE, b"%PDF")))


def test_segments_end_with_a_carriage_return_and_nothing_else():
    message = oru_r01(MADE, b"%PDF")
    assert message.endswith(b"\r") and b"\n" not in message and b"\r\r" not in message


def test_the_parts_of_a_name_stand_in_the_order_of_hl7_not_of_dicom():
    # DICOM: Osei^Ama^K^Dr^MD, prefix before suffix.
    assert field(oru_r01(MADE), "PID", 5) == "Osei^Ama^K^MD^Dr^^L^A"


def test_a_name_in_two_scripts_is_sent_in_both():
    chinese = replace(MADE, patient=replace(MADE.patient, name="Wang^XiaoDong=王^小东"))
    assert field(oru_r01(chinese), "PID", 5) == "Wang^XiaoDong^^^^^L^A~王^小东^^^^^L^I"


def test_patient_order_and_study_are_named():
    message = oru_r01(MADE)
    assert field(message, "PID", 3) == "PH1^^^north^MR"
    assert (field(message, "PID", 7), field(message, "PID", 8)) == ("19600203", "F")
    assert field(message, "OBR", 18) == "A100"
    assert field(message, "OBR", 4) == "24627-2^CT Chest Report^LN^^CT CHEST LOW DOSE^L"
    assert field(message, "OBR", 7) == "20260304093000+0000"
    assert field(message, "OBR", 22) == "20260304101500+0000"
    assert field(message, "OBR", 32) == "reader&Keller&Mara"


@pytest.mark.parametrize(("state", "status", "order"), [("preliminary", "P", "IP"), ("final", "F", "CM")])
def test_a_preliminary_report_is_p_throughout_and_the_text_of_a_final_one_f(state, status, order):
    message = oru_r01(replace(MADE, state=state), b"%PDF")
    assert (field(message, "OBR", 25), field(message, "ORC", 5)) == (status, order)
    assert set(statuses(message).values()) == {status}
    assert set(statuses(message, "ED").values()) == {status}


def test_a_correction_sends_the_whole_text_with_the_changed_sections_marked():
    before = {"technique": "CT of the chest.", "assessment": "Lung-RADS 3.", "nodules": "None.", "comparison": "None."}
    message = oru_r01(replace(MADE, state="corrected", replaced=before))
    assert field(message, "OBR", 25) == "C"
    assert statuses(message) == {
        "technique": "F",
        "nodules": "C",
        "assessment": "C",
        "recommendation": "C",
        "comparison": "D",
    }
    sent = {fields[4]: fields[5] for fields in observations(message) if fields[2] == "FT"}
    assert sent["technique"] == "CT of the chest." and sent["assessment"] == "Lung-RADS 4A."


def test_an_addendum_is_sent_with_the_whole_text_and_only_itself_is_marked_as_changed():
    message = oru_r01(appended(), b"%PDF")
    assert (field(message, "OBR", 25), field(message, "OBR", 22)) == ("C", "20260306080000+0000")
    sent = statuses(message)
    assert sent.pop("addendum-1") == "C"
    assert len(sent) == 4 and set(sent.values()) == {"F"}
    (added,) = [fields for fields in observations(message) if fields[4] == "addendum-1"]
    assert added[3].startswith("55107-7^Addendum^LN")
    assert control_id(appended()) != control_id(MADE)
    assert Validator.validate(parse_message(message.decode()))


def test_what_a_model_measured_is_never_sent_as_final():
    for state, status in (("preliminary", "P"), ("final", "R"), ("corrected", "R")):
        message = oru_r01(replace(MADE, state=state))
        assert {fields[11] for fields in observations(message) if fields[2] == "NM"} == {status}


def test_measurements_are_grouped_by_finding_with_units_and_the_model():
    sizes = [fields for fields in observations(oru_r01(MADE)) if fields[3].startswith("81827009")]
    assert [(fields[4], fields[5], fields[6]) for fields in sizes] == [
        ("1", "8.2", "mm^millimeter^UCUM"),
        ("2", "11.4", "mm^millimeter^UCUM"),
    ]
    assert sizes[0][17] == "lung-nodule^lung-nodule 1.2^99FIRSTREAD"
    assert MADE.findings[0].model.sha256 in sizes[0][18]


@pytest.mark.parametrize("state", ["refused", "failed", "pending", "out_of_scope"])
def test_a_study_the_ai_did_not_read_says_so(state):
    message = oru_r01(replace(MADE, ai_state=state, findings=()))
    (said,) = [fields[5] for fields in observations(message) if fields[3].startswith("ai-state")]
    assert said.startswith(f"ai-{state.replace('_', '-')}^")


def test_the_pdf_travels_in_base64():
    (sent,) = [fields[5] for fields in observations(oru_r01(MADE, b"%PDF-1.4 \xff")) if fields[2] == "ED"]
    kind, data = sent.rsplit("^", 1)
    assert (kind, base64.b64decode(data)) == ("^application^pdf^Base64", b"%PDF-1.4 \xff")


def test_the_same_signature_has_the_same_control_id_and_another_another():
    assert oru_r01(MADE) == oru_r01(MADE)
    assert control_id(MADE) != control_id(replace(MADE, content_sha256="d" * 64))
    assert len(control_id(MADE)) <= 20


def test_separators_are_escaped_and_lines_become_breaks():
    assert escape("a|b^c~d&e\\f") == "a\\F\\b\\S\\c\\R\\d\\T\\e\\E\\f"
    assert escape_lines("one\r\ntwo\x0bthree") == "one\\.br\\two\\.br\\three"
    assert escape("bell\x07 and \x1c") == "bell and"


def test_hostile_text_adds_no_segment_no_field_and_no_frame():
    made, _headers = hostile(ct_headers())
    calm = replace(MADE, findings=tuple(replace(each, type="other") for each in MADE.findings))
    plain, broken = segments(oru_r01(calm, b"%PDF")), segments(oru_r01(made, b"%PDF"))
    assert [fields[0] for fields in broken] == [fields[0] for fields in plain]
    assert {len(fields) for fields in broken if fields[0] == "OBX"} == {20}
    message = oru_r01(made, b"%PDF")
    assert not {b"\x0b", b"\x1c", b"\x00", b"\n"} & {bytes([value]) for value in message}
    assert Validator.validate(parse_message(message.decode()))


def test_hostile_text_arrives_whole():
    made, _headers = hostile(ct_headers())
    text = next(fields[5] for fields in observations(oru_r01(made)) if fields[4] == "nodules")
    marks = {".br": "\n", "F": "|", "S": "^", "R": "~", "T": "&", "E": "\\"}
    back = re.sub(r"\\([^\\]+)\\", lambda code: marks[code[1]], text)
    assert "名字 & \\.br\\ " + "x" * 10_000 in back
    assert HOSTILE.startswith("Evil|^~\\&") and back.startswith("Evil|^~\\&<b>\nMSH|")


def test_without_dates_or_numbers_only_what_is_required_is_filled_and_says_that_it_is_unspecified():
    bare = replace(
        MADE,
        study_at=None,
        accession_number="",
        patient=replace(MADE.patient, name="", patient_id="", birth_date=None, sex=""),
    )
    message = oru_r01(bare)
    assert field(message, "PID", 3) == f"{bare.study_uid}^^^FIRSTREAD^U"
    assert (field(message, "PID", 5), field(message, "PID", 7)) == ("^^^^^^U", "")
    assert field(message, "PID", 8) == "U"
    assert field(message, "OBR", 7) == ""
    assert Validator.validate(parse_message(message.decode()))


def test_times_carry_their_zone():
    east = dt.timezone(dt.timedelta(hours=8))
    message = oru_r01(replace(MADE, signed_at=dt.datetime(2026, 3, 4, 18, 15, tzinfo=east)))
    assert field(message, "MSH", 7) == "20260304181500+0800"


def test_an_empty_section_is_not_sent():
    message = oru_r01(replace(MADE, sections=(*MADE.sections, ExportedSection("other", "Other", ""))))
    assert "other" not in statuses(message)
