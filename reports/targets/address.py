"""Where a target is, as a person writes it:

https://pacs.example.org/dicom-web          STOW-RS, FHIR, webhook; http:// only where the operator's list says so
dicom://ARCHIVE@pacs.example.org:104        C-STORE to the AE title ARCHIVE; dicoms:// under TLS;
                                            ?calling=TITLE for another own title than FIRSTREAD
mllp://ris.example.org:2575                 HL7; mllps:// under TLS
a@example.org, b@example.org                mail
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PORTS = {"https": 443, "http": 80, "dicom": 104, "dicoms": 2762, "mllp": 2575, "mllps": 2575}
SCHEMES = {
    "stow": ("https", "http"),
    "fhir": ("https", "http"),
    "webhook": ("https", "http"),
    "cstore": ("dicom", "dicoms"),
    "mllp": ("mllp", "mllps"),
}
LONGEST, MOST_MAIL = 400, 5
# PS3.5 6.2: 16 characters of the default repertoire without backslash and control characters, not only spaces.
_TITLE = re.compile(r"[A-Za-z0-9_.+-][ -\[\]-~]{0,15}\Z")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*\Z")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")


class BadAddress(ValueError):
    """The text is no address of that kind; `hint` names what is wrong."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class WebAddress:
    """path: without a slash at its end, "" for none."""

    host: str
    port: int
    tls: bool
    path: str = ""


@dataclass(frozen=True, slots=True)
class DicomAddress:
    host: str
    port: int
    tls: bool
    called: str
    calling: str = "FIRSTREAD"


@dataclass(frozen=True, slots=True)
class MllpAddress:
    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class MailAddress:
    to: tuple[str, ...]


AnyAddress = WebAddress | DicomAddress | MllpAddress | MailAddress


def parsed(kind: str, text: str) -> AnyAddress:
    """kind: of `SCHEMES`, or "mail". Raises `BadAddress`."""
    given = text.strip()
    if not given or len(given) > LONGEST or not given.isascii() or any(mark <= " " for mark in given if mark != " "):
        raise BadAddress("form")
    return _mail(given) if kind == "mail" else _url(kind, given)


def _mail(given: str) -> MailAddress:
    to = tuple(part.strip() for part in given.split(",") if part.strip())
    if not to or len(to) > MOST_MAIL or not all(_MAIL.fullmatch(each) for each in to):
        raise BadAddress("form")
    return MailAddress(to)


def _url(kind: str, given: str) -> AnyAddress:
    try:
        parts = urlsplit(given)
        host, port, scheme = parts.hostname or "", parts.port, parts.scheme.lower()
    except ValueError as error:
        raise BadAddress("form") from error
    if scheme not in SCHEMES.get(kind, ()):
        raise BadAddress("scheme")
    if not host or " " in host or parts.fragment:
        raise BadAddress("form")
    place = (host, port or PORTS[scheme])
    if kind == "cstore":
        return _dicom(scheme, *place, called=parts.username or "", path=parts.path, query=parts.query)
    if parts.username is not None or parts.password is not None:
        raise BadAddress("secret")
    if kind == "mllp":
        if parts.path not in ("", "/") or parts.query:
            raise BadAddress("form")
        return MllpAddress(*place, tls=scheme == "mllps")
    if parts.query or not _PATH.fullmatch(parts.path):
        raise BadAddress("form")
    return WebAddress(*place, tls=scheme == "https", path=parts.path.rstrip("/"))


def _dicom(scheme: str, host: str, port: int, *, called: str, path: str, query: str) -> DicomAddress:
    asked = parse_qs(query)
    calling = asked.pop("calling", ["FIRSTREAD"])[0]
    if path not in ("", "/") or asked:
        raise BadAddress("form")
    if not all(_TITLE.fullmatch(each) for each in (called, calling)):
        raise BadAddress("title")
    return DicomAddress(host, port, scheme == "dicoms", called, calling)
