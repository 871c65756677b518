"""A small JSON message to another program, signed with the secret both know."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

from reports.targets.address import WebAddress
from reports.targets.reach import Reach
from reports.targets.results import Accepted
from reports.targets.web import refused, request


def post(reach: Reach, address: WebAddress, said: Mapping[str, object], key: str, secret: str = "") -> Accepted:
    """key: names this message, so that one that comes twice is known. Raises `NotSent`."""
    body = json.dumps(said, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    if secret:
        headers["X-Firstread-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = request(reach, address, "POST", body, headers)
    if 200 <= answer.status < 300:
        return Accepted(str(answer.status))
    raise refused(answer)
