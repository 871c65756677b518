"""Where the bytes of images are kept: by the SHA-256 of what was received, written once, never changed.

Callers know keys and byte ranges only, so that another store (a bucket, say) can take this one's place. Where master keys
are given (`STORAGE_KEY`), new objects are kept encrypted (`screening.storage_sealed`), and old ones stay readable.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from screening import storage_places as places
from screening.storage_keys import Keyring, read_keys
from screening.storage_sealed import CHUNK, Sealed, UnreadableObject, plain_size, seal, sealed_size

__all__ = ["LocalStorage", "MissingObject", "ObjectStorage", "UnreadableObject", "check_keys", "storage"]
_KEY = re.compile(r"[0-9a-f]{64}")


class MissingObject(Exception):
    """No object is kept under the key."""


class ObjectStorage(Protocol):
    """A store of immutable objects, addressed by their content."""

    def put(self, data: bytes) -> str:
        """Keep `data`; after the return it survives a power cut. Returns its key. The same bytes are written once; what
        was damaged is written again."""

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of `length` bytes from `start` (to the end when None). Raises `MissingObject`; it and every read
        raise `UnreadableObject` rather than give out a byte that was not stored."""

    def exists(self, key: str) -> bool:
        """Is there such an object?"""

    def size(self, key: str) -> int:
        """Its size in bytes. Raises `MissingObject`, `UnreadableObject`."""

    def erase(self, key: str) -> None:
        """Remove the object for good; nothing when there is none."""


