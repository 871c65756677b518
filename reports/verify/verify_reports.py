"""The chain of signatures: how it is made and how it is verified. Standard library only.

Each signature keeps the exact bytes that were signed (`canonical`, JSON in UTF-8). With "" before
the first of a site:

    content_sha256 = sha256(canonical bytes)
    chain_sha256   = sha256(previous_sha256 + content_sha256, both as lower-case hex text)
    previous_sha256 of one = chain_sha256 of the one before

The canonical bytes hold `previous_sha256` and the sequence too, so neither a byte, nor an order,
nor a missing link goes unseen; only a cut at the very end needs the latest head (number and
chain_sha256 of the last signature), kept outside the database. A signature that says something of
others names them by sequence and content_sha256: an addendum what it `adds_to`, an amendment what it
`amends`, a co-signature what it `cosigns` and the addenda it was given with. All of them are earlier
and of the same report. Content that was erased by right leaves its digests (`canonical` null), and a
later record of the chain that lists it among what it `erases`.

This file runs alone, wherever there is Python 3.11 or newer:

    python -I verify_reports.py EXPORT [--head NUMBER:DIGEST | --heads FILE]

EXPORT as written by `manage.py verify_reports --export`: one signature a line, in order; FILE as
the server writes it beside its database. Exit 0: all is as it was signed; 1: one line per fault; 2: no export.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = frozenset({"site", "sequence", "canonical", "content_sha256", "previous_sha256", "chain_sha256"})
REFERENCES = {
    "adds_to": "adds to",
    "amends": "amends",
    "cosigns": "agrees with",
    "with_addenda": "agrees with",
    "erases": "erases",
}
# sequence and content_sha256 of a signature
Named = tuple[int, str]
NO_HEAD = "Without the latest head, a cut tail cannot be excluded."


@dataclass(frozen=True, slots=True)
class Link:
    """One stored signature. canonical: the text signed, None where it was erased; the rest as stored beside it."""

    sequence: int
    canonical: str | None
    content_sha256: str
    previous_sha256: str
    chain_sha256: str


@dataclass(frozen=True, slots=True)
class Fault:
    """sequence: the signature at fault. reason: one sentence. byte: offset of the first wrong byte, if known."""

    sequence: int
    reason: str
    byte: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last signature of a site at some moment: its sequence and its chain_sha256."""

    number: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> Head:
        """From NUMBER:DIGEST. Raises ValueError."""
        if not re.fullmatch(r"[1-9][0-9]{0,9}:[0-9a-f]{64}", text):
            raise ValueError("A head is NUMBER:DIGEST, the digest 64 hexadecimal digits in lower case.")
        number, digest = text.split(":")
        return cls(int(number), digest)


@dataclass
class Verdict:
    """faults: nothing of them when all is as it was signed. erased: sequences whose content was erased by right."""

    site: str = ""
    signatures: int = 0
    faults: list[Fault] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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


def verify(links: Iterable[Link], head: Head | None = None) -> list[Fault]:
    """Every fault of one site's chain, in order; empty when each byte is as it was signed."""
    return judge(links, head).faults


def judge(links: Iterable[Link], head: Head | None = None) -> Verdict:
    """All there is to say of one site's chain, whatever order its links come in."""
    ordered = sorted(links, key=lambda each: each.sequence)
    verdict = Verdict(signatures=len(ordered))
    previous, expected = "", 1
    earlier: dict[Named, Any] = {}
    erasures: set[Named] = set()
    for link in ordered:
        if link.sequence == expected + 1:
            verdict.faults.append(Fault(expected, f"Signature {expected} is missing."))
        elif link.sequence > expected:
            verdict.faults.append(Fault(expected, f"Signatures {expected} to {link.sequence - 1} are missing."))
        inner, faults = _verify_one(link, previous)
        faults += _judge_references(link, inner, earlier)
        erasures |= {named for reference in _listed(inner.get("erases")) if (named := _named(reference))}
        verdict.faults += faults
        earlier[link.sequence, link.content_sha256] = inner.get("report")
        # Going on from what is stored tells one broken link from all those after it.
        previous, expected = link.chain_sha256, max(expected, link.sequence + 1)
    _weigh_erasures(verdict, ordered, erasures)
    _compare_with_head(verdict, ordered, head)
    return verdict


