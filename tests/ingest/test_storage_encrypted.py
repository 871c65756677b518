"""Encrypted objects: what was stored comes back, and nothing that was touched does."""

from __future__ import annotations

import io
import os
import random

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydicom import dcmread

from screening import storage_places as places
from screening.phantoms.headers import as_bytes
from screening.storage import LocalStorage, MissingObject, UnreadableObject, check_keys, storage
from screening.storage_keys import new_key, read_keys
from screening.storage_sealed import CHUNK, HEADER, TAG, rewrap, sealed_size
from tests.ingest.images import ct_series

OLD, NEW = new_key(), new_key()
LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17]


def contents(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


@pytest.fixture
def store(tmp_path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects", read_keys(OLD))


def with_keys(store: LocalStorage, *keys: str) -> LocalStorage:
    return LocalStorage(store.root, read_keys(" ".join(keys)))


def read(store: LocalStorage, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open_range(key, start, length) as stream:
        return stream.read()


@pytest.mark.parametrize("length", LENGTHS)
def test_what_was_stored_comes_back_and_lies_on_the_disk_unreadable(store, length):
    data = contents(length)
    key = store.put(data)
    assert read(store, key) == data
    assert (store.exists(key), store.size(key)) == (True, length)
    (file,) = store.root.rglob("*.enc")
    kept = file.read_bytes()
    assert len(kept) == sealed_size(length)
    assert length < 32 or not any(data[at : at + 16] in kept for at in range(0, length - 16, 997))
    assert not store._path(key).exists()


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 10), (CHUNK - 5, 10), (CHUNK, CHUNK), (2 * CHUNK + 1, None), (3 * CHUNK + 10, 100), (9 * CHUNK, 4), (5, 0)],
)
def test_a_range_is_the_bytes_asked_for(store, start, length):
    data = contents(3 * CHUNK + 17)
    end = None if length is None else start + length
    assert read(store, store.put(data), start, length) == data[start:end]


def test_a_stream_is_read_as_a_file_is(store):
    data = contents(2 * CHUNK + 100)
    plain = io.BytesIO(data)
    draw = random.Random(4)
    with store.open_range(store.put(data)) as stream:
        for _turn in range(200):
            whence, offset, length = draw.choice((0, 1, 2)), draw.randrange(-900, CHUNK * 2), draw.randrange(0, 3000)
            if whence == 0:
                offset = abs(offset)
            elif whence == 1 and plain.tell() + offset < 0:
                continue
            elif whence == 2:
                offset = -abs(offset)
            assert stream.seek(offset, whence) == plain.seek(offset, whence)
            assert stream.read(length) == plain.read(length)


def test_a_range_costs_the_chunks_it_lies_in_and_no_others(store):
    """What lies in other chunks may be damaged: the range is read by itself."""
    data = contents(4 * CHUNK)
    key = store.put(data)
    _flip(store.sealed_path(key), HEADER + 3 * (CHUNK + TAG) + 9)
    assert read(store, key, CHUNK, 100) == data[CHUNK : CHUNK + 100]
    with pytest.raises(UnreadableObject, match="not what was stored"):
        read(store, key)


def _flip(path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "place", [0, 3, 5, 11, 12, 20, 33, 60, 79, HEADER, HEADER + CHUNK, HEADER + CHUNK + TAG - 1, -1, -TAG, -TAG - 1]
)
def test_a_changed_byte_is_noticed(store, place):
    key = store.put(contents(CHUNK + 50))
    _flip(store.sealed_path(key), place)
    with pytest.raises(UnreadableObject, match="cannot be read"):
        read(store, key)
    assert key in places.faults(store.root)


@pytest.mark.parametrize("length", [0, 11, HEADER - 1, HEADER, HEADER + 20, -1, -(CHUNK + TAG)])
def test_an_object_cut_short_is_noticed_and_has_no_size(store, length):
    key = store.put(contents(3 * CHUNK))
    path = store.sealed_path(key)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UnreadableObject):
        read(store, key)
    with pytest.raises(UnreadableObject):
        store.size(key)


def test_one_cut_short_with_its_length_made_to_fit_is_noticed(store):
    key = store.put(contents(3 * CHUNK))
    path = store.sealed_path(key)
    kept = path.read_bytes()
    path.write_bytes(kept[:4] + (2 * CHUNK).to_bytes(8, "big") + kept[12 : -(CHUNK + TAG)])
    with pytest.raises(UnreadableObject, match="not what was stored"):
        read(store, key, 0, 1)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 0, 2], [0, 2, 1], [2, 1, 0], [0, 1, 1]])
