from __future__ import annotations

import datetime as dt
import io
import os
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from screening.dicom.decoding import DecodingCheck, decodes
from screening.dicom.elements import clean
from screening.dicom.errors import IngestError
from screening.dicom.parse import ParsedInstance, parse_instance
from screening.phantoms.headers import as_bytes, fictional_patient, mammogram_dataset
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, ct_series, encoded

MAX = 1 << 24


def parse(data: bytes) -> ParsedInstance:
    return parse_instance(data, max_bytes=MAX)


def code_of(data: bytes) -> str:
    with pytest.raises(IngestError) as caught:
        parse(data)
    assert caught.value.sentence.endswith(".")
    return caught.value.code


def changed(**fields: object) -> bytes:
    dataset = ct()
    for name, value in fields.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    return as_bytes(dataset)


@pytest.mark.parametrize("syntax", UNCOMPRESSED + COMPRESSED)
def test_an_image_in_every_common_transfer_syntax_is_read(syntax):
    dataset = ct()
    parsed = parse(encoded(dataset, syntax))
    assert parsed.transfer_syntax_uid == syntax
    assert (parsed.rows, parsed.columns, parsed.frames) == (32, 32, 1)
    assert parsed.sop_uid == dataset.SOPInstanceUID
    assert parsed.header["image_position"] == [0.0, 0.0, 0.0]
    assert parsed.header["rescale_intercept"] == -1024


def test_the_elements_for_hanging_a_mammogram_are_kept():
    import numpy as np

    dataset = mammogram_dataset(np.zeros((32, 24)), 0.1, fictional_patient(3), key="mg", side="R", view="MLO")
    header = parse(as_bytes(dataset)).header
    assert (header["laterality"], header["view_position"], header["view_code"]) == ("R", "MLO", "399368009")
    assert header["presentation_intent"] == "FOR PRESENTATION"
    assert header["patient_orientation"] == ["P", "FL"]


def test_nothing_and_other_files_are_not_dicom():
    assert code_of(b"") == "empty"
    assert code_of(b"hello, world" * 100) == "not_dicom"
    assert code_of(b"\x89PNG\r\n\x1a\n" + b"\0" * 400) == "not_dicom"


def test_a_preamble_alone_is_truncated():
    assert code_of(b"\0" * 128 + b"DICM") == "truncated"


def test_a_file_over_the_limit_is_too_large():
    with pytest.raises(IngestError) as caught:
        parse_instance(changed(), max_bytes=100)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("syntax", UNCOMPRESSED + COMPRESSED)
def test_a_file_cut_anywhere_is_rejected(syntax):
    whole = encoded(ct(side=32), syntax)
    # The last bytes of compressed pixels are padding and the sequence delimiter, which carries nothing.
    for length in [*range(0, len(whole) - 12, 37), len(whole) - 20, len(whole) - 13]:
        assert code_of(whole[:length]) in {"empty", "not_dicom", "truncated", "missing_uid", "no_image", "unreadable"}


def test_a_file_that_ends_between_two_elements_is_truncated():
    dataset = ct()
    whole = as_bytes(dataset)
    study = whole.index(b"\x20\x00\x0d\x00UI")
    assert code_of(whole[:study]) == code_of(whole[: study + 4]) == "truncated"


def test_uncompressed_pixels_shorter_than_the_size_says_are_truncated():
    assert code_of(changed(PixelData=b"\0" * 100)) == "truncated"


