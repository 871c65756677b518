"""Where the bytes of images are kept: by the SHA-256 of what was received, written once, never changed.

Callers know keys and byte ranges only, so that another store (encrypted, or a bucket) can take this one's place.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

_KEY = re.compile(r"[0-9a-f]{64}")


class MissingObject(Exception):
    """No object is kept under the key."""


class ObjectStorage(Protocol):
    """A store of immutable objects, addressed by their content."""

    def put(self, data: bytes) -> str:
        """Keep `data`; after the return it survives a power cut. Returns its key. The same bytes again cost nothing."""

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of `length` bytes from `start` (to the end when None). Raises `MissingObject`."""

    def exists(self, key: str) -> bool:
        """Is there such an object?"""

    def size(self, key: str) -> int:
        """Its size in bytes. Raises `MissingObject`."""

    def erase(self, key: str) -> None:
        """Remove the object for good; nothing when there is none."""


class LocalStorage:
    """Objects as files: root/ab/cd/<sha256>."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        path = self._path(key)
        if self._is_whole(path, len(data)):
            return key
        self._make_folder(path.parent)
        part = path.parent / f".{key[:16]}.{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return key

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        try:
            stream = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise MissingObject(key) from error
        stream.seek(start)
        return stream if length is None else io.BufferedReader(_Range(stream, length))

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise MissingObject(key) from error

    def erase(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise MissingObject("A key is 64 hexadecimal digits.")
        return self.root / key[:2] / key[2:4] / key

    @staticmethod
    def _is_whole(path: Path, size: int) -> bool:
        try:
            return path.stat().st_size == size
        except FileNotFoundError:
            return False

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        # A folder's name is kept by the folder above it.
        for parent in (folder.parent, folder.parent.parent):
            _sync_folder(parent)


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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage() -> ObjectStorage:
    """The store of this installation."""
    return LocalStorage(Path(settings.STORAGE_ROOT))