def _named(reference: Any) -> Named | None:
    """The signature that a reference names; None for anything that is no reference."""
    if not isinstance(reference, dict) or set(reference) != {"sequence", "content_sha256"}:
        return None
    sequence, digest = reference["sequence"], reference["content_sha256"]
    return (sequence, digest) if type(sequence) is int and isinstance(digest, str) else None


def _listed(references: Any) -> list[Any]:
    if references is None:
        return []
    return references if isinstance(references, list) else [references]


def _judge_references(link: Link, inner: Mapping[str, Any], earlier: Mapping[Named, Any]) -> list[Fault]:
    """Every signature that this one names must be before it and, where both say so, of the same report."""
    faults = []
    for key, verb in REFERENCES.items():
        for reference in _listed(inner.get(key)):
            named = _named(reference)
            if named is None or named not in earlier:
                faults.append(Fault(link.sequence, f"It {verb} a signature that is not before it."))
            elif earlier[named] is not None and inner.get("report") is not None and earlier[named] != inner["report"]:
                faults.append(Fault(link.sequence, f"It {verb} a signature of another report."))
    return faults


def _verify_one(link: Link, previous: str) -> tuple[dict[str, Any], list[Fault]]:
    """The signed content as JSON (empty where there is none) and what is wrong with this link."""
    faults: list[Fault] = []
    if link.previous_sha256 != previous:
        faults.append(Fault(link.sequence, "It does not follow the signature before it."))
    if chain_hash(link.previous_sha256, link.content_sha256) != link.chain_sha256:
        faults.append(Fault(link.sequence, "Its place in the chain does not fit its content."))
    if link.canonical is None:
        return {}, faults
    try:
        content = sha256_hex(link.canonical)
    except UnicodeEncodeError:
        return {}, [*faults, Fault(link.sequence, "The signed bytes are not UTF-8.")]
    if content != link.content_sha256:
        faults.append(Fault(link.sequence, "The signed bytes are not those that were signed."))
    try:
        inner = json.loads(link.canonical)
    except (ValueError, RecursionError):
        return {}, [*faults, Fault(link.sequence, "The signed bytes are not JSON.")]
    if not isinstance(inner, dict):
        return {}, [*faults, Fault(link.sequence, "The signed bytes are not a JSON object.")]
    if inner.get("sequence") != link.sequence or inner.get("previous_sha256") != link.previous_sha256:
        faults.append(Fault(link.sequence, "Its place in the chain is not the one that was signed."))
    return inner, faults


def _weigh_erasures(verdict: Verdict, links: list[Link], erasures: set[Named]) -> None:
    """Missing content is erased only if the chain itself says so."""
    for link in links:
        named = (link.sequence, link.content_sha256) in erasures
        if link.canonical is None and named:
            verdict.erased.append(link.sequence)
        elif link.canonical is None:
            verdict.faults.append(Fault(link.sequence, "Its content is gone, and nothing says that it was erased."))
        elif named:
            verdict.faults.append(Fault(link.sequence, "It was erased, and its content is here all the same."))


def _compare_with_head(verdict: Verdict, links: list[Link], head: Head | None) -> None:
    if head is None:
        verdict.notes.append(NO_HEAD)
        return
    last = links[-1].sequence if links else 0
    if last < head.number:
        reason = f"The tail is cut: the head names signature {head.number}, the last one here is {last}."
        verdict.faults.append(Fault(last + 1, reason))
        return
    if all(link.chain_sha256 != head.digest for link in links if link.sequence == head.number):
        verdict.faults.append(Fault(head.number, "It is not the signature that the head names."))
    elif last > head.number:
        verdict.notes.append(
            f"Signatures after {head.number} are newer than the head: a cut after them is not excluded."
        )


def exported_line(site: str, link: Link) -> str:
    """One line of an export, with its end. There is one spelling, so that no byte of it is free."""
    named = {
        "site": site,
        "sequence": link.sequence,
        "canonical": link.canonical,
        "content_sha256": link.content_sha256,
        "previous_sha256": link.previous_sha256,
        "chain_sha256": link.chain_sha256,
    }
    return canonical_text(named) + "\n"


