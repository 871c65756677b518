"""Archives made to cost more than they weigh, or to lead somewhere."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from screening.models import IngestProblem
from screening.phantoms.headers import as_bytes
from screening.services import ingest_archive as archives
from screening.services.ingest_archive import ingest_archive
from tests.ingest.images import ct

pytestmark = pytest.mark.django_db


def taken(north, data: bytes) -> list[tuple[str, str]]:
    """(name, result or kind of refusal) of every member."""
    found = ingest_archive(archive=io.BytesIO(data), source="upload", site=north, actor=None)
    return [(name, result.code or result.result) for name, result in found]


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_a_hundred_thousand_entries_are_refused_before_one_is_looked_at(north, monkeypatch):
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    contents = entry * 100_000
    # Their number is told as one.
    data = b"PK\x03\x04" + contents + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(contents), 4, 0)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_args: pytest.fail("it was opened"))
    assert taken(north, data) == [("", "bad_archive")]
    assert "more files" in IngestProblem.objects.get().reason


def test_an_archive_of_the_large_kind_is_counted_too(north, monkeypatch):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("one.dcm", as_bytes(ct()))
    plain = out.getvalue()
    at = plain.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<2I", plain, at + 12)
    large = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    data = plain[:at] + large + place + end
    assert taken(north, data) == [("one.dcm", "stored")]
    monkeypatch.setattr(archives, "MAX_MEMBERS", 0)
    assert taken(north, data) == [("", "bad_archive")]


def test_entries_that_share_their_bytes_are_refused(north):
    data = packed(("a.dcm", as_bytes(ct())), ("b.dcm", as_bytes(ct())))
    second = data.rindex(b"PK\x01\x02")
    shared = data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]
    assert taken(north, shared) == [("", "bad_archive")]


def test_many_small_members_that_unpack_to_far_too_much_are_refused(north, monkeypatch):
    monkeypatch.setattr(archives, "MOST_UNSEEN_BYTES", 1 << 20)
    data = packed(*((f"{n}.dcm", bytes(1 << 18)) for n in range(8)))
    assert taken(north, data) == [("", "zip_bomb")]


def test_links_and_paths_lead_nowhere(north, tmp_path):
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    names = ("/etc/a.dcm", "../a.dcm", "a/../../b.dcm", "C:\\a.dcm", "..\\a.dcm")
    inner = packed(("inner.dcm", as_bytes(ct())))
    data = packed((link, b"/etc/passwd"), *((name, as_bytes(ct())) for name in names), ("in.zip", inner))
    assert [code for _name, code in taken(north, data)] == ["not_dicom", *["bad_path"] * 5, "nested_archive"]


@pytest.mark.parametrize("end", [b"", b"PK\x05\x06", b"PK\x05\x06" + b"\xff" * 18])
def test_an_archive_without_a_usable_end_is_refused(north, end):
    assert taken(north, b"PK\x03\x04" + b"x" * 100 + end) == [("", "bad_archive")]
