"""One HTTP request to a pinned address: no redirect, no proxy, no cookie, a bounded answer in a bounded time."""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from reports.targets.address import WebAddress
from reports.targets.reach import Reach, bounded
from reports.targets.results import NotSent

TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """body: at most as many bytes as the limits read; `cut` where there were more."""

    status: int
    kind: str
    body: bytes
    cut: bool
    after_s: float


def request(
    reach: Reach, address: WebAddress, method: str, body: bytes | None, headers: Mapping[str, str], below: str = ""
) -> Answer:
    """The answer of `address.path` + `below`, whatever its status but a redirect. Raises `NotSent`."""
    connection = reach.connected(address.host, address.port, tls=address.tls, plain_http=not address.tls)
    with bounded(connection, reach.limits.total_s) as was_cut:
        client = http.client.HTTPConnection(address.host, address.port)
        # Connected already, to the address that was checked: the client looks up nothing.
        client.auto_open = 0
        client.sock = connection
        try:
            client.request(method, address.path + below, body=body, headers={"User-Agent": "Firstread", **headers})
            got = client.getresponse()
            with got:
                data, left = got.read(reach.limits.answer + 1), got.length
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotSent("no_answer", unreachable=True) from error
        finally:
            client.close()
    # The library takes a connection that ends for the end of what was said.
    if was_cut.is_set() or (left and len(data) <= reach.limits.answer):
        raise NotSent("no_answer", unreachable=True)
    if 300 <= got.status < 400:
        raise NotSent("redirected", str(got.status), final=True)
    return Answer(
        got.status,
        (got.headers.get_content_type() or "").lower(),
        data[: reach.limits.answer],
        len(data) > reach.limits.answer,
        _after_s(got.headers.get("Retry-After", "")),
    )


def refused(answer: Answer, **also: tuple[str, ...]) -> NotSent:
    """What an answer without success means for trying again."""
    later = answer.status in TRY_LATER
    signed_out = answer.status in (401, 403, 407)
    return NotSent(
        "not_signed_in" if signed_out else "web_status",
        str(answer.status),
        final=not later and not signed_out,
        unreachable=signed_out or answer.status in (429, 502, 503, 504),
        after_s=answer.after_s,
        **also,
    )


def authorization(secret: str) -> dict[str, str]:
    """A secret with a colon is user and password, any other a bearer token; "" sends none."""
    if not secret:
        return {}
    if ":" in secret:
        return {"Authorization": "Basic " + _base64(secret)}
    return {"Authorization": f"Bearer {secret}"}


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _after_s(text: str) -> float:
    """Retry-After in seconds (RFC 9110 10.2.3); a date counts as none: clocks differ."""
    if text.isascii() and text.strip().isdigit() and len(text.strip()) < 9:
        return min(float(text.strip()), LONGEST_WAIT_S)
    return 0.0
