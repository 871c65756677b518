"""HL7 messages of orders and patients: what is read, what is refused, and that no bytes do harm."""

from __future__ import annotations

import datetime as dt

import pytest
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.orders.acknowledgement import acknowledgement
from screening.orders.hl7 import MessageError, parse
from screening.orders.messages import read
from screening.orders.mllp import Frames, TooLong, framed
from tests.orders.words import ADT_A40, OMI, message

AT = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)


def order(**changes: str):
    return read(parse(message(OMI, **changes))).orders[0]


def test_an_imaging_order_is_read_field_by_field():
    facts = order()
    assert (facts.action, facts.placer_number, facts.filler_number) == ("new", "P-77", "F-77")
    assert facts.accession_number == "ACC77" and facts.study_uid == "1.2.3.77"
    assert facts.modality == "CT" and facts.procedure == "CT chest, low dose"
    assert facts.reason == "Smoker, 40 pack years" and facts.clinical == "Cough & weight loss"
    assert facts.requested_by == "Dr. Ada Lind" and facts.notes == "Second line\nof a note"
    assert facts.priority == "stat"
    assert facts.scheduled == dt.datetime(2026, 11, 22, 8, 15, tzinfo=dt.UTC)
    assert (facts.station_aet, facts.station, facts.location) == ("CT1", "CT-ONE", "ROOM2")


def test_a_name_changes_the_place_of_prefix_and_suffix():
    patient = order().patient
    assert patient.name == "Test^Anna^Maria^Dr.^Jr."
    assert (patient.patient_id, patient.issuer, patient.sex) == ("PAT77", "NORTH", "F")
    assert patient.birth_date == dt.date(1960, 2, 29)


def test_the_place_s_own_number_is_chosen_among_several():
    facts = order(PID="PID|1||SSN9^^^GOV^SS~PAT78^^^NORTH^MR||Test^Anna")
    assert (facts.patient.patient_id, facts.patient.issuer) == ("PAT78", "NORTH")


def test_several_orders_of_one_message_are_several():
    text = message(OMI) + b"ORC|NW|P-78\rOBR|2|P-78||CTH^CT head^L\r"
    assert [facts.placer_number for facts in read(parse(text)).orders] == ["P-77", "P-78"]


def test_a_merge_says_who_stays_and_who_goes():
    merged = read(parse(message(ADT_A40))).merges[0]
    assert merged.stays.patient_id == "PAT77"
    assert (merged.gone.patient_id, merged.gone.issuer) == ("PAT99", "NORTH")


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"PID": "PID|1||"}, "101", "PID-3"),
        ({"PID": ""}, "100", "PID"),
        ({"ORC": "ORC|ZZ|P-77"}, "103", "ORC-1"),
        ({"ORC": "ORC|NW", "OBR": "OBR|1", "IPC": ""}, "101", "ORC-2"),
        ({"TQ1": "TQ1|1||||||soon"}, "102", "TQ1-7"),
        ({"TQ1": "TQ1|1||||||20261122||X"}, "103", "TQ1-9"),
        ({"IPC": "IPC|ACC77|R1|1.2.<b>"}, "102", "IPC-3"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||OMI^O23|C1|P|3.0"}, "203", "MSH-12"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||OMI^O23|C1|T|2.5.1"}, "202", "MSH-11"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||OMI^O23||P|2.5.1"}, "101", "MSH-10"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||ADT^A01|C1|P|2.5.1"}, "201", "MSH-9"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||SIU^S12|C1|P|2.5.1"}, "200", "MSH-9"),
        ({"MSH": "MSH|^~\\&|RIS|N|FR|N|2026||OMI^O23|C1|P|2.5.1||||||KLINGON"}, "103", "MSH-18"),
        ({"MSH": "MSH|||||RIS"}, "102", "MSH-2"),
    ],
)
def test_what_is_not_taken_says_which_field_and_why(changes, code, where):
    with pytest.raises(MessageError) as caught:
        order(**changes)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_separators_of_their_own_are_read():
    text = message(OMI).decode().replace("^", "!").replace("~", "*")
    assert read(parse(text.encode())).orders[0].procedure == "CT chest, low dose"


@pytest.mark.parametrize(("charset", "codec"), [("8859/1", "latin-1"), ("GB 18030-2000", "gb18030"), ("", "utf-8")])
def test_names_in_other_character_sets_arrive_whole(charset, codec):
    family = "王" if codec == "gb18030" else "Müller"
    text = message(OMI, PID=f"PID|1||PAT77||{family}^Anna", charset=charset, codec=codec)
    assert read(parse(text)).orders[0].patient.name == f"{family}^Anna"


def test_bytes_of_another_character_set_than_said_are_refused():
    with pytest.raises(MessageError) as caught:
        parse(message(OMI, PID="PID|1||PAT77||Müller", codec="latin-1"))
    assert caught.value.where == "MSH-18"


def test_an_answer_is_one_that_others_read():
    error = MessageError("101", "PID-3", "The patient has no identifier.")
    good = parse_message(acknowledgement(parse(message(OMI)), "AA", AT).decode())
    bad = parse_message(acknowledgement(parse(message(OMI)), "AE", AT, error).decode())
    assert good.msa.msa_1.value == "AA" and good.msa.msa_2.value == "C77"
    assert (good.msh.msh_3.value, good.msh.msh_5.value) == ("FIRSTREAD", "RIS")
    assert bad.msa.msa_1.value == "AE" and bad.err.err_3.value.startswith("101")
    assert "PID" in bad.err.err_2.value


def test_the_same_message_has_the_same_answer():
    assert acknowledgement(parse(message(OMI)), "AA", AT) == acknowledgement(parse(message(OMI)), "AA", AT)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    try:
        read(parse(b"MSH|^~\\&|" + data))
    except MessageError as error:
        assert error.code and error.text


@settings(max_examples=60)
@given(
    st.lists(
        st.binary(min_size=1, max_size=30).filter(lambda each: b"\x0b" not in each and b"\x1c" not in each), max_size=5
    ),
    st.integers(1, 9),
)
def test_messages_come_out_of_their_frames_however_the_line_cuts_them(messages, width):
    line = b"noise" + b"\r\n".join(framed(each) for each in messages)
    frames, found = Frames(1_000), []
    for at in range(0, len(line), width):
        found += frames.feed(line[at : at + width])
    assert found == messages


def test_a_frame_without_end_is_given_up():
    frames = Frames(1_000)
    with pytest.raises(TooLong):
        for _piece in range(20):
            frames.feed(b"\x0b" + b"x" * 100)
