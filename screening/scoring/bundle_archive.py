"""A bundle out of a zip archive or a folder into an empty folder. Names inside are never trusted as paths,
sizes inside never believed; nothing of it is executed."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from screening.scoring.bundle import BundleError
from screening.scoring.bundle_schema import LARGEST_WEIGHTS, MOST_FILES, largest

# Weights hardly shrink; what unpacks to so much more is made to fill a disk.
MAX_RATIO = 100
RATIO_FROM_BYTES = 4 << 20
MAX_TOTAL_BYTES = LARGEST_WEIGHTS + (64 << 20)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, LookupError)
_BLOCK = 1 << 20


def unpack(archive: BinaryIO, target: Path) -> None:
    """Write the files of a zip archive into the empty folder `target`; one folder around them all is taken off.

    Raises `BundleError` with one sentence at the first thing that is odd.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise BundleError("The file is no zip archive, or a damaged one.") from error
    with opened:
        members = [member for member in opened.infolist() if not member.is_dir()]
        if not members:
            raise BundleError("The zip archive is empty.")
        if len(members) > MOST_FILES:
            raise BundleError(f"The zip archive holds more than {MOST_FILES} files.")
        names = [_name(member) for member in members]
        around = {name.split("/", 1)[0] for name in names if "/" in name}
        if len(around) == 1 and all("/" in name for name in names):
            names = [name.split("/", 1)[1] for name in names]
        if any("/" in name for name in names):
            raise BundleError("The zip archive holds folders; a bundle's files lie beside one another.")
        if len({name.casefold() for name in names}) != len(names):
            raise BundleError("The zip archive holds two files of the same name.")
        left = MAX_TOTAL_BYTES
        for member, name in zip(members, names, strict=True):
            left -= _write(opened, member, target / name, min(left, largest(name)))


def copy_folder(source: Path, target: Path) -> None:
    """Copy a bundle's files into the empty folder `target`. Raises `BundleError` for links, folders and sizes."""
    if not source.is_dir():
        raise BundleError(f"There is no folder {source}.")
    paths = sorted(source.iterdir())
    if len(paths) > MOST_FILES:
        raise BundleError(f"The folder holds more than {MOST_FILES} files.")
    for path in paths:
        if path.is_symlink() or not path.is_file():
            raise BundleError(f"{path.name} is not a plain file; a bundle holds no folders and no links.")
        if path.stat().st_size > largest(path.name):
            raise BundleError(f"{path.name} is larger than {largest(path.name) / 1e6:.1f} MB.")
        shutil.copyfile(path, target / path.name)


def _name(member: zipfile.ZipInfo) -> str:
    name = member.orig_filename
    path = PurePosixPath(name)
    tricky = "\0" in name or "\\" in name or ":" in name or path.is_absolute()
    if tricky or not path.parts or any(part in ("..", ".", "") for part in name.split("/")):
        raise BundleError("The name of a file inside the zip archive leads out of it.")
    if not all(letter.isprintable() for letter in name) or len(name) > 200:
        raise BundleError("The name of a file inside the zip archive is no name.")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise BundleError("The zip archive holds a link or a device; a bundle holds plain files only.")
    if member.flag_bits & _ENCRYPTED:
        raise BundleError("The zip archive is protected by a password.")
    if member.compress_type not in _METHODS:
        raise BundleError("The zip archive is packed in a way that is not supported. Use a plain zip archive.")
    if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise BundleError("A file inside the zip archive unpacks to far more than a bundle's would.")
    return name


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, most: int) -> int:
    written = 0
    try:
        with opened.open(member) as stream, path.open("xb") as out:
            while block := stream.read(_BLOCK):
                written += len(block)
                if written > most:
                    raise BundleError(f"{path.name} inside the zip archive is larger than {most / 1e6:.1f} MB.")
                out.write(block)
    except _BROKEN as error:
        raise BundleError(f"{path.name} inside the zip archive is damaged.") from error
    return written
