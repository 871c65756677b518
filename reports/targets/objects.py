"""What DICOM status and failure reasons mean for trying again; one table for C-STORE (PS3.7 C) and STOW-RS (PS3.18)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DicomObject:
    """A Part 10 file and its SOP Instance UID."""

    uid: str
    data: bytes


DUPLICATE = 0x0111  # Duplicate SOP instance: there already, and our UIDs follow from what is in them
_WARNINGS = frozenset({0xB000, 0xB006, 0xB007, 0x0107, 0x0116})
_FINAL = frozenset({0x0106, 0x0115, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212})


def is_stored(status: int) -> bool:
    """Success, success with a warning, or there already."""
    return status in (0x0000, DUPLICATE) or status in _WARNINGS


def is_final(status: int) -> bool:
    """Would the same object be refused again? Cannot understand (Cxxx), another class than was said (A9xx), and
    classes and UIDs that are not taken; out of resources (A7xx) and processing failures pass."""
    return status in _FINAL or status & 0xF000 == 0xC000 or status & 0xFF00 == 0xA900
