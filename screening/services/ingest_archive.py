"""Zip archives, one member at a time. Names inside are never used as paths, sizes inside never believed."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest

from accounts.models import Site, User
from screening.dicom.elements import clean
from screening.dicom.errors import IngestError
from screening.services.ingest import IngestResult, ingest_instance, reject

MAX_MEMBERS = 50_000
MAX_TOTAL_BYTES = 32 << 30
# Empty images shrink a thousandfold, so the ratio counts only where it can hurt.
MAX_RATIO = 200
RATIO_FROM_BYTES = 64 << 20
# The same of an archive as a whole, whose members may each be small.
MOST_UNSEEN_BYTES = 1 << 30
# The table of contents of an archive, and how far at the end its place is looked for (a comment may follow).
MAX_DIRECTORY_BYTES = 64 << 20
_ENTRY, _END, _END_64, _PLACE_64 = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_TAIL_BYTES = 22 + 20 + 56 + (1 << 16)
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, LookupError)


def is_archive(head: bytes) -> bool:
    """Do these first bytes of a file start a zip archive?"""
    return head[:4] in _SIGNATURES


def ingest_archive(
    *, archive: BinaryIO, source: str, site: Site, actor: User | None, request: HttpRequest | None = None
) -> Iterator[tuple[str, IngestResult]]:
    """Take every member of a zip archive; yields (name for display, result) as each is done.

    A bad member never stops the good ones. An archive that cannot be opened, or goes over the limits,
    yields one rejection under the name "". Archives inside are not opened.
    """

    def refuse(error: IngestError) -> IngestResult:
        return reject(error=error, source=source, site=site, actor=actor, request=request)

    try:
        _check_contents(archive)
        opened = zipfile.ZipFile(archive)
    except IngestError as error:
        yield "", refuse(error)
        return
    except _BROKEN:
        yield "", refuse(_damaged())
        return
    with opened:
        members = [member for member in opened.infolist() if not member.is_dir()]
        try:
            _check_members(members)
        except IngestError as error:
            yield "", refuse(error)
            return
        left = MAX_TOTAL_BYTES
        for member in members:
            name = clean(member.filename, 300)
            try:
                data = _read(opened, member, left)
            except IngestError as error:
                yield name, refuse(error)
                if error.code == "archive_too_large":
                    return
                continue
            left -= len(data)
            yield name, ingest_instance(data=data, source=source, site=site, actor=actor, request=request)


def _damaged() -> IngestError:
    return IngestError("bad_archive", "The zip archive is damaged and cannot be opened.")


def _check_contents(archive: BinaryIO) -> None:
    """Count the entries before objects are made of them: a few hundred megabytes of them would be gigabytes.

    What the archive says of their number is not believed; its own table is counted. Raises `IngestError`.
    """
    size = archive.seek(0, 2)
    archive.seek(max(0, size - _TAIL_BYTES))
    tail = archive.read(_TAIL_BYTES)
    if (at := tail.rfind(_END)) < 0 or at + 22 > len(tail):
        raise _damaged()
    length = struct.unpack_from("<I", tail, at + 12)[0]
    end = max(0, size - _TAIL_BYTES) + at
    if at >= 20 and tail[at - 20 : at - 16] == _PLACE_64:
        archive.seek(struct.unpack_from("<Q", tail, at - 12)[0])
        record = archive.read(56)
        if len(record) < 56 or record[:4] != _END_64:
            raise _damaged()
        length = struct.unpack_from("<Q", record, 40)[0]
        end -= 20 + 56
    too_many = IngestError("bad_archive", "The zip archive holds more files than are taken at once.")
    if length > MAX_DIRECTORY_BYTES:
        raise too_many
    archive.seek(max(0, end - length))
    if archive.read(length).count(_ENTRY) > MAX_MEMBERS:
        raise too_many
    archive.seek(0)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Raises `IngestError` for entries that share bytes, and for an archive that unpacks to far more than it holds."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise _damaged()
        end = member.header_offset + 30 + member.compress_size
    promised, held = sum(each.file_size for each in members), sum(each.compress_size for each in members)
    if promised > MOST_UNSEEN_BYTES and promised > MAX_RATIO * held:
        raise IngestError("zip_bomb", "The zip archive unpacks to far more than any images would.")


def _read(opened: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of a member. Raises `IngestError` for whatever is odd about it."""
    if _is_trick(member.orig_filename):
        raise IngestError("bad_path", "The name of the file inside the archive leads out of it.")
    if member.flag_bits & _ENCRYPTED:
        raise IngestError("encrypted", "The file inside the archive is protected by a password.")
    if member.compress_type not in _METHODS:
        raise IngestError("bad_archive", "The file is packed in a way that is not supported. Use a plain zip archive.")
    limit = settings.UPLOAD_MAX_BYTES
    if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise IngestError("zip_bomb", "The file inside the archive unpacks to far more than any image would.")
    if member.file_size > left:
        raise IngestError(
            "archive_too_large", "The zip archive unpacks to more than is taken at once. Send it in parts."
        )
    try:
        with opened.open(member) as stream:
            data = stream.read(min(limit, left) + 1)
    except _BROKEN as error:
        raise IngestError("bad_archive", "The file inside the archive is damaged.") from error
    if len(data) > limit:
        raise IngestError("too_large", f"The file is larger than {max(1, limit >> 20)} MB, the most that is taken.")
    if is_archive(data):
        raise IngestError("nested_archive", "Archives inside an archive are not opened. Send it by itself.")
    return data


def _is_trick(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return "\0" in name or path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":")
