"""A backup while the program runs, and bringing it back on an empty machine.

The folder of a backup holds every stored object once, encrypted, and a folder for each snapshot: the database
at one moment, the list of its objects, and what is kept beside the database (the key and head of the audit trail,
the heads of the signatures). The keys of an encrypted store are neither in it nor needed for it: a backup has a key
of its own, and what comes back is encrypted with the keys of the place it comes back to. Objects never change and are
stored before any row tells of them, so those that the snapshot's database names are all there.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.services.sealing import seal_events
from screening.backup import database
from screening.backup.vault import KEY_BYTES, Damaged, Vault
from screening.models import Instance
from screening.storage import MissingObject, UnreadableObject, storage

FORMAT = 1
# Kept outside the database, and needed to verify it, or to read the secrets in it.
OUTSIDE = ("AUDIT_KEY", "AUDIT_HEAD", "SIGNATURE_HEADS", "TARGET_KEY")


class BackupFailed(Exception):
    """Nothing was made or brought back; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Made:
    """name: the snapshot's. objects: all it needs; added: those this run encrypted; size: their bytes."""

    name: str
    objects: int
    added: int
    size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """name: the snapshot's. objects: brought back, each with its digest checked; size: their bytes."""

    name: str
    objects: int
    size: int


def new_key(path: Path) -> None:
    """Write a new key; it is needed to restore and belongs on another disk. Raises BackupFailed when there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupFailed("There is a key already; it is not overwritten.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))


def vault() -> Vault:
    """With the key of the settings. Raises BackupFailed."""
    try:
        return Vault(Path(settings.BACKUP_KEY).read_bytes())
    except (FileNotFoundError, IsADirectoryError):
        raise BackupFailed("There is no key: make one with --new-key, and keep a copy elsewhere.") from None
    except ValueError as error:
        raise BackupFailed(str(error)) from None


def back_up(folder: Path) -> Made:
    """Add a snapshot to `folder`. Others go on working meanwhile; objects that `folder` has are not read again.

    After: a complete snapshot, or none. Raises BackupFailed.
    """
    box = vault()
    while seal_events() is not None:
        continue
    name = timezone.now().astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    place = folder / "snapshots" / name
    part = folder / "snapshots" / f".{name}.part"
    try:
        part.mkdir(parents=True)
        # The heads first: what they name is in the database a moment later, never the other way round.
        outside = {setting: _outside(setting) for setting in OUTSIDE}
        with database.snapshot() as copy:
            objects = _objects()
            _write(box, part, "outside", json.dumps(outside).encode())
            with copy.open("rb") as source:
                box.write(source, part / "database", f"{name}/database")
        files = _bundle_files()
        lines = "".join(f"{key} {size}\n" for key, size in objects)
        _write(box, part, "objects", lines.encode())
        added, size = _add_objects(box, folder, objects, files)
        about = {
            "format": FORMAT,
            "vendor": database.vendor(),
            "migrations": database.applied_migrations(),
            "objects": len(objects),
            "bytes": sum(size for _key, size in objects),
            "bundles": files,
        }
        _write(box, part, "about", json.dumps(about).encode())
        part.rename(place)
    except OSError as error:
        raise BackupFailed(f"The backup could not be written: {error.strerror}.") from error
    return Made(name, len(objects) + len(files), added, size)


def snapshots(folder: Path) -> list[str]:
    """The names of the complete snapshots, oldest first."""
    return sorted(entry.name for entry in (folder / "snapshots").glob("[0-9]*") if entry.is_dir())


def bring_back(folder: Path, name: str = "", told: Callable[[str], None] = lambda text: None) -> Restored:
    """Restore snapshot `name` (the newest when empty) into an empty installation.

    After: the database, every object (its digest checked) and, where they are missing, the files kept
    outside the database. Raises BackupFailed; objects that were brought back until then stay and do no harm.
    """
    box = vault()
    there = snapshots(folder)
    if not there or (name and name not in there):
        raise BackupFailed("There is no such snapshot." if there else "There is no complete snapshot in this folder.")
    name = name or there[-1]
    place = folder / "snapshots" / name
    if not database.is_empty():
        raise BackupFailed("There are accounts or studies here already: restore into an empty database.")
    try:
        about = json.loads(_read(box, place, "about"))
        if about["format"] != FORMAT or about["vendor"] != database.vendor():
            raise BackupFailed(f"The backup is of {about['vendor']}, in format {about['format']}.")
        objects = [line.split() for line in _read(box, place, "objects").decode().splitlines()]
        told(f"{len(objects)} objects …")
        for key, _size in objects:
            storage().put(_object(box, folder, key))
        for path, key in about["bundles"].items():
            _put_file(settings.BUNDLES_ROOT, path, _object(box, folder, key))
        told("The database …")
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / "database"
            with copy.open("wb") as out:
                box.read(place / "database", out, f"{name}/database")
            database.bring_back(copy, about["migrations"])
        for setting, content in json.loads(_read(box, place, "outside")).items():
            _put_outside(setting, content)
    except (Damaged, database.WrongState) as error:
        raise BackupFailed(str(error)) from error
    return Restored(name, len(objects), sum(int(size) for _key, size in objects))


def missing_objects() -> Iterator[str]:
    """Keys that the database names and the storage lacks, or holds with other bytes. Reads every object."""
    for key in Instance.objects.values_list("sha256", flat=True).distinct().iterator():
        digest = hashlib.sha256()
        try:
            with storage().open_range(key) as stream:
                while data := stream.read(1 << 20):
                    digest.update(data)
        except (MissingObject, UnreadableObject):
            yield key
            continue
        if digest.hexdigest() != key:
            yield key


def _objects() -> list[tuple[str, int]]:
    """What is stored by now: all that the snapshot names, and what came since, which does no harm."""
    return sorted(Instance.objects.values_list("sha256", "size").distinct())


def _bundle_files() -> dict[str, str]:
    """Path under BUNDLES_ROOT → digest, of every installed file."""
    root = Path(settings.BUNDLES_ROOT)
    files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _add_objects(box: Vault, folder: Path, objects: list[tuple[str, int]], files: dict[str, str]) -> tuple[int, int]:
    added = size = 0
    for key, length in objects:
        path = _place_of(folder, key)
        if path.exists():
            continue
        try:
            with storage().open_range(key) as stream:
                box.write(stream, path, key)
        except MissingObject:
            raise BackupFailed(f"The object {key[:16]}… of the database is not in the storage.") from None
        except UnreadableObject as error:
            raise BackupFailed(str(error)) from None
        added, size = added + 1, size + length
    for name, key in files.items():
        path = _place_of(folder, key)
        if not path.exists():
            with (Path(settings.BUNDLES_ROOT) / name).open("rb") as stream:
                box.write(stream, path, key)
            added += 1
    return added, size


def _object(box: Vault, folder: Path, key: str) -> bytes:
    out = io.BytesIO()
    box.read(_place_of(folder, key), out, key)
    if hashlib.sha256(out.getvalue()).hexdigest() != key:
        raise Damaged(f"The object {key[:16]}… is not what was stored.")
    return out.getvalue()


def _place_of(folder: Path, key: str) -> Path:
    return folder / "objects" / key[:2] / f"{key}.enc"


def _write(box: Vault, place: Path, part: str, data: bytes) -> None:
    # The folder is renamed when it is complete; a part is bound to the snapshot's name.
    box.write(io.BytesIO(data), place / part, f"{place.name.removeprefix('.').removesuffix('.part')}/{part}")


def _read(box: Vault, place: Path, part: str) -> bytes:
    out = io.BytesIO()
    box.read(place / part, out, f"{place.name}/{part}")
    return out.getvalue()


def _outside(setting: str) -> str | None:
    try:
        return base64.b64encode(Path(getattr(settings, setting)).read_bytes()).decode("ascii")
    except FileNotFoundError:
        return None


def _put_outside(setting: str, content: Any) -> None:
    """A head that is there is the newer one, and says what the backup lacks; it stays."""
    path = Path(getattr(settings, setting))
    if content is None or setting not in OUTSIDE or path.exists():
        return
    _put(path, base64.b64decode(content))


def _put_file(root: Path, name: str, data: bytes) -> None:
    path = (root / name).resolve()
    if not path.is_relative_to(Path(root).resolve()):
        raise Damaged("A path of the backup leads outside.")
    if not path.exists():
        _put(path, data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
