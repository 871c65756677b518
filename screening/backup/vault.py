"""Encrypted files of a backup: AES-256-GCM in pieces, each bound to its name, its place and whether it is the last.

So a piece that is changed, left out, moved, taken from another file or missing at the end is noticed, and a file of
any size needs little memory. Layout: 4 bytes magic, 8 bytes random, then pieces of 4 bytes length and ciphertext.
NIST SP 800-38D: a nonce (the 8 random bytes and the piece's number) is never used twice with one key.
"""

from __future__ import annotations

import os
import secrets
import struct
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
MAGIC = b"FRB1"
PIECE = 1 << 20
TAG_BYTES = 16


class Damaged(Exception):
    """A file of the backup is not what was written, or the key is another; the text is one sentence."""


class Vault:
    """Writes and reads encrypted files with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"A backup key has {KEY_BYTES} bytes.")
        self._cipher = AESGCM(key)

    def write(self, source: BinaryIO, path: Path, name: str) -> None:
        """Encrypt `source` into `path`, which appears whole or not at all. name: what `read` must ask for."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        prefix = secrets.token_bytes(8)
        try:
            with part.open("xb") as out:
                out.write(MAGIC + prefix)
                number, piece = 0, source.read(PIECE)
                while True:
                    following = source.read(PIECE)
                    sealed = self._cipher.encrypt(*_bound(prefix, number, piece, name, last=not following))
                    out.write(struct.pack(">I", len(sealed)) + sealed)
                    if not following:
                        break
                    number, piece = number + 1, following
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def read(self, path: Path, out: BinaryIO, name: str) -> None:
        """Decrypt `path` into `out`. Raises Damaged; what was written to `out` until then is to be thrown away."""
        try:
            with path.open("rb") as source:
                self._read(source, out, name)
        except FileNotFoundError:
            raise Damaged(f"{path.name} is missing from the backup.") from None

    def _read(self, source: BinaryIO, out: BinaryIO, name: str) -> None:
        head = source.read(len(MAGIC) + 8)
        if len(head) != len(MAGIC) + 8 or not head.startswith(MAGIC):
            raise Damaged(f"{name} is not a file of a backup.")
        prefix, number = head[len(MAGIC) :], 0
        piece = _next(source, name)
        while piece is not None:
            following = _next(source, name)
            nonce, _data, bound = _bound(prefix, number, b"", name, last=following is None)
            try:
                out.write(self._cipher.decrypt(nonce, piece, bound))
            except InvalidTag:
                raise Damaged(f"{name} is not what was written, or the key is another.") from None
            number, piece = number + 1, following
        if number == 0:
            raise Damaged(f"{name} is cut short.")


def _bound(prefix: bytes, number: int, piece: bytes, name: str, *, last: bool) -> tuple[bytes, bytes, bytes]:
    """Nonce, piece and what it is bound to."""
    return prefix + struct.pack(">I", number), piece, f"{name}\n{number}\n{int(last)}".encode()


def _next(source: BinaryIO, name: str) -> bytes | None:
    length = source.read(4)
    if not length:
        return None
    size = struct.unpack(">I", length)[0] if len(length) == 4 else 0
    if not TAG_BYTES <= size <= PIECE + TAG_BYTES:
        raise Damaged(f"{name} is not what was written.")
    piece = source.read(size)
    if len(piece) != size:
        raise Damaged(f"{name} is cut short.")
    return piece
