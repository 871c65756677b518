"""What lies beside the objects: the ids of the keys in use, a lock, and a note of what could not be read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

import structlog

SEALED = ".enc"
_OBJECT = re.compile(r"([0-9a-f]{64})(\.enc)?")
_SHARD = re.compile(r"[0-9a-f]{2}")
_KEY_ID = re.compile(r"[0-9a-f]{16}")
# So much is written down of what cannot be read; a store that is lost as a whole fills no disk.
MOST_FAULT_BYTES = 1 << 20
MOST_PROVED = 4096
_PROVED: set[tuple[str, int, int, int, int]] = set()
log = structlog.get_logger(__name__)


def shards(root: Path) -> list[Path]:
    """The folders of objects, in order."""
    if not root.is_dir():
        return []
    outer = sorted(path for path in root.iterdir() if _SHARD.fullmatch(path.name))
    return [inner for each in outer for inner in sorted(each.iterdir()) if _SHARD.fullmatch(inner.name)]


def objects_in(shard: Path) -> list[tuple[str, bool]]:
    """(key, encrypted) of each file of an object in a folder, in order."""
    found = (_OBJECT.fullmatch(name) for name in sorted(os.listdir(shard)))
    return [(match[1], match[2] is not None) for match in found if match]


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """One process at a time, over the few moments in which files are renamed or removed."""
    with (root / ".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def noted_keys(root: Path) -> list[str]:
    """Ids of the master keys that objects here may need, in the order in which they came into use."""
    try:
        return _KEY_ID.findall((root / ".storage-keys").read_text(encoding="ascii"))
    except FileNotFoundError:
        return []


def note_key(root: Path, key: str) -> None:
    """After the return it is on the disk that `key` is in use: before the first object that needs it."""
    if key in noted_keys(root):
        return
    root.mkdir(parents=True, exist_ok=True)
    with locked(root):
        _write_keys(root, [*noted_keys(root), key])


def keep_keys(root: Path, needed: set[str]) -> None:
    """Forget the ids that no object needs any more."""
    with locked(root):
        _write_keys(root, [key for key in noted_keys(root) if key in needed])


def _write_keys(root: Path, keys: list[str]) -> None:
    part = root / ".storage-keys.part"
    with part.open("w", encoding="ascii") as file:
        file.writelines(f"{key}\n" for key in dict.fromkeys(keys))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, root / ".storage-keys")
    sync_folder(root)


def note_fault(root: Path, key: str, words: str) -> None:
    """Logged each time, written down once; a disk that takes nothing stops no answer."""
    log.error("object_unreadable", key=key[:16], why=words)
    with suppress(OSError):
        if key in faults(root):
            return
        path = root / ".unreadable"
        if not path.exists() or path.stat().st_size < MOST_FAULT_BYTES:
            with path.open("a", encoding="ascii") as file:
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {key}\n")


def faults(root: Path) -> dict[str, str]:
    """Key → time (UTC, ISO 8601) of what could not be read, the first time first. What was mended may be among them."""
    try:
        lines = (root / ".unreadable").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        at, _blank, key = line.partition(" ")
        if _OBJECT.fullmatch(key):
            found.setdefault(key, at)
    return found


def forget_faults(root: Path, mended: set[str]) -> None:
    """What can be read again, or is gone on purpose, is no longer told of."""
    if not mended:
        return
    with locked(root):
        left = {key: at for key, at in faults(root).items() if key not in mended}
        part = root / ".unreadable.part"
        part.write_text("".join(f"{at} {key}\n" for key, at in left.items()), encoding="ascii")
        os.replace(part, root / ".unreadable")


def is_itself(stream: BufferedReader, key: str) -> bool:
    """Are the bytes of the open file those of its name? Asked once of a file that nobody has touched since."""
    about = os.fstat(stream.fileno())
    this = (key, about.st_dev, about.st_ino, about.st_size, about.st_ctime_ns)
    if this in _PROVED:
        return True
    right = hashlib.file_digest(stream, "sha256").hexdigest() == key
    stream.seek(0)
    if right:
        if len(_PROVED) >= MOST_PROVED:
            _PROVED.clear()
        _PROVED.add(this)
    return right
