"""DICOM person names taken apart (PS3.5 section 6.2.1), for formats that order their parts otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from screening.dicom.elements import clean

Script = Literal["alphabetic", "ideographic", "phonetic"]
SCRIPTS: tuple[Script, ...] = ("alphabetic", "ideographic", "phonetic")
LONGEST = 194  # characters of a part; FN in HL7 v2.5.1 table 2.A


@dataclass(frozen=True, slots=True)
class NameParts:
    """One representation of a name. In DICOM the prefix comes before the suffix, in HL7 v2 after it."""

    script: Script
    family: str
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.prefix, self.given, self.middle, self.family, self.suffix) if part)


def name_parts(dicom_name: str) -> list[NameParts]:
    """Every representation that is not empty, alphabetic first; none for an empty name."""
    found = []
    for script, group in zip(SCRIPTS, dicom_name.split("="), strict=False):
        parts = [clean(part, LONGEST) for part in group.split("^")[:5]]
        if any(parts):
            family, given, middle, prefix, suffix = [*parts, "", "", "", "", ""][:5]
            found.append(NameParts(script, family, given, middle, prefix, suffix))
    return found