def _link_of(line: bytes) -> tuple[str, Link]:
    """Raises ValueError for anything but a line that `exported_line` can have written."""
    stored = json.loads(line.decode("utf-8"))
    if not isinstance(stored, dict) or set(stored) != NAMES:
        raise ValueError("These are not the names of an export.")
    texts = (stored["site"], stored["content_sha256"], stored["previous_sha256"], stored["chain_sha256"])
    if not all(isinstance(text, str) for text in texts) or not isinstance(stored["canonical"], str | None):
        raise ValueError("A text is expected.")
    if type(stored["sequence"]) is not int or stored["sequence"] < 1:
        raise ValueError("A sequence counts from 1.")
    link = Link(stored["sequence"], stored["canonical"], *texts[1:])
    if exported_line(stored["site"], link).encode("utf-8") != line + b"\n":
        raise ValueError("This line was spelt in another way.")
    return stored["site"], link


def verify_export(data: bytes, head: Head | None = None) -> Verdict:
    """Judge the bytes of one site's export. Raises ValueError when no line of it is a signature."""
    lines = data.split(b"\n")
    faults: list[Fault] = []
    if lines.pop() != b"":
        faults.append(Fault(len(lines) + 1, "The last line has no end."))
    sites: list[str] = []
    links: list[Link] = []
    for number, line in enumerate(lines, start=1):
        try:
            site, link = _link_of(line)
        except (ValueError, RecursionError):
            faults.append(Fault(number, f"Line {number} is not as it was written."))
            continue
        if link.sequence != number:
            faults.append(Fault(link.sequence, f"It stands on line {number}."))
        sites.append(site)
        links.append(link)
    if data and not links:
        raise ValueError("This is not an export of signatures.")
    verdict = judge(links, head)
    verdict.site = max(sorted(set(sites)), key=sites.count) if sites else ""
    faults += [
        Fault(link.sequence, "It belongs to another site.")
        for site, link in zip(sites, links, strict=True)
        if site != verdict.site or _signed_site(link, site) != site
    ]
    verdict.faults = sorted(faults + verdict.faults, key=lambda fault: fault.sequence)
    return verdict


def _signed_site(link: Link, otherwise: str) -> Any:
    try:
        inner = json.loads(link.canonical or "{}")
    except (ValueError, RecursionError):
        return otherwise  # told already
    return inner.get("site", otherwise) if isinstance(inner, dict) else otherwise


def head_line(site: str, head: Head, at: str) -> str:
    """One line of the file of heads: time, site, NUMBER:DIGEST."""
    return f"{at} {site} {head.number}:{head.digest}\n"


def latest_head(text: str, site: str) -> Head | None:
    """The highest head of `site` in a file of heads; a line that was cut while it was written is passed over."""
    heads = []
    for line in text.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[1] != site:
            continue
        try:
            heads.append(Head.parse(parts[2]))
        except ValueError:
            continue
    return max(heads, key=lambda head: head.number, default=None)


def lines_of(verdict: Verdict) -> list[str]:
    """What people read: one line per fault, one per erased content, the notes, the count."""
    site = verdict.site
    told = [
        f"{site} {fault.sequence}: {fault.reason}" + (f" (byte {fault.byte})" if fault.byte is not None else "")
        for fault in verdict.faults
    ]
    told += [f"{site} {sequence}: erased" for sequence in verdict.erased]
    told += [f"{site}: {note}" for note in verdict.notes]
    return [*told, f"{site}: {verdict.signatures} signatures, {len(verdict.faults)} faults"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="verify_reports.py", description="Verify an export of signed reports.")
    parser.add_argument("export", type=Path)
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--head", type=Head.parse, metavar="NUMBER:DIGEST", help="the latest head")
    known.add_argument("--heads", type=Path, metavar="FILE", help="the file of heads, kept outside the database")
    asked = parser.parse_args(arguments)
    try:
        data = asked.export.read_bytes()
        verdict = verify_export(data, asked.head)
        if asked.heads is not None:
            verdict = verify_export(data, latest_head(asked.heads.read_text("utf-8"), verdict.site))
    except (OSError, ValueError):
        sys.stderr.write("This is not an export of signatures.\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in lines_of(verdict)))
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
