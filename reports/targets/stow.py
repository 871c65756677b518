"""STOW-RS (PS3.18 10.5): objects stored by one request; what was not taken is known one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from reports.targets.address import WebAddress
from reports.targets.objects import DicomObject, is_final, is_stored
from reports.targets.reach import Reach
from reports.targets.results import Accepted, NotSent
from reports.targets.web import Answer, authorization, refused, request

ACCEPT = {"Accept": "application/dicom+json"}
REFERENCED, FAILED = "00081199", "00081198"
_UID, _REASON, _WARNING = "00081155", "00081197", "00081196"


def store(reach: Reach, address: WebAddress, objects: Sequence[DicomObject], secret: str = "") -> Accepted:
    """Store `objects` at `address`/studies. Raises `NotSent`; its `stored` names those that were taken."""
    boundary = "firstread-" + hashlib.sha256(b"".join(each.data for each in objects)).hexdigest()[:40]
    parts = [
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + each.data + b"\r\n" for each in objects
    ]
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    headers = {**ACCEPT, "Content-Type": kind, **authorization(secret)}
    return _judged(request(reach, address, "POST", body, headers, below="/studies"), objects)


def probe(reach: Reach, address: WebAddress, secret: str = "") -> Accepted:
    """A search for one study that cannot be: it stores nothing and shows nothing."""
    below = "/studies?StudyInstanceUID=2.25.0&limit=1"
    answer = request(reach, address, "GET", None, {**ACCEPT, **authorization(secret)}, below=below)
    if answer.status in (200, 204):
        return Accepted(str(answer.status))
    raise refused(answer)


def _judged(answer: Answer, objects: Sequence[DicomObject]) -> Accepted:
    if answer.status not in (200, 202, 409):
        raise refused(answer)
    told = _told(answer)
    if told is None:
        if answer.status == 200:
            return Accepted("200")
        # Some were not taken, and which is not said: all are sent again.
        raise NotSent("stow_unclear", str(answer.status))
    good, bad = told
    uids = [each.uid for each in objects]
    if not bad and (answer.status == 200 or all(uid in good for uid in uids)):
        return Accepted("200" if answer.status == 200 else f"{answer.status}")
    left = [uid for uid in uids if uid in bad] or [uid for uid in uids if uid not in good]
    if not left:
        return Accepted(str(answer.status))
    reasons = [bad.get(uid, 0) for uid in left]
    raise NotSent(
        "dicom_status",
        f"{reasons[0]:04X}",
        final=all(is_final(reason) for reason in reasons),
        stored=tuple(uid for uid in uids if uid not in left),
    )


def _told(answer: Answer) -> tuple[set[str], dict[str, int]] | None:
    """(UIDs that are stored, UID → reason of those that are not); None where the answer does not say."""
    if answer.cut or answer.kind not in ("application/dicom+json", "application/json"):
        return None
    try:
        read = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    found = read[0] if isinstance(read, list) and read else read
    if not isinstance(found, dict):
        return None
    good = {uid for uid, _reason in _items(found, REFERENCED, _WARNING)}
    bad = dict(_items(found, FAILED, _REASON))
    for uid in [uid for uid, reason in bad.items() if is_stored(reason) and reason]:
        good.add(uid)
        del bad[uid]
    return good, bad


def _items(found: dict[str, Any], sequence: str, number: str) -> list[tuple[str, int]]:
    element = found.get(sequence)
    items = element.get("Value") if isinstance(element, dict) else None
    listed = []
    for item in items if isinstance(items, list) else []:
        uid, reason = _first(item, _UID), _first(item, number)
        if isinstance(uid, str):
            listed.append((uid, reason if isinstance(reason, int) and 0 <= reason < 65536 else 0))
    return listed


def _first(item: Any, tag: str) -> Any:
    element = item.get(tag) if isinstance(item, dict) else None
    value = element.get("Value") if isinstance(element, dict) else None
    return value[0] if isinstance(value, list) and value else None
