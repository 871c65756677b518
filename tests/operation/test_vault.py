"""An encrypted file of a backup comes back as it was, or not at all."""

from __future__ import annotations

import io

import pytest

from screening.backup.vault import MAGIC, PIECE, Damaged, Vault

BOX = Vault(b"k" * 32)


def back(path, name: str = "name", box: Vault = BOX) -> bytes:
    out = io.BytesIO()
    box.read(path, out, name)
    return out.getvalue()


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_what_was_written_comes_back(tmp_path, length):
    data = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    BOX.write(io.BytesIO(data), tmp_path / "file", "name")
    assert back(tmp_path / "file") == data
    stored = (tmp_path / "file").read_bytes()
    assert len(data) < 32 or data[:32] not in stored
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "no part is left"


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "file"
    BOX.write(io.BytesIO(b"a" * PIECE + b"b" * PIECE + b"c"), path, "name")
    return path


@pytest.mark.parametrize("place", [0, 5, 12, 15, 16, 400, PIECE + 40, -1, -17, -20])
def test_a_changed_byte_is_noticed(written, place):
    data = bytearray(written.read_bytes())
    data[place] ^= 1
    written.write_bytes(bytes(data))
    with pytest.raises(Damaged):
        back(written)


def pieces(data: bytes) -> list[bytes]:
    found, at = [], len(MAGIC) + 8
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4])
        found.append(data[at:end])
        at = end
    return found


@pytest.mark.parametrize("order", [[0, 1], [0], [], [1, 0, 2], [0, 2], [0, 1, 1, 2], [0, 1, 2, 2]])
def test_pieces_left_out_moved_or_doubled_are_noticed(written, order):
    data = written.read_bytes()
    there = pieces(data)
    assert len(there) == 3
    written.write_bytes(data[: len(MAGIC) + 8] + b"".join(there[number] for number in order))
    with pytest.raises(Damaged):
        back(written)


@pytest.mark.parametrize("length", [0, 3, 11, 12, 14, 100, PIECE + 20])
def test_a_file_cut_short_is_noticed(written, length):
    written.write_bytes(written.read_bytes()[:length])
    with pytest.raises(Damaged):
        back(written)


def test_another_name_or_key_opens_nothing(written, tmp_path):
    with pytest.raises(Damaged, match="key is another"):
        back(written, "other")
    with pytest.raises(Damaged, match="key is another"):
        back(written, box=Vault(b"l" * 32))
    with pytest.raises(Damaged, match="missing"):
        back(tmp_path / "nothing")


def test_one_text_is_never_written_the_same_way_twice(tmp_path):
    for name in ("first", "second"):
        BOX.write(io.BytesIO(b"the same"), tmp_path / name, "name")
    assert (tmp_path / "first").read_bytes() != (tmp_path / "second").read_bytes()


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"short")
