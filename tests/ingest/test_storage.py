from __future__ import annotations

import hashlib
import os

import pytest

from screening.storage import LocalStorage, MissingObject, storage


@pytest.fixture
def local(tmp_path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects")


def read(stream) -> bytes:
    with stream:
        return stream.read()


def test_an_object_is_found_under_its_content(local):
    key = local.put(b"abc")
    assert key == hashlib.sha256(b"abc").hexdigest()
    assert read(local.open_range(key)) == b"abc"
    assert (local.exists(key), local.size(key)) == (True, 3)
    assert (local.root / key[:2] / key[2:4] / key).is_file()


def test_the_same_bytes_are_written_once(local):
    key = local.put(b"abc")
    path = local._path(key)
    before = path.stat().st_ino
    assert local.put(b"abc") == key
    assert path.stat().st_ino == before


def test_a_torn_object_is_written_again(local):
    key = local.put(b"abcdef")
    local._path(key).write_bytes(b"ab")
    local.put(b"abcdef")
    assert read(local.open_range(key)) == b"abcdef"


@pytest.mark.parametrize(
    ("start", "length", "expected"), [(0, 2, b"ab"), (2, None, b"cdef"), (4, 100, b"ef"), (1, 0, b"")]
)
def test_a_range_is_the_bytes_asked_for(local, start, length, expected):
    assert read(local.open_range(local.put(b"abcdef"), start, length)) == expected


def test_a_write_that_fails_leaves_nothing_behind(local, monkeypatch):
    def fail(*_args):
        raise OSError(28, "full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        local.put(b"abc")
    assert [path for path in local.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "ab/cd", "A" * 64, "0" * 64])
def test_what_is_no_key_of_an_object_is_missing(local, key):
    with pytest.raises(MissingObject):
        local.open_range(key)
    with pytest.raises(MissingObject):
        local.size(key)


def test_the_installations_store_is_under_the_configured_folder(settings, tmp_path):
    settings.STORAGE_ROOT = tmp_path / "elsewhere"
    key = storage().put(b"x")
    assert (tmp_path / "elsewhere" / key[:2] / key[2:4] / key).is_file()
