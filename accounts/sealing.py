"""Sealing the audit trail: a keyed digest of every event, in batches that chain.

Each seal holds the number of every event it covers with that event's HMAC-SHA-256, and is itself an
HMAC over these and the seal before it. Whoever changes, removes or adds an event needs the key, which
is kept outside the database; whoever cuts the tail needs the latest head, which is kept outside too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# 128 of its 256 bits are kept: a forger has one try an event, not a birthday's.
MAC_DIGITS = 32
FIRST = "0" * 64
_HEAD = re.compile(r"(\d{1,12}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The number of the latest seal and its digest."""

    number: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> Head:
        """Raises ValueError when `text` is not NUMBER:DIGEST."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise ValueError("A head is NUMBER:DIGEST, the digest of 64 hexadecimal digits.")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Seal:
    """One batch. rows: [event number, HMAC] of each event; gaps: numbers passed over that may still come."""

    number: int
    at: str
    rows: Sequence[tuple[int, str]]
    gaps: Sequence[int]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold. event or seal: its number, None where the fault is the other's."""

    reason: str
    event: int | None = None
    seal: int | None = None


@dataclass(slots=True)
class Verdict:
    """faults: empty when all holds. waiting: events that no seal covers yet."""

    seals: int
    events: int = 0
    waiting: int = 0
    head: Head | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def event_text(row: Mapping[str, Any]) -> bytes:
    """The bytes an event is sealed as. `at` and `detail` come as the database's text, so that what is no
    longer a time or JSON can be sealed and compared all the same."""
    known = {**row, "at": _moment(str(row["at"])), "detail": _content(str(row["detail"]))}
    return json.dumps(known, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _content(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def event_mac(key: bytes, text: bytes) -> str:
    """`text` is that of `event_text`."""
    return hmac.new(key, b"event\n" + text, hashlib.sha256).hexdigest()[:MAC_DIGITS]


def seal_digest(
    key: bytes, *, number: int, at: str, rows: Sequence[tuple[int, str]], gaps: Sequence[int], previous: str
) -> str:
    """64 hexadecimal digits. The two kinds of text begin differently, so that neither passes for the other."""
    body = json.dumps([number, at, [list(row) for row in rows], list(gaps), previous], separators=(",", ":"))
    return hmac.new(key, b"seal\n" + body.encode("ascii"), hashlib.sha256).hexdigest()


def judge(events: Iterable[tuple[int, bytes]], seals: Sequence[Seal], key: bytes, head: Head | None) -> Verdict:
    """Hold `events` (number and `event_text`, in order) and `seals` (in order) against the key and the head."""
    verdict = Verdict(len(seals))
    _judge_seals(seals, key, head, verdict)
    sealed: dict[int, str] = {}
    for seal in seals:
        sealed.update(seal.rows)
    newest = max(sealed, default=0)
    may_come = set(seals[-1].gaps) if seals else set()
    for number, text in events:
        verdict.events += 1
        expected = sealed.pop(number, None)
        if expected is None:
            if number > newest or number in may_come:
                verdict.waiting += 1
            else:
                verdict.faults.append(Fault("This event was added after its neighbours were sealed.", event=number))
        elif not hmac.compare_digest(event_mac(key, text), expected):
            verdict.faults.append(Fault("This event is not what was sealed.", event=number))
    verdict.faults += [Fault("This event was sealed and is gone.", event=number) for number in sorted(sealed)]
    return verdict


def _judge_seals(seals: Sequence[Seal], key: bytes, head: Head | None, verdict: Verdict) -> None:
    previous = FIRST
    for expected, seal in enumerate(seals, start=1):
        if seal.number != expected:
            verdict.faults.append(Fault(f"Seal {expected} is gone: the next one is {seal.number}.", seal=expected))
            return
        if seal.previous != previous:
            verdict.faults.append(Fault("This seal does not follow the one before it.", seal=seal.number))
        digest = seal_digest(
            key, number=seal.number, at=seal.at, rows=seal.rows, gaps=seal.gaps, previous=seal.previous
        )
        if not hmac.compare_digest(digest, seal.digest):
            verdict.faults.append(Fault("This seal is not what was written, or the key is another.", seal=seal.number))
        previous = seal.digest
    if seals:
        verdict.head = Head(seals[-1].number, seals[-1].digest)
    if head is None:
        verdict.notes.append("Without the head a cut tail cannot be excluded.")
    elif head.number > len(seals):
        cut = f"The tail is cut: the head is seal {head.number}, the last one here is {len(seals)}."
        verdict.faults.append(Fault(cut, seal=head.number))
    elif head.number > 0 and seals[head.number - 1].digest != head.digest:
        verdict.faults.append(Fault("This seal is not the one the head names.", seal=head.number))