def test_chunks_that_are_moved_or_doubled_are_noticed(store, order):
    key = store.put(contents(3 * CHUNK))
    path = store.sealed_path(key)
    kept, size = path.read_bytes(), CHUNK + TAG
    chunks = [kept[HEADER + at * size : HEADER + (at + 1) * size] for at in range(3)]
    path.write_bytes(kept[:HEADER] + b"".join(chunks[at] for at in order))
    with pytest.raises(UnreadableObject):
        read(store, key)


def test_an_object_or_a_part_of_one_laid_under_anothers_name_is_noticed(store):
    mine, other = store.put(contents(CHUNK * 2, 1)), store.put(contents(CHUNK * 2, 2))
    here, there = store.sealed_path(mine), store.sealed_path(other)
    own, foreign = here.read_bytes(), there.read_bytes()
    for mixed in (
        foreign,
        foreign[:HEADER] + own[HEADER:],
        own[:HEADER] + foreign[HEADER:],
        own[:-400] + foreign[-400:],
    ):
        here.write_bytes(mixed)
        with pytest.raises(UnreadableObject):
            read(store, mine)
    assert read(store, other) == contents(CHUNK * 2, 2), "others are unaffected"


def test_another_key_or_none_opens_nothing_and_says_which_is_missing(store):
    key = store.put(b"an image")
    for other in (with_keys(store, NEW), LocalStorage(store.root)):
        with pytest.raises(UnreadableObject, match=rf"its key \({read_keys(OLD).ids[0]}\) is not in STORAGE_KEY"):
            other.open_range(key)
    assert read(with_keys(store, NEW, OLD), key) == b"an image"


def test_what_is_damaged_is_mended_by_sending_it_again(store):
    data = contents(CHUNK * 2)
    key = store.put(data)
    inode = store.sealed_path(key).stat().st_ino
    assert store.put(data) == key
    assert store.sealed_path(key).stat().st_ino == inode, "what is whole is not written again"
    _flip(store.sealed_path(key), -1)
    store.put(data)
    assert read(store, key) == data


def test_one_content_is_never_written_the_same_way_twice(store, tmp_path):
    other = LocalStorage(tmp_path / "other", store.ring)
    key = store.put(contents(5000))
    other.put(contents(5000))
    ours, theirs = store.sealed_path(key).read_bytes(), other.sealed_path(key).read_bytes()
    assert ours[12:80] != theirs[12:80]
    assert ours[HEADER:] != theirs[HEADER:]


def test_plain_objects_stay_readable_until_they_are_encrypted(store):
    data = contents(1000)
    key = LocalStorage(store.root).put(data)
    assert read(store, key) == data
    assert store.put(data) == key
    assert not store.sealed_path(key).exists(), "known already"
    assert store.convert(key) is True
    assert not store._path(key).exists()
    assert read(store, key) == data
    assert (store.convert(key), store.exists(key), store.size(key)) == (False, True, 1000)


def test_a_plain_file_laid_in_the_way_gives_out_nothing(store):
    key = store.put(contents(1000))
    store.sealed_path(key).unlink()
    store._path(key).write_bytes(b"another image")
    with pytest.raises(UnreadableObject, match="not what was stored"):
        store.open_range(key)
    with pytest.raises(UnreadableObject):
        store.convert(key)
    assert store._path(key).read_bytes() == b"another image", "evidence is left"


@pytest.mark.parametrize("stop", ["before the rename", "before the plain file goes"])
def test_encrypting_that_is_stopped_leaves_a_whole_object_and_can_be_done_again(store, monkeypatch, stop):
    data = contents(2 * CHUNK)
    key = LocalStorage(store.root).put(data)

    def fail(*_args, **_more):
        raise OSError(5, "power cut")

    with monkeypatch.context() as patch:
        if stop == "before the rename":
            patch.setattr(os, "replace", fail)
        else:
            patch.setattr("screening.storage_places.sync_folder", fail)
            places_noted = [read_keys(OLD).ids[0]]
            patch.setattr("screening.storage_places.noted_keys", lambda _root: places_noted)
        with pytest.raises(OSError, match="power cut"):
            store.convert(key)
    assert read(store, key) == data
    store.convert(key)
    assert read(store, key) == data
    assert not store._path(key).exists()


