"""The master keys of the store: they wrap the data key of each stored object, and never touch contents themselves."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Keyring:
    """current: the id that new objects use. ciphers: id (8 bytes) → AES-256-GCM with that key, for all that are known."""

    current: bytes
    ciphers: Mapping[bytes, AESGCM]

    @property
    def ids(self) -> list[str]:
        """As people read them, the current one first."""
        return [key.hex() for key in self.ciphers]


def key_id(key: bytes) -> bytes:
    """8 bytes that follow from the key and do not tell it: a key cannot be given under a wrong name."""
    return hmac.digest(key, b"firstread storage key id", "sha256")[:ID_BYTES]


def new_key() -> str:
    """A fresh key as STORAGE_KEY takes it: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


@lru_cache(maxsize=8)
def read_keys(text: str) -> Keyring | None:
    """Keys in base64, separated by blanks or lines, the current one first; None when there is none.

    Raises ValueError with a sentence that shows nothing of a key.
    """
    ciphers: dict[bytes, AESGCM] = {}
    for number, word in enumerate(text.split(), start=1):
        try:
            key = base64.b64decode(word, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(f"Key {number} of STORAGE_KEY is not {KEY_BYTES} bytes in base64.")
        ciphers[key_id(key)] = AESGCM(key)
    return Keyring(next(iter(ciphers)), ciphers) if ciphers else None
