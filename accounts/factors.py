"""Secrets of second factors at rest: AES-256-GCM under a key made from `FACTOR_KEY`, else from `SECRET_KEY`.

Sealed text is `v1:` and base64 of 12 bytes of nonce and the ciphertext with its tag.
"""

from __future__ import annotations

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

FORM = "v1:"
PURPOSE = b"firstread second factor"
NONCE_BYTES = 12


class FactorUnreadable(Exception):
    """No key that is known opens it: the key was changed, or the row was."""


def _key(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, PURPOSE).derive(secret.encode("utf-8")))


def _secrets() -> list[str]:
    """What sealed texts may have been made from, that of today first."""
    known = [settings.FACTOR_KEY, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [secret for secret in known if secret]


def seal(text: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _key(_secrets()[0]).encrypt(nonce, text.encode("utf-8"), PURPOSE)
    return FORM + base64.b64encode(nonce + sealed).decode("ascii")


def unseal(sealed: str) -> str:
    """Raises FactorUnreadable."""
    if not sealed.startswith(FORM):
        raise FactorUnreadable("not a sealed text")
    try:
        data = base64.b64decode(sealed.removeprefix(FORM), validate=True)
    except ValueError:
        raise FactorUnreadable("not a sealed text") from None
    for secret in _secrets():
        try:
            return _key(secret).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], PURPOSE).decode("utf-8")
        except (InvalidTag, ValueError):
            continue
    raise FactorUnreadable("no known key opens it")