def test_a_compressed_frame_without_its_end_is_truncated():
    dataset = dcmread(io.BytesIO(encoded(ct(), JPEGLSLossless)))
    fragment = dataset.PixelData
    cut = fragment[: len(fragment) // 2]
    dataset.PixelData = encapsulate([cut[20:]])
    assert code_of(as_bytes(dataset)) == "truncated"


def test_fewer_frames_than_promised_is_truncated():
    dataset = dcmread(io.BytesIO(encoded(ct(), RLELossless)))
    dataset.NumberOfFrames = 3
    assert code_of(as_bytes(dataset)) in {"truncated", "unreadable"}


def test_a_compressed_size_other_than_the_header_says_is_damage():
    dataset = dcmread(io.BytesIO(encoded(ct(), JPEGLSLossless)))
    dataset.Rows = 25
    assert code_of(as_bytes(dataset)) == "damaged_pixels"


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_missing_uid_is_rejected(keyword):
    assert code_of(changed(**{keyword: None})) == "missing_uid"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("uid", ["1.2.x", "1..2", "1.02.3", "../../etc/passwd", "1." + "2" * 70, "1", "1.2.3\\4.5"])
def test_a_bad_uid_is_rejected(uid):
    dataset = ct()
    dataset.StudyInstanceUID = uid
    assert code_of(as_bytes(dataset)) in {"bad_uid", "missing_uid"}


def test_a_report_or_document_holds_no_image():
    assert code_of(changed(PixelData=None, Rows=None, Columns=None, Modality="SR")) == "no_image"
    assert code_of(changed(PixelData=None, Rows=None, Columns=None, Modality="DOC")) == "no_image"
    assert code_of(changed(Modality="SEG")) == "no_image"


def test_a_dicomdir_is_told_apart():
    dataset = ct()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.1.3.10"
    assert code_of(as_bytes(dataset)) == "dicomdir"


def test_a_size_no_image_has_is_rejected_before_memory_is_asked_for():
    assert code_of(changed(Rows=65535, Columns=65535)) == "bad_size"
    assert code_of(changed(NumberOfFrames=2_000_000_000)) == "bad_size"
    assert code_of(changed(Rows=0)) == "bad_size"
    assert code_of(changed(NumberOfFrames=-1)) == "bad_size"
    assert code_of(changed(SamplesPerPixel=7)) == "bad_size"
    assert code_of(changed(Rows=None)) == "bad_size"


def test_a_video_or_an_unknown_syntax_is_not_supported():
    data = changed()
    start = data.index(b"1.2.840.10008.1.2.1\0")
    assert code_of(data[:start] + b"1.2.840.10008.1.2.9\0" + data[start + 20 :]) == "unsupported_syntax"


def test_a_deflated_file_is_not_unpacked():
    dataset = ct()
    head = io.BytesIO()
    dataset.save_as(head, enforce_file_format=True)
    data = head.getvalue()
    meta_length = struct.unpack_from("<I", data, 140)[0]
    body = data[144 + meta_length :]
    packer = zlib.compressobj(wbits=-15)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole = io.BytesIO()
    meta_only = Dataset()
    meta_only.preamble = b"\0" * 128
    meta_only.file_meta = dataset.file_meta
    meta_only.save_as(whole, enforce_file_format=False, implicit_vr=False, little_endian=True)
    assert code_of(whole.getvalue() + packer.compress(body) + packer.flush()) == "unsupported_syntax"


def test_control_and_direction_characters_never_reach_a_text():
    assert clean("A\0B\x1b[31m\u202eC\n\tD" + "x" * 99, 12) == "A B [31m C D"
    parsed = parse(changed(StudyDescription="CT\u202e\x07 CHEST", PatientName="EVIL\x00^NAME"))
    assert parsed.study_description == "CT CHEST"
    assert parsed.patient_name == "EVIL ^NAME"


def test_two_different_patient_ids_never_become_one():
    with pytest.warns(UserWarning):
        long_one, long_two = (parse(changed(PatientID="7" * 64 + last)).patient_id for last in "12")
    assert long_one != long_two
    assert max(len(long_one), len(long_two)) <= 64
    assert parse(changed(PatientID="A\x01B")).patient_id != parse(changed(PatientID="A B")).patient_id


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_dates_as_old_devices_write_them_are_understood():
    parsed = parse(changed(PatientBirthDate="1951.02.28", StudyTime="101530.5", TimezoneOffsetFromUTC="+0530"))
    assert parsed.birth_date == dt.date(1951, 2, 28)
    assert parsed.study_time == dt.time(10, 15, 30, 500000)
    assert parsed.utc_offset == 330
    assert parse(changed(PatientBirthDate="19510231")).birth_date is None


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_numbers_that_are_none_are_left_out():
    dataset = ct()
    del dataset.PixelSpacing
    dataset.add_new("PixelSpacing", "LO", "nan")
    assert "pixel_spacing" not in parse(as_bytes(dataset)).header


def test_a_name_in_another_script_survives():
    parsed = parse(changed(SpecificCharacterSet="GB18030", PatientName="Wang^XiaoDong=王^小东"))
    assert parsed.patient_name == "Wang^XiaoDong=王^小东"


def test_the_orders_priority_is_read():
    assert parse(changed(RequestedProcedurePriority="STAT")).order_priority == "stat"
    assert parse(changed(RequestedProcedurePriority="HIGH")).order_priority == "urgent"
    assert parse(changed(RequestedProcedurePriority="ROUTINE")).order_priority == ""


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_one_child_takes_good_compressed_pixels_and_refuses_spoilt_ones_between_them(syntax):
    check = DecodingCheck()
    good = [encoded(dataset, syntax) for dataset in ct_series(2)]
    spoilt = good[0][: len(good[0]) * 3 // 4]
    try:
        check.check(good[0])
        with pytest.raises(IngestError):
            check.check(spoilt)
        check.check(good[1])
    finally:
        check.close()


def test_a_decoder_that_gives_no_answer_is_ended_and_the_next_file_is_read():
    check = DecodingCheck(hung_s=0)
    data = encoded(ct(), RLELossless)
    try:
        with pytest.raises(IngestError):
            check.check(data)
        check.hung_s = 60
        check.check(data)
    finally:
        check.close()


def test_a_decoder_that_dies_costs_one_file_only():
    class Crashing(DecodingCheck):
        asked = 0

        def _running(self):
            child = super()._running()
            self.asked += 1
            if self.asked <= 2:
                child.kill()
                child.wait()
            return child

    check = Crashing()
    data = encoded(ct(), RLELossless)
    try:
        with pytest.raises(IngestError):
            check.check(data)
        check.check(data)
    finally:
        check.close()


def test_damaged_compressed_pixels_do_not_decode():
    data = bytearray(encoded(ct(side=64), JPEGLSLossless))
    middle = len(data) - 3000
    data[middle : middle + 1500] = b"\xff" * 1500
    assert not decodes(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(UNCOMPRESSED + COMPRESSED), st.randoms(use_true_random=False), st.integers(1, 40))
def test_random_damage_is_read_or_refused_and_never_raises(syntax, rng: random.Random, count):
    data = bytearray(_sample(syntax))
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        parse(bytes(data))
    except IngestError as error:
        assert error.code


_SAMPLES: dict[str, bytes] = {}


def _sample(syntax: str) -> bytes:
    if syntax not in _SAMPLES:
        _SAMPLES[syntax] = encoded(ct(side=32), syntax)
    return _SAMPLES[syntax]


@pytest.mark.parametrize("size", [1, 131, 132, 140, 400, 5000])
def test_random_bytes_are_refused(size):
    assert code_of(os.urandom(size))
    assert code_of(b"\0" * 128 + b"DICM" + os.urandom(size))


def test_sequences_nested_without_end_are_refused():
    data = as_bytes(ct())
    nested = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert code_of(data[: data.index(b"\xe0\x7f\x10\x00")] + nested * 3000)


def test_a_file_that_names_two_syntaxes_is_refused():
    data = as_bytes(ct())
    start = data.index(b"\x02\x00\x10\x00UI")
    element = data[start : start + 28]
    assert element[8:27] == ExplicitVRLittleEndian.encode()
    assert code_of(data[:start] + element + data[start:]) == "unreadable"
