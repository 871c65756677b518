from __future__ import annotations

import io
import struct
import zipfile

import pytest

from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.services import ingest_archive as archives
from screening.services.ingest_archive import ingest_archive, is_archive
from tests.ingest.images import ct, ct_series

pytestmark = pytest.mark.django_db


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def take(data: bytes, site) -> list[tuple[str, str, str]]:
    results = ingest_archive(archive=io.BytesIO(data), source="upload", site=site, actor=None)
    return [(name, result.result, result.code) for name, result in results]


def test_every_member_of_an_archive_is_taken(north):
    images = {f"study/series/{n}.dcm": as_bytes(d) for n, d in enumerate(ct_series(3))}
    data = zipped({"study/": b"", **images})
    assert is_archive(data[:4])
    assert [result for _, result, _ in take(data, north)] == ["stored"] * 3


def test_one_bad_member_never_stops_the_good_ones(north):
    first, second = ct_series(2)
    data = zipped({"a.dcm": as_bytes(first), "readme.txt": b"hello", "b.dcm": as_bytes(second)})
    assert take(data, north) == [
        ("a.dcm", "stored", ""),
        ("readme.txt", "rejected", "not_dicom"),
        ("b.dcm", "stored", ""),
    ]


@pytest.mark.parametrize("name", ["../evil.dcm", "/etc/passwd", "a/../../b", "C:\\evil.dcm", "..\\evil.dcm"])
def test_a_name_that_leads_out_is_refused(north, name):
    assert take(zipped({name: as_bytes(ct())}), north)[0][1:] == ("rejected", "bad_path")
    assert not Instance.objects.exists()


def test_a_member_that_unpacks_without_measure_is_refused(north):
    data = zipped({"bomb.dcm": b"\0" * (archives.RATIO_FROM_BYTES + 1), "good.dcm": as_bytes(ct())})
    assert take(data, north) == [("bomb.dcm", "rejected", "zip_bomb"), ("good.dcm", "stored", "")]


def test_a_member_over_the_file_limit_is_refused(north, settings):
    settings.UPLOAD_MAX_BYTES = 10_000
    good = as_bytes(ct())
    data = zipped({"big.dcm": bytes(range(256)) * 50, "good.dcm": good})
    assert take(data, north) == [("big.dcm", "rejected", "too_large"), ("good.dcm", "stored", "")]


def test_an_archive_over_the_total_limit_stops_there(north, monkeypatch):
    images = [as_bytes(dataset) for dataset in ct_series(4)]
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", len(images[0]) * 2 + 10)
    results = take(zipped({f"{n}.dcm": data for n, data in enumerate(images)}), north)
    assert [code for _, _, code in results] == ["", "", "archive_too_large"]


def test_an_archive_of_too_many_files_is_refused(north, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    assert take(zipped({str(n): b"" for n in range(3)}), north) == [("", "rejected", "bad_archive")]


def test_an_archive_inside_an_archive_is_not_opened(north):
    inner = zipped({"a.dcm": as_bytes(ct())})
    assert take(zipped({"inner.zip": inner}), north) == [("inner.zip", "rejected", "nested_archive")]


def test_an_encrypted_member_is_refused(north):
    data = bytearray(zipped({"a.dcm": as_bytes(ct())}))
    start = data.index(b"PK\x01\x02")
    flags = struct.unpack_from("<H", data, start + 8)[0]
    struct.pack_into("<H", data, start + 8, flags | 1)
    assert take(bytes(data), north) == [("a.dcm", "rejected", "encrypted")]


def test_another_packing_method_is_refused(north):
    assert take(zipped({"a.dcm": as_bytes(ct())}, zipfile.ZIP_LZMA), north) == [("a.dcm", "rejected", "bad_archive")]


def test_a_damaged_member_is_refused_and_the_next_is_taken(north):
    first, second = (as_bytes(dataset) for dataset in ct_series(2))
    data = bytearray(zipped({"a.dcm": first, "b.dcm": second}, zipfile.ZIP_STORED))
    data[900] ^= 0xFF
    assert take(bytes(data), north) == [("a.dcm", "rejected", "bad_archive"), ("b.dcm", "stored", "")]


@pytest.mark.parametrize("cut", [10, 200, 1000])
def test_a_cut_archive_is_refused_as_a_whole(north, cut):
    data = zipped({"a.dcm": as_bytes(ct())})
    assert take(data[:-cut], north) == [("", "rejected", "bad_archive")]


def test_a_member_that_lies_about_its_size_gives_no_more_than_the_limit(north, settings):
    settings.UPLOAD_MAX_BYTES = 5_000
    data = bytearray(zipped({"a.dcm": b"\0" * 1_000_000}))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", data, data.index(signature) + offset, 4_000)
    assert take(bytes(data), north)[0][1] == "rejected"
