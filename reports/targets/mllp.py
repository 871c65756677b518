"""HL7 v2 over MLLP (HL7 transport specification, release 1): one message, one acknowledgement, one connection.

An answer counts only when it names our message (MSA-2). AA and CA are success. AE, AR, CE and CR are tried again,
for a system that is busy says so with them, unless ERR-3 (table 0357) says that this very message is at fault.
"""

from __future__ import annotations

import re
import socket

from reports.targets.address import MllpAddress
from reports.targets.reach import Reach, bounded
from reports.targets.results import Accepted, NotSent

START, END = b"\x0b", b"\x1c\r"
GOOD = frozenset({"AA", "CA"})
REFUSALS = frozenset({"AE", "AR", "CE", "CR"})
# Table 0357: sequence, missing field, type, table value; unsupported message, event, processing id, version.
AT_FAULT = frozenset({"100", "101", "102", "103", "200", "201", "202", "203"})
_PIECE = 4096


def send(reach: Reach, address: MllpAddress, message: bytes, control_id: str) -> Accepted:
    """Send `message` (segments ended by CR) and wait for its acknowledgement. Raises `NotSent`."""
    if START in message or b"\x1c" in message:
        raise NotSent("unframeable", final=True)
    connection = reach.connected(address.host, address.port, tls=address.tls)
    with bounded(connection, reach.limits.total_s):
        try:
            connection.sendall(START + message + END)
            frame = _frame(connection, reach.limits.answer)
        except OSError as error:
            raise NotSent("no_answer", unreachable=True) from error
    return acknowledged(frame, control_id)


def _frame(connection: socket.socket, most: int) -> bytes:
    """What stands between the next start and end block; bytes before a start block are noise and passed over."""
    held = b""
    while END not in held:
        piece = connection.recv(_PIECE)
        if not piece:
            raise NotSent("cut_off" if held else "no_answer", unreachable=True)
        held += piece
        if len(held) > most:
            raise NotSent("answer_too_long", unreachable=True)
    start = held.find(START)
    end = held.find(END)
    if not 0 <= start < end:
        raise NotSent("no_frame", unreachable=True)
    return held[start + 1 : end]


def acknowledged(frame: bytes, control_id: str) -> Accepted:
    """What an acknowledgement says of the message `control_id`. Raises `NotSent`."""
    lines = [line for line in re.split(r"[\r\n]+", frame.decode("utf-8", "replace")) if line]
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 8:
        raise NotSent("no_acknowledgement", unreachable=True)
    field, component = lines[0][3], lines[0][4]
    segments: dict[str, list[str]] = {}
    for line in lines:
        parts = line.split(field)
        segments.setdefault(parts[0], parts)
    msa = [*segments.get("MSA", []), "", "", ""]
    code, named = msa[1].strip().upper(), msa[2].strip()
    if code not in GOOD | REFUSALS:
        raise NotSent("no_acknowledgement", unreachable=True)
    if named != control_id:
        raise NotSent("other_message", code)
    if code in GOOD:
        return Accepted(code)
    err = [*segments.get("ERR", []), "", "", "", ""]
    fault = err[3].partition(component)[0].strip()
    fault = fault if fault.isascii() and fault.isdigit() and len(fault) < 5 else ""
    raise NotSent("refused", f"{code} {fault}".strip(), final=fault in AT_FAULT)
