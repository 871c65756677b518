"""FHIR R4: the bundle is created once, however often it is sent (conditional create, http.html#ccreate)."""

from __future__ import annotations

import json

from reports.targets.address import WebAddress
from reports.targets.reach import Reach
from reports.targets.results import Accepted, NotSent
from reports.targets.web import authorization, refused, request

FHIR = "application/fhir+json"


def create(reach: Reach, address: WebAddress, bundle: bytes, secret: str = "") -> Accepted:
    """POST the bundle to `address`/Bundle unless one with its identifier is there. Raises `NotSent`."""
    identifier = json.loads(bundle)["identifier"]
    condition = f"identifier={identifier['system']}|{identifier['value']}"
    headers = {"Content-Type": FHIR, "Accept": FHIR, "If-None-Exist": condition, "Prefer": "return=minimal"}
    answer = request(reach, address, "POST", bundle, {**headers, **authorization(secret)}, below="/Bundle")
    if answer.status in (200, 201):
        return Accepted(str(answer.status))
    if answer.status == 412:
        # Several are there already: one more would make it worse.
        return Accepted("412")
    raise refused(answer)


def probe(reach: Reach, address: WebAddress, secret: str = "") -> Accepted:
    """The server's own description of what it can do."""
    answer = request(reach, address, "GET", None, {"Accept": FHIR, **authorization(secret)}, below="/metadata")
    if answer.status != 200:
        raise refused(answer)
    if b"CapabilityStatement" not in answer.body:
        raise NotSent("no_fhir", final=True)
    return Accepted("200")
