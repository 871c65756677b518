"""Tokens and passwords of targets as the database keeps them: AES-256-GCM, bound to the target they are for."""

from __future__ import annotations

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class WrongKey(Exception):
    """The secret was kept with another key, for another target, or is damaged."""


def seal(key: bytes, text: str, owner: str) -> str:
    """`text` encrypted for `owner`, as printable ASCII."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), owner.encode())).decode("ascii")


def unseal(key: bytes, sealed: str, owner: str) -> str:
    """What was sealed. Raises `WrongKey`."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise WrongKey from error