class LocalStorage:
    """Objects as files: root/ab/cd/<sha256>, and with `.enc` behind it where the file is encrypted."""

    def __init__(self, root: Path, ring: Keyring | None = None) -> None:
        self.root = root
        self.ring = ring

    def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        if self._holds(key, data):
            return key
        if self.ring is None:
            self._write(self._path(key), (data,))
        else:
            places.note_key(self.root, self.ring.ids[0])
            self._write(self.sealed_path(key), seal(data, key, self.ring))
        return key

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        stream = self._open(key)
        stream.seek(start)
        return stream if length is None else io.BufferedReader(_Range(stream, length))

    def exists(self, key: str) -> bool:
        # Asked of every image of a series at once: the likelier one first.
        first, second = (self.sealed_path, self._path) if self.ring else (self._path, self.sealed_path)
        return first(key).is_file() or second(key).is_file()

    def size(self, key: str) -> int:
        try:
            with self.sealed_path(key).open("rb") as stream:
                return plain_size(stream, key)
        except FileNotFoundError:
            pass
        except UnreadableObject as error:
            self._note(key, str(error))
            raise
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise MissingObject(key) from error

    def erase(self, key: str) -> None:
        path = self._path(key)
        if not path.parent.is_dir():
            return
        with places.locked(self.root):
            path.unlink(missing_ok=True)
            self.sealed_path(key).unlink(missing_ok=True)
        places.sync_folder(path.parent)

    def convert(self, key: str) -> bool:
        """Encrypt a plain object where it lies; False when there is none. At every moment one whole file is there.

        Raises `UnreadableObject` when the bytes are not those that were stored: they are left as they are.
        """
        assert self.ring is not None
        plain, sealed = self._path(key), self.sealed_path(key)
        try:
            data = plain.read_bytes()
        except FileNotFoundError:
            return False
        if hashlib.sha256(data).hexdigest() != key:
            # Sent again, it may lie beside its damaged self.
            data = self._opened_sealed(key)
        if not self._holds_sealed(key, data):
            places.note_key(self.root, self.ring.ids[0])
            part = self._part(sealed, seal(data, key, self.ring))
            with places.locked(self.root):
                # Erased meanwhile, it must not come back.
                if plain.exists():
                    os.replace(part, sealed)
            part.unlink(missing_ok=True)
            places.sync_folder(sealed.parent)
        plain.unlink(missing_ok=True)
        places.sync_folder(plain.parent)
        return True

    def _open(self, key: str) -> BinaryIO:
        # Once more, because it may be encrypted between the two looks.
        sealed, plain = self._open_sealed, self._open_plain
        for look in (sealed, plain, sealed) if self.ring else (plain, sealed, plain):
            try:
                return look(key)
            except FileNotFoundError:
                continue
        raise MissingObject(key)

    def _open_sealed(self, key: str) -> BinaryIO:
        stream = self.sealed_path(key).open("rb", buffering=0)
        return io.BufferedReader(Sealed(stream, key, self.ring, partial(self._note, key)), CHUNK)

    def _opened_sealed(self, key: str) -> bytes:
        try:
            with self._open_sealed(key) as stream:
                return stream.read()
        except FileNotFoundError:
            raise self._damaged(key) from None

    def _open_plain(self, key: str) -> BinaryIO:
        path = self._path(key)
        stream = path.open("rb")
        # Who can write to the disk and has no key could lay a plain file in the way of an encrypted one.
        if self.ring is not None and not places.is_itself(stream, key):
            stream.close()
            raise self._damaged(key)
        return stream

    def _damaged(self, key: str) -> UnreadableObject:
        words = f"The object {key[:16]}… cannot be read: it is not what was stored."
        self._note(key, words)
        return UnreadableObject(words)

    def _note(self, key: str, words: str) -> None:
        places.note_fault(self.root, key, words)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise MissingObject("A key is 64 hexadecimal digits.")
        return self.root / key[:2] / key[2:4] / key

    def sealed_path(self, key: str) -> Path:
        path = self._path(key)
        return path.parent / f"{key}{places.SEALED}"

    def _holds(self, key: str, data: bytes) -> bool:
        path = self._path(key)
        if self.ring is None:
            return _is_whole(path, len(data))
        return self._holds_sealed(key, data) or (_is_whole(path, len(data)) and path.read_bytes() == data)

    def _holds_sealed(self, key: str, data: bytes) -> bool:
        """Proved to the last byte: what was damaged is mended by sending it again."""
        path = self.sealed_path(key)
        if not _is_whole(path, sealed_size(len(data))):
            return False
        try:
            with path.open("rb", buffering=0) as file, Sealed(file, key, self.ring, lambda _words: None) as stream:
                return all(stream.read(len(piece)) == piece for piece in _pieces(data))
        except UnreadableObject:
            return False

    def _write(self, path: Path, pieces: Iterable[bytes]) -> None:
        self._make_folder(path.parent)
        part = self._part(path, pieces)
        try:
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        places.sync_folder(path.parent)

    @staticmethod
    def _part(path: Path, pieces: Iterable[bytes]) -> Path:
        """A file beside `path` with all pieces on the disk, or none."""
        part = path.parent / f".{path.name[:16]}.{secrets.token_hex(8)}.part"
        whole = False
        try:
            with part.open("xb") as stream:
                stream.writelines(pieces)
                stream.flush()
                os.fsync(stream.fileno())
            whole = True
        finally:
            if not whole:
                part.unlink(missing_ok=True)
        return part

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        # A folder's name is kept by the folder above it.
        for parent in (folder.parent, folder.parent.parent):
            places.sync_folder(parent)


class _Range(io.RawIOBase):
    """The next `length` bytes of a stream, which it closes."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _pieces(data: bytes) -> Iterator[memoryview]:
    """Of a chunk each, at least one."""
    whole = memoryview(data)
    return (whole[start : start + CHUNK] for start in range(0, len(data) or 1, CHUNK))


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def storage() -> LocalStorage:
    """The store of this installation. Raises ImproperlyConfigured for a key that is none."""
    try:
        return LocalStorage(Path(settings.STORAGE_ROOT), read_keys(settings.STORAGE_KEY))
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None


def check_keys() -> None:
    """Raises ImproperlyConfigured where objects were encrypted with a key that is not given: nothing starts then."""
    store = storage()
    given = store.ring.ids if store.ring else []
    lacking = [key for key in places.noted_keys(store.root) if key not in given]
    if lacking:
        raise ImproperlyConfigured(
            f"Stored images are encrypted with the key {' and '.join(lacking)}, which STORAGE_KEY does not hold: give it"
            " there or in the file that STORAGE_KEY_FILE names. Without it these images cannot be read."
        )
