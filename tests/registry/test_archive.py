"""A zip archive is taken apart without believing a name or a size in it."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from screening.scoring import bundle_archive
from screening.scoring.bundle import BundleError
from screening.scoring.bundle_archive import copy_folder, unpack
from tests.registry import bundles


def archive(*members: tuple[str, bytes], mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as opened:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = mode << 16
            opened.writestr(info, content)
    out.seek(0)
    return out


@pytest.mark.parametrize("around", ["", "lung-nodule-9"])
def test_a_bundle_comes_out_as_it_went_in_with_or_without_a_folder_around_it(tmp_path, around):
    source, target = bundles.write(tmp_path / "b"), tmp_path / "t"
    target.mkdir()
    unpack(bundles.zipped(source, around), target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        path.name: path.read_bytes() for path in source.iterdir()
    }


TRICKS = {
    "a way up": (archive(("../model.json", b"{}")), "leads out"),
    "a way up in the middle": (archive(("b/../../model.json", b"{}")), "leads out"),
    "an absolute path": (archive(("/etc/model.json", b"{}")), "leads out"),
    "a drive": (archive(("C:model.json", b"{}")), "leads out"),
    "a backslash": (archive(("..\\model.json", b"{}")), "leads out"),
    "a link": (archive(("seen.json", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "a link"),
    "folders": (archive(("a/model.json", b"{}"), ("b/model.json", b"{}")), "folders"),
    "two files of one name": (archive(("a.json", b"1"), ("A.json", b"2")), "same name"),
    "too many files": (archive(*((f"{n}.json", b"1") for n in range(50))), "more than"),
    "another packing": (archive(("a.json", b"1"), method=zipfile.ZIP_BZIP2), "not supported"),
    "a bomb": (archive(("weights.safetensors", bytes(40 << 20))), "far more"),
    "a large card": (archive(("CARD.md", b"ab" * 200_000)), "larger"),
    "nothing": (archive(), "empty"),
    "no archive": (io.BytesIO(b"\x80\x04 a pickle"), "no zip archive"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_a_tricky_archive_is_refused_and_writes_nothing_outside(tmp_path, name):
    opened, words = TRICKS[name]
    target = tmp_path / "in" / "t"
    target.mkdir(parents=True)
    with pytest.raises(BundleError, match=words):
        unpack(opened, target)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and target not in path.parents] == []


def test_a_size_that_is_a_lie_is_not_believed(tmp_path, monkeypatch):
    """The directory says 10 bytes; the stream gives more."""
    raw = bytearray(archive(("CARD.md", b"x" * 5000), method=zipfile.ZIP_STORED).getvalue())
    place = raw.index(b"PK\x01\x02")
    raw[place + 24 : place + 28] = struct.pack("<I", 10)
    with pytest.raises(BundleError, match="damaged"):
        unpack(io.BytesIO(bytes(raw)), tmp_path)


def test_the_whole_is_limited_as_well_as_each_file(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_archive, "MAX_TOTAL_BYTES", 1000)
    with pytest.raises(BundleError, match="larger"):
        unpack(archive(("a.json", b"a" * 900), ("b.json", b"b" * 900)), tmp_path)


def test_a_folder_with_a_link_in_it_is_not_copied(tmp_path):
    source = bundles.write(tmp_path / "b")
    (source / "seen.json").symlink_to("/etc/passwd")
    (tmp_path / "t").mkdir()
    with pytest.raises(BundleError, match="plain file"):
        copy_folder(source, tmp_path / "t")
