"""What fuzzing found, made small: each once was a fault of the server, a crash of a worker, or work without end."""

from __future__ import annotations

import logging
import logging.config
import struct
import warnings

import pydicom.config
import pytest
from pydicom.misc import warn_and_log
from pydicom.uid import ImplicitVRLittleEndian

from config.logs import logging_config
from screening.dicom import structure
from screening.dicom.attributes import header_attributes
from screening.dicom.errors import IngestError
from screening.dicom.parse import parse_instance, usable_header
from screening.dicom.structure import MAX_DEPTH, Counted
from screening.models import Study
from screening.phantoms.headers import as_bytes
from screening.scoring.gates import DOORS, admit
from screening.scoring.types import Refusal
from screening.services.ingest import ingest_instance
from screening.services.inputs import study_input
from tests.ingest.images import ct, encoded

ITEM, ITEM_ENDS, SEQUENCE_ENDS = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
MOST = 5000
SEQUENCE = b"\x28\x00\x10\x30SQ\0\0"
ENDLESS = b"\xff\xff\xff\xff"


def before_pixels(piece: bytes) -> bytes:
    data = as_bytes(ct())
    at = data.index(b"\xe0\x7f\x10\x00")
    return data[:at] + piece + data[at:]


def code_of(data: bytes) -> str:
    with pytest.raises(IngestError) as caught:
        parse_instance(data, max_bytes=1 << 30)
    return caught.value.code


def elements(count: int) -> bytes:
    return b"".join(struct.pack("<HH", 0x2811 + 2 * (n >> 16), n & 0xFFFF) + b"LO\0\0" for n in range(count))


def folded(body: bytes) -> bytes:
    return SEQUENCE + struct.pack("<I", len(body) + 8) + ITEM + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "piece",
    [
        elements(3 * MOST),
        folded(elements(MOST + 1)),
        SEQUENCE + ENDLESS + ITEM + ENDLESS + elements(3 * MOST) + ITEM_ENDS + SEQUENCE_ENDS,
        SEQUENCE + ENDLESS + (ITEM + b"\0\0\0\0") * (3 * MOST) + SEQUENCE_ENDS,
        folded(b"\0" * (8 * MOST + 8)),
    ],
    ids=["side by side", "folded", "unfolded", "empty items", "not to be followed"],
)
def test_more_elements_than_any_image_has_are_refused(piece, monkeypatch):
    data = before_pixels(piece)
    monkeypatch.setattr(structure, "MAX_ELEMENTS", MOST)
    assert code_of(data) == "too_complex"


def test_sequences_deeper_than_any_image_has_are_refused():
    body = b""
    for _ in range(MAX_DEPTH + 1):
        body = folded(body)
    assert code_of(before_pixels(body)) == "too_complex"
    assert code_of(before_pixels((SEQUENCE + ENDLESS + ITEM + ENDLESS) * (MAX_DEPTH + 1))) in {
        "too_complex",
        "truncated",
        "unreadable",
    }


def test_a_header_of_a_real_size_is_taken():
    assert parse_instance(before_pixels(folded(elements(20_000))), max_bytes=1 << 30).rows == 32


@pytest.mark.parametrize("size", [70_000, 40 << 20])
def test_a_number_that_is_a_list_of_millions_is_not_unfolded(size):
    data = encoded(ct(), ImplicitVRLittleEndian)
    rows = struct.pack("<HHI", 0x28, 0x10, 2)
    at = data.index(rows)
    long = struct.pack("<HHI", 0x28, 0x10, size) + b"\x20\0" * (size // 2)
    assert code_of(data[:at] + long + data[at + len(rows) + 2 :]) in {"bad_size", "too_complex"}


def spoilt(tag: tuple[int, int], vr: bytes, value: bytes, **fields: object) -> bytes:
    """An image one of whose elements has been replaced by these very bytes."""
    dataset = ct(**fields)
    del dataset[tag]
    data = as_bytes(dataset)
    piece = struct.pack("<HH", *tag) + vr + struct.pack("<H", len(value)) + value
    # Where it belongs by its number; sizes come right before the pixels.
    at = data.index(struct.pack("<HH", 0x28, 0x1050)) if tag[0] == 0x28 else data.index(b"\x10\x00\x10\x00PN")
    return data[:at] + piece + data[at:]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        ((0x28, 0x10), b"US", b"\x20\0\x20\0\x20\0"),
        ((0x28, 0x100), b"LO", b"16"),
        ((0x28, 0x2), b"US", b"\x01\0\x01\0"),
        ((0x08, 0x103E), b"FD", b"Axial lung"),
    ],
    ids=["rows three times", "depth as text", "samples twice", "text as half a number"],
)
def test_a_stored_image_with_an_odd_element_faults_neither_web_nor_worker(client, reader, north, tag, vr, value):
    data = spoilt(tag, vr, value)
    result = ingest_instance(data=data, source="api", site=north, actor=None)
    assert result.result == "stored", result
    study = Study.objects.get()
    image = study.series.get().instances.get()
    client.force_login(reader)
    address = f"/dicomweb/studies/{study.study_uid}/series/{study.series.get().series_uid}/instances/{image.sop_uid}"
    for path in ("/frames/1", "/metadata", "/rendered", "/thumbnail"):
        answer = client.get(address + path)
        b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code in (200, 404, 406), path
    for programme in DOORS:
        try:
            admit(programme, study_input(study))
        except Refusal as refusal:
            assert str(refusal).endswith(".")


def test_one_element_that_cannot_be_read_hides_no_other():
    data = spoilt((0x08, 0x103E), b"FD", b"Axial lung")
    header = usable_header(data)
    assert "SeriesDescription" not in header and header.Rows == 32
    told = header_attributes(Counted(data))
    assert told is not None and "0008103E" not in told and told["00280010"]["Value"] == [32]


def test_what_pydicom_says_of_a_value_reaches_no_log(capfd):
    """It sets its logger's level itself when it is imported, whatever our settings said before."""
    logging.config.dictConfig(logging_config("DEBUG"))
    pydicom.config.debug(False, False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warn_and_log("Invalid value for VR PN: 'ZZSECRETNAME'")
    logging.getLogger("screening").warning("still told")
    told = capfd.readouterr().err
    assert "still told" in told and "ZZSECRETNAME" not in told