def test_an_object_erased_while_it_is_encrypted_does_not_come_back(store, monkeypatch):
    key = LocalStorage(store.root).put(contents(1000))
    whole = LocalStorage._part

    def erased_meanwhile(path, pieces):
        part = whole(path, pieces)
        store.erase(key)
        return part

    monkeypatch.setattr(LocalStorage, "_part", staticmethod(erased_meanwhile))
    store.convert(key)
    assert not store.exists(key)
    with pytest.raises(MissingObject):
        store.open_range(key)


def test_erasing_removes_it_plain_and_encrypted(store):
    key = store.put(contents(1000))
    LocalStorage(store.root).put(contents(1000))
    assert store._path(key).exists() and store.sealed_path(key).exists()
    store.erase(key)
    assert not store.exists(key)


def rotated(store: LocalStorage, key: str) -> bool:
    with store.sealed_path(key).open("r+b", buffering=0) as file:
        return rewrap(file, key, store.ring)


def test_a_new_key_takes_over_without_the_contents_being_written(store):
    data = contents(CHUNK * 2 + 5)
    key = store.put(data)
    before = store.sealed_path(key).read_bytes()[HEADER:]
    both = with_keys(store, NEW, OLD)
    assert [rotated(both, key), rotated(both, key)] == [True, False]
    assert store.sealed_path(key).read_bytes()[HEADER:] == before
    assert read(with_keys(store, NEW), key) == data
    with pytest.raises(UnreadableObject, match="is not in STORAGE_KEY"):
        store.open_range(key)
    assert [rotated(with_keys(store, OLD, NEW), key), read(store, key) == data] == [True, True], "and back"


@pytest.mark.parametrize("bytes_written", [0, 1, 30, 68, 69, 100, 136])
def test_a_rotation_that_is_cut_off_anywhere_leaves_an_object_that_can_be_read(store, bytes_written):
    """Power goes after that many bytes of the header have changed."""
    data = contents(100)
    key = store.put(data)
    path = store.sealed_path(key)
    before = path.read_bytes()
    both = with_keys(store, NEW, OLD)
    rotated(both, key)
    after = path.read_bytes()
    # The new slot (B) is written first, then the old one (A) is cleared.
    torn = bytearray(before)
    for at in [*range(80, 148), *range(12, 80)][:bytes_written]:
        torn[at] = after[at]
    path.write_bytes(bytes(torn))
    assert read(both, key) == data
    rotated(both, key)
    assert read(with_keys(store, NEW), key) == data


def test_a_key_that_cannot_open_rewraps_nothing(store):
    key = store.put(b"an image")
    before = store.sealed_path(key).read_bytes()
    with pytest.raises(UnreadableObject):
        rotated(with_keys(store, NEW), key)
    assert store.sealed_path(key).read_bytes() == before


@pytest.mark.parametrize("text", ["short", "%%%", "QUJD", f"{OLD} x"], ids=["short", "signs", "few", "two"])
def test_what_is_no_key_is_refused_without_showing_it(settings, text):
    settings.STORAGE_KEY = text
    with pytest.raises(ImproperlyConfigured, match=r"^Key \d of STORAGE_KEY is not 32 bytes in base64\.$"):
        storage()


def test_without_a_key_nothing_is_encrypted(settings):
    settings.STORAGE_KEY = " \n"
    key = storage().put(b"x")
    assert storage()._path(key).read_bytes() == b"x"


def test_nothing_starts_while_a_key_in_use_is_missing(settings, tmp_path):
    settings.STORAGE_KEY = f"{OLD}\n"
    check_keys()
    storage().put(b"an image")
    check_keys()
    for given in ("", NEW):
        settings.STORAGE_KEY = given
        with pytest.raises(ImproperlyConfigured, match=f"{read_keys(OLD).ids[0]}, which STORAGE_KEY does not hold"):
            check_keys()
    settings.STORAGE_KEY = f"{NEW} {OLD}"
    check_keys()


def test_a_header_is_read_without_the_pixels_behind_it(store):
    """The reader of DICOM files takes the stream as it takes a file."""
    data = as_bytes(ct_series(1, side=256)[0])
    key = store.put(data)
    _flip(store.sealed_path(key), -1)
    with store.open_range(key) as stream:
        assert dcmread(stream, stop_before_pixels=True).Rows == 256
        assert stream.read(4) == b"\xe0\x7f\x10\x00"
