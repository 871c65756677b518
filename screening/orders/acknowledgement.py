"""What an HL7 message is answered (HL7 v2.5.1, 2.9.2, original mode): taken, at fault, or to be sent again."""

from __future__ import annotations

import datetime as dt
import hashlib

from screening.orders.hl7 import Message, MessageError

TAKEN, AT_FAULT, LATER = "AA", "AE", "AR"
ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}


def acknowledgement(message: Message | None, code: str, at: dt.datetime, error: MessageError | None = None) -> bytes:
    """The answer, without its frame. It says nothing of what a field held.

    message: None where not even its header could be read. code: TAKEN, AT_FAULT (not to be sent again unchanged) or
    LATER. Its own control id follows from what it answers: one message has one answer.
    """
    ours = ("Firstread", "")
    theirs, control_id, event, version, processing = ("", ""), "", "", "2.5.1", "P"
    if message is not None:
        header = message.header
        theirs = (header.value(3), header.value(4))
        ours = (header.value(5) or "Firstread", header.value(6))
        control_id, event = header.value(10), header.value(9, 2)
        version, processing = header.value(12) or version, header.value(11) or processing
    own_id = hashlib.sha256(f"{theirs}{control_id}{code}".encode()).hexdigest()[:20].upper()
    kind = "^".join(part for part in ("ACK", event, "ACK") if part)
    sent = f"{at:%Y%m%d%H%M%S%z}"
    header_fields = [*map(_escaped, (*ours, *theirs)), sent, "", kind, own_id, _escaped(processing), _escaped(version)]
    lines = [
        "MSH|^~\\&|" + "|".join(header_fields) + "||||||UNICODE UTF-8",
        f"MSA|{code}|{_escaped(control_id)}",
    ]
    if error is not None:
        place = "^".join([*error.where.split("-")[:1], "1", *error.where.split("-")[1:]]) if error.where else ""
        lines.append(f"ERR||{place}|{error.code}^^HL70357|E||||{_escaped(error.text)}")
    return "".join(line + "\r" for line in lines).encode("utf-8")


def _escaped(text: str) -> str:
    return "".join(ESCAPES.get(mark, mark) for mark in text)
