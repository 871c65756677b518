"""A stored object as it lies encrypted: its own data key, wrapped by a master key, then the contents in chunks.

    magic 4 | plain length 8 | slot A 68 | slot B 68 | chunk 0 | chunk 1 | …
    slot: key id 8 | nonce 12 | data key, wrapped, 48; zeros when empty
    chunk: up to 64 KiB of contents and a tag of 16 bytes

AES-256-GCM throughout (NIST SP 800-38D). Every data key is random and seals one object once, so the number of a chunk
is its nonce. The data key is bound to the object's name (the SHA-256 of its contents), to the length and to the master
key's id; a chunk to the name, its number and whether it is the last. So what is changed, cut, moved, doubled or taken
from another object is noticed, and any range is read by itself. A new master key goes into the empty slot before the old
one is cleared: at every moment one slot is whole, and contents are never written again.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from screening.storage_keys import ID_BYTES, KEY_BYTES, Keyring

MAGIC = b"FRO1"
CHUNK = 1 << 16
TAG = 16
_HEAD = struct.Struct(">4sQ")
_SLOT = struct.Struct(f">{ID_BYTES}s12s{KEY_BYTES + TAG}s")
HEADER = _HEAD.size + 2 * _SLOT.size
EMPTY = bytes(_SLOT.size)


class UnreadableObject(Exception):
    """An object is there and is not what was stored, or its key is not given; the text is one sentence."""


def sealed_size(length: int) -> int:
    """Bytes on the disk of an object of `length` bytes."""
    return HEADER + length + _chunks(length) * TAG


def seal(data: bytes, name: str, ring: Keyring) -> Iterator[bytes]:
    """The file of an object, in pieces. name: 64 hexadecimal digits."""
    bound, whole = bytes.fromhex(name), memoryview(data)
    key = secrets.token_bytes(KEY_BYTES)
    cipher = AESGCM(key)
    yield _HEAD.pack(MAGIC, len(data)) + _wrap(key, bound, len(data), ring) + EMPTY
    last = _chunks(len(data)) - 1
    for number in range(last + 1):
        piece = whole[number * CHUNK : (number + 1) * CHUNK]
        yield cipher.encrypt(_nonce(number), piece, _bound(bound, number, last=number == last))


class Writer:
    """The same for contents that come bit by bit, into an open file: `write` as often as one likes, then `finish`."""

    def __init__(self, stream: BinaryIO, name: str, ring: Keyring) -> None:
        self._stream, self._bound, self._ring = stream, bytes.fromhex(name), ring
        self._key = secrets.token_bytes(KEY_BYTES)
        self._cipher = AESGCM(self._key)
        self._waiting = bytearray()
        self._number = self._length = 0
        stream.write(bytes(HEADER))

    def write(self, data: bytes) -> None:
        self._waiting += data
        self._length += len(data)
        # The last chunk is known to be the last only in the end.
        while len(self._waiting) > CHUNK:
            self._chunk(last=False)

    def finish(self) -> None:
        """After: the file is whole, and can be read from its beginning."""
        self._chunk(last=True)
        self._stream.seek(0)
        self._stream.write(
            _HEAD.pack(MAGIC, self._length) + _wrap(self._key, self._bound, self._length, self._ring) + EMPTY
        )
        self._stream.flush()
        self._stream.seek(0)

    def _chunk(self, *, last: bool) -> None:
        piece = bytes(self._waiting[:CHUNK])
        del self._waiting[:CHUNK]
        self._stream.write(
            self._cipher.encrypt(_nonce(self._number), piece, _bound(self._bound, self._number, last=last))
        )
        self._number += 1


def plain_size(stream: BinaryIO, name: str) -> int:
    """The length of the contents of the open file, as its header and its size on the disk agree. Raises
    `UnreadableObject`. What the header says is proved only when it is opened with the key."""
    return _length(stream, stream.read(HEADER), name)


def key_ids(stream: BinaryIO) -> list[str]:
    """The ids in the two slots of the open file; [] for what has no header."""
    head = stream.read(HEADER)
    return [slot[:ID_BYTES].hex() for slot in _slots(head) if slot != EMPTY] if _is_head(head) else []


def rewrap(stream: BinaryIO, name: str, ring: Keyring) -> bool:
    """Wrap the data key with the current master key alone, in place; False when it is already so.

    stream: open for reading and writing, unbuffered. A stop at any moment leaves a file that can be read, and doing it
    again finishes it. Raises `UnreadableObject`.
    """
    head = stream.read(HEADER)
    length = _length(stream, head, name)
    bound = bytes.fromhex(name)
    slots = _slots(head)
    opened = [_unwrap(slot, bound, length, ring) for slot in slots]
    good = next((at for at, key in enumerate(opened) if key and slots[at][:ID_BYTES] == ring.current), None)
    if good is not None and slots[1 - good] == EMPTY:
        return False
    if good is None:
        there = next((at for at, key in enumerate(opened) if key), None)
        if there is None:
            raise _locked(name, slots, ring)
        good, key = 1 - there, opened[there]
        assert key is not None
        _put(stream, good, _wrap(key, bound, length, ring))
    _put(stream, 1 - good, EMPTY)
    return True


class Sealed(io.RawIOBase):
    """The contents of an open file, seekable; each chunk is proved before a byte of it is given out.

    Takes the stream over. fault: told once of what is wrong, with a sentence, before `UnreadableObject` is raised, by the
    constructor or by any read.
    """

    def __init__(self, stream: BinaryIO, name: str, ring: Keyring | None, fault: Callable[[str], None]) -> None:
        self._stream, self._name, self._fault = stream, name, fault
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")
        try:
            head = stream.read(HEADER)
            self._length = _length(stream, head, name)
            self._bound = bytes.fromhex(name)
            slots = _slots(head)
            found = (_unwrap(slot, self._bound, self._length, ring) for slot in slots) if ring else ()
            key = next((each for each in found if each), None)
            if key is None:
                raise _locked(name, slots, ring)
        except UnreadableObject as error:
            self.close()
            fault(str(error))
            raise
        self._cipher = AESGCM(key)
        self._last = _chunks(self._length) - 1

    @property
    def name(self) -> str:
        """Readers of files ask for one; it is no path."""
        return self._name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise ValueError("negative seek position")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._at >= self._length:
            # An empty object has a chunk to be proved, too.
            if self._length == 0:
                self._chunk(0)
            return 0
        number, start = divmod(self._at, CHUNK)
        data = memoryview(self._chunk(number))[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readall(self) -> bytes:
        parts: list[bytes] = []
        while self._at < self._length or (self._length == 0 and not parts):
            number, start = divmod(self._at, CHUNK)
            data = self._chunk(number)
            parts.append(data[start:] if start else data)
            self._at = min((number + 1) * CHUNK, self._length)
        return b"".join(parts)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        if self._held[0] != number:
            self._stream.seek(HEADER + number * (CHUNK + TAG))
            sealed = self._stream.read(CHUNK + TAG)
            try:
                data = self._cipher.decrypt(
                    _nonce(number), sealed, _bound(self._bound, number, last=number == self._last)
                )
            except InvalidTag:
                words = f"The object {self._name[:16]}… cannot be read: it is not what was stored."
                self._fault(words)
                raise UnreadableObject(words) from None
            self._held = (number, data)
        return self._held[1]


def _chunks(length: int) -> int:
    return max(1, -(-length // CHUNK))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(name: bytes, number: int, *, last: bool) -> bytes:
    return name + struct.pack(">QB", number, last)


def _wrapped_with(name: bytes, length: int, key: bytes) -> bytes:
    return MAGIC + name + struct.pack(">Q", length) + key


def _wrap(key: bytes, name: bytes, length: int, ring: Keyring) -> bytes:
    nonce = secrets.token_bytes(12)
    wrapped = ring.ciphers[ring.current].encrypt(nonce, key, _wrapped_with(name, length, ring.current))
    return _SLOT.pack(ring.current, nonce, wrapped)


def _unwrap(slot: bytes, name: bytes, length: int, ring: Keyring) -> bytes | None:
    key, nonce, wrapped = _SLOT.unpack(slot)
    cipher = ring.ciphers.get(key)
    if cipher is None:
        return None
    try:
        return cipher.decrypt(nonce, wrapped, _wrapped_with(name, length, key))
    except InvalidTag:
        return None


def _is_head(head: bytes) -> bool:
    return len(head) == HEADER and head.startswith(MAGIC)


def _slots(head: bytes) -> list[bytes]:
    return [head[at : at + _SLOT.size] for at in (_HEAD.size, _HEAD.size + _SLOT.size)]


def _length(stream: BinaryIO, head: bytes, name: str) -> int:
    length = int(_HEAD.unpack_from(head)[1]) if _is_head(head) else -1
    if length < 0 or os.fstat(stream.fileno()).st_size != sealed_size(length):
        raise UnreadableObject(f"The object {name[:16]}… cannot be read: it is cut short or not what was stored.")
    return length


def _locked(name: str, slots: list[bytes], ring: Keyring | None) -> UnreadableObject:
    asked = [slot[:ID_BYTES] for slot in slots if slot != EMPTY]
    if any(ring and key in ring.ciphers for key in asked):
        return UnreadableObject(f"The object {name[:16]}… cannot be read: it is not what was stored.")
    ids = " or ".join(key.hex() for key in asked) or "none"
    return UnreadableObject(f"The object {name[:16]}… cannot be read: its key ({ids}) is not in STORAGE_KEY.")


def _put(stream: BinaryIO, slot: int, data: bytes) -> None:
    stream.seek(_HEAD.size + slot * _SLOT.size)
    stream.write(data)
    stream.flush()
    os.fsync(stream.fileno())
