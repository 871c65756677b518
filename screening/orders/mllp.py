"""Frames of the minimal lower layer protocol (HL7 transport specification, release 1): 0x0B message 0x1C 0x0D."""

from __future__ import annotations

START, END = b"\x0b", b"\x1c\r"


class TooLong(Exception):
    """A frame that is not over when it should be."""


class Frames:
    """Bytes in, messages out, however the line cuts them. Bytes outside a frame are passed over.

    most: bytes of one message; more raises TooLong, and the line is then good for nothing.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that are whole now."""
        self._held += piece
        found: list[bytes] = []
        while True:
            start = self._held.find(START)
            if start < 0:
                self._held = b""
                return found
            # Looking for the end begins near where it ended last: a long message is not searched again and again.
            end = self._held.find(END, max(start, len(self._held) - len(piece) - 2) if not found else start)
            if end < 0:
                self._held = self._held[start:]
                if len(self._held) > self._most:
                    raise TooLong
                return found
            found.append(self._held[start + 1 : end])
            self._held = self._held[end + len(END) :]


def framed(message: bytes) -> bytes:
    return START + message + END
