"""Passwords that others have lost: a list that the operator may give, looked up on this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DIGEST_LENGTH = 40


class BreachedPasswordValidator:
    """Refuses what stands in the file `BREACHED_PASSWORDS`. Without a file nothing is refused.

    The file: lines of a SHA-1 digest in hex, sorted, with or without `:count` behind it (the form in which Have I
    Been Pwned offers its list), of which a few are read; or one password a line, of which all are read.
    """

    def validate(self, password: str, user: object = None) -> None:
        if settings.BREACHED_PASSWORDS and is_listed(Path(settings.BREACHED_PASSWORDS), password):
            raise ValidationError(_("This password is on a list of stolen ones. Choose another."), code="breached")

    def get_help_text(self) -> str:
        return _("Your password is not on a list of stolen ones.")


def is_listed(path: Path, password: str) -> bool:
    """Raises OSError for a file that cannot be read: a list that was asked for is not left out silently."""
    digest = hashlib.sha1(password.encode("utf-8"), usedforsecurity=False).hexdigest().upper().encode("ascii")
    with path.open("rb") as file:
        if _is_digest(file.readline()):
            return _among(file, path.stat().st_size, digest)
        file.seek(0)
        wanted = password.encode("utf-8")
        return any(line.rstrip(b"\r\n") == wanted for line in file)


def _is_digest(line: bytes) -> bool:
    first = line.split(b":")[0].strip()
    return len(first) == DIGEST_LENGTH and all(letter in b"0123456789abcdefABCDEF" for letter in first)


def _among(file: BinaryIO, size: int, digest: bytes) -> bool:
    """Whether a sorted file holds the digest, by halving: lines that begin in [low, high) may still be it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        file.seek(max(middle - 1, 0))
        if middle:
            file.readline()
        start = file.tell()
        line = file.readline()[:DIGEST_LENGTH].upper() if start < high else b""
        if line == digest:
            return True
        if not line or line > digest:
            high = middle
        else:
            low = start + 1
    return False
