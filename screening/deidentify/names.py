"""Who and what is called how in one project: names that follow from a key, so that nothing needs to be stored."""

from __future__ import annotations

import hashlib
import hmac

from pydicom.uid import UID_dictionary

SHIFT_DAYS = 3650


class Pseudonyms:
    """The same key and project give the same names, another project others.

    Nothing is stored: a name is an HMAC-SHA-256 of the old one, so the key is the way back, by trying. Keep it apart.
    """

    def __init__(self, key: bytes, project: str) -> None:
        if len(key) < 32:
            raise ValueError("A key of de-identification has at least 32 bytes.")
        self._key, self._project = key, project

    def _number(self, kind: str, text: str) -> int:
        message = "\n".join((self._project, kind, text)).encode()
        return int.from_bytes(hmac.new(self._key, message, hashlib.sha256).digest()[:16])

    def uid(self, uid: str) -> str:
        """2.25.<128 bits>; a UID of the standard stays (SOP classes, transfer syntaxes, well-known frames)."""
        return uid if str(uid) in UID_dictionary else f"2.25.{self._number('uid', str(uid))}"

    def patient(self, site: str, issuer: str, patient_id: str) -> str:
        """12 digits of base 16, the same for all studies of one patient of a site and issuer."""
        return f"{self._number('patient', chr(0).join((site, issuer, patient_id))) & (1 << 48) - 1:012X}"

    def days(self, patient: str) -> int:
        """By how many whole days this patient's dates move back, 1 to 3650."""
        return 1 + self._number("days", patient) % SHIFT_DAYS

    def word(self, kind: str, text: str) -> str:
        """8 digits of base 16 in the place of a word that tells things apart: an observer, a tracking identifier, a
        code of a private scheme."""
        return f"{self._number(kind, text) & (1 << 32) - 1:08X}"
