"""The chain of signatures: how it is made and how it is verified. Standard library only.

Each signature keeps the exact bytes that were signed (`canonical`, JSON in UTF-8). With "" before
the first of a site:

    content_sha256 = sha256(canonical bytes)
    chain_sha256   = sha256(previous_sha256 + content_sha256, both as lower-case hex text)
    previous_sha256 of one = chain_sha256 of the one before

The canonical bytes hold `previous_sha256` and the sequence too, so neither a byte, nor an order,
nor a missing link goes unseen; only a cut at the very end needs an outside copy of the last hash.
An addendum names what it adds to: `adds_to` holds the sequence and content_sha256 of an earlier signature.

This file runs alone: `python chain.py FILE`, FILE as written by `verify_signatures --export`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """One stored signature. canonical: the text signed; the rest as stored beside it."""

    sequence: int
    canonical: str
    content_sha256: str
    previous_sha256: str
    chain_sha256: str


@dataclass(frozen=True, slots=True)
class Fault:
    """sequence: the signature at fault. reason: one sentence. byte: offset of the first wrong byte, if known."""

    sequence: int
    reason: str
    byte: int | None = None


def canonical_text(content: Mapping[str, Any]) -> str:
    """One spelling for one content: sorted keys, no blanks, no escapes. NaN and infinity raise ValueError."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def chain_hash(previous_sha256: str, content_sha256: str) -> str:
    return sha256_hex(previous_sha256 + content_sha256)


def first_difference(one: str, other: str) -> int | None:
    """Offset of the first byte at which two texts differ in UTF-8; None when they are the same."""
    left, right = one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    if left == right:
        return None
    for offset, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return offset
    return min(len(left), len(right))


def verify(links: Iterable[Link]) -> list[Fault]:
    """Every fault of one site's chain, in order; empty when each byte is as it was signed."""
    faults: list[Fault] = []
    previous, expected = "", 1
    earlier: list[dict[str, Any]] = []
    for link in sorted(links, key=lambda each: each.sequence):
        if link.sequence != expected:
            faults.append(Fault(link.sequence, f"Signature {expected} is missing."))
        faults += _verify_one(link, previous, earlier)
        earlier.append({"sequence": link.sequence, "content_sha256": link.content_sha256})
        # Going on from what is stored tells one broken link from all those after it.
        previous, expected = link.chain_sha256, link.sequence + 1
    return faults


def _verify_one(link: Link, previous: str, earlier: list[dict[str, Any]]) -> list[Fault]:
    faults: list[Fault] = []
    try:
        content = sha256_hex(link.canonical)
    except UnicodeEncodeError:
        return [Fault(link.sequence, "The signed bytes are not UTF-8.")]
    if content != link.content_sha256:
        faults.append(Fault(link.sequence, "The signed bytes are not those that were signed."))
    if link.previous_sha256 != previous:
        faults.append(Fault(link.sequence, "It does not follow the signature before it."))
    if chain_hash(link.previous_sha256, link.content_sha256) != link.chain_sha256:
        faults.append(Fault(link.sequence, "Its place in the chain does not fit its content."))
    try:
        inner = json.loads(link.canonical)
    except (ValueError, RecursionError):
        return [*faults, Fault(link.sequence, "The signed bytes are not JSON.")]
    if not isinstance(inner, dict):
        return [*faults, Fault(link.sequence, "The signed bytes are not a JSON object.")]
    if inner.get("sequence") != link.sequence or inner.get("previous_sha256") != link.previous_sha256:
        faults.append(Fault(link.sequence, "Its place in the chain is not the one that was signed."))
    if "adds_to" in inner and inner["adds_to"] not in earlier:
        faults.append(Fault(link.sequence, "It adds to a signature that is not before it."))
    return faults


def link_of(stored: Mapping[str, Any]) -> Link:
    """From one exported line. Raises KeyError, TypeError or ValueError for anything else."""
    return Link(
        int(stored["sequence"]),
        str(stored["canonical"]),
        str(stored["content_sha256"]),
        str(stored["previous_sha256"]),
        str(stored["chain_sha256"]),
    )


def main(arguments: list[str]) -> int:
    """0 when every chain of the file holds, 1 with one line per fault, 2 when it is no such file."""
    if len(arguments) != 1:
        sys.stderr.write("usage: chain.py FILE\n")
        return 2
    chains: dict[str, list[Link]] = {}
    try:
        for line in Path(arguments[0]).read_text("utf-8").splitlines():
            stored = json.loads(line)
            chains.setdefault(str(stored["site"]), []).append(link_of(stored))
    except (OSError, ValueError, KeyError, TypeError):
        sys.stderr.write("This is not an export of signatures.\n")
        return 2
    faulty = 0
    for site, links in sorted(chains.items()):
        faults = verify(links)
        faulty += len(faults)
        for fault in faults:
            sys.stdout.write(f"{site} {fault.sequence}: {fault.reason}\n")
        sys.stdout.write(f"{site}: {len(links)} signatures, {len(faults)} faults\n")
    return 1 if faulty else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
