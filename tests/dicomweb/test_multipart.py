from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.dicomweb.multipart import BadMultipart, accepted, boundary_of, media_type, read_parts, write_parts

LINES = st.lists(st.sampled_from([b"\r\n", b"--", b"edge", b"\r", b"\n", b"a", b"\x00\xff"]), max_size=30).map(b"".join)


def read(data: bytes, boundary: bytes = b"edge", *, max_part: int = 1 << 20, chunk: int = 7) -> list[bytes]:
    stream = io.BytesIO(data)
    return [part for _kind, part in read_parts(stream.read, boundary, max_part=max_part, chunk=chunk)]


@given(
    st.lists(LINES.filter(lambda text: b"\r\n--edge" not in b"\r\n" + text + b"\r\n"), max_size=4), st.integers(1, 40)
)
def test_parts_come_back_as_they_were_written_wherever_the_stream_is_cut(parts, chunk):
    data = b"".join(write_parts((("application/dicom", (part,)) for part in parts), "edge"))
    assert read(data, chunk=chunk) == parts


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_are_parts_or_a_named_error(data, chunk):
    try:
        parts = read(b"--edge" + data, chunk=chunk)
    except BadMultipart:
        return
    assert sum(map(len, parts)) <= len(data)


def test_what_comes_before_and_after_the_parts_does_not_count():
    assert read(b"preamble\r\n--edge \t\r\n\r\nbody\r\n--edge--\r\nepilogue") == [b"body"]


def test_of_a_part_over_the_limit_one_byte_more_is_kept():
    assert read(b"--edge\r\n\r\n" + b"x" * 100 + b"\r\n--edge\r\n\r\nnext\r\n--edge--", max_part=10) == [
        b"x" * 11,
        b"next",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"--edge",
        b"--edge\r\n",
        b"--edge\r\n\r\nbody",
        b"--edgeX\r\n\r\nbody\r\n--edge--",
        b"--edge\r\nA: " + b"x" * 20_000,
    ],
)
def test_a_damaged_body_is_a_named_error(data):
    with pytest.raises(BadMultipart):
        read(data, chunk=4096)


def test_media_types_are_read_with_quotes_and_preferences():
    kind = media_type('Multipart/Related; TYPE="application/dicom"; boundary="a;b"')
    assert (kind.name, kind.part, boundary_of(media_type("x/y; boundary=ab"))) == (
        "multipart/related",
        "application/dicom",
        b"ab",
    )
    assert kind.parameters["boundary"] == "a;b"
    ranges = accepted('image/jpeg;q=0.2, multipart/related; type="a/b,c"; transfer-syntax=*, text/plain;q=0')
    assert [one.name for one in ranges] == ["multipart/related", "image/jpeg"]
    assert ranges[0].transfer_syntax == "*"
    assert [one.name for one in accepted("")] == ["*/*"]
