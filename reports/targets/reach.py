"""Whom this installation may speak to: a list by the operator, addresses resolved once and pinned, limits on time.

An entry of the list is a name (`pacs.example.org`), all names below one (`*.example.org`), an address or a range
(`10.1.0.0/16`), each for one port where `:port` follows a name or an address. `http://` before an entry also allows
HTTP without TLS there. What no entry names is refused. An address that is not public (this machine, private nets,
link-local and with it the metadata services of clouds, multicast) needs an entry with that address or a range that
lies within its kind, even where the name is listed: else whoever owns a name could point it inside.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from reports.targets.results import NotSent

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[str]]
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*\.?\Z")

# IANA's special-purpose registries (RFC 6890 and what came since): what is not the public network, kind by kind.
SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ]
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Exactly one of name and network. below: every name under `name`. port: None for any. plain: HTTP without TLS."""

    name: str = ""
    below: bool = False
    network: Network | None = None
    port: int | None = None
    plain: bool = False


class AllowList:
    """The operator's list. Raises ValueError for an entry that is none."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._entries = tuple(_entry(text.strip()) for text in entries if text.strip())

    def pinned(self, host: str, port: int, *, plain_http: bool = False, resolve: Resolve | None = None) -> str:
        """The one address to connect to. Every address of the name must be allowed: which is used is chance.

        Raises `NotSent`, final for what the list refuses.
        """
        name = host.lower().rstrip(".")
        literal = _literal(name)
        if literal is None and not _NAME.fullmatch(name):
            raise NotSent("not_allowed", final=True)
        entries = [each for each in self._entries if each.port in (None, port) and (each.plain or not plain_http)]
        named = literal is None and any(_names(each, name) for each in entries)
        networks = [each.network for each in entries if each.network is not None]
        if not named and not networks:
            raise NotSent("not_allowed", final=True)
        found = [name] if literal is not None else (resolve or _resolved)(name, port)
        if not found:
            raise NotSent("unknown_host", unreachable=True)
        for text in found:
            if not _allowed(_plain_address(text), networks, named=named):
                raise NotSent("not_allowed", final=True)
        return str(_plain_address(found[0]))


def _entry(text: str) -> _Entry:
    plain = text.startswith("http://")
    rest = text.removeprefix("http://").lower()
    with suppress(ValueError):
        return _Entry(network=ip_network(rest), plain=plain)
    host, _, tail = rest.rpartition(":")
    port = None
    if host and tail.isascii() and tail.isdigit() and 0 < int(tail) < 65536:
        rest, port = host.removeprefix("[").removesuffix("]"), int(tail)
        with suppress(ValueError):
            return _Entry(network=ip_network(ip_address(rest)), port=port, plain=plain)
    below = rest.startswith("*.")
    name = rest.removeprefix("*.").rstrip(".")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text} is no host, address or range.")
    return _Entry(name=name, below=below, port=port, plain=plain)


def _names(entry: _Entry, name: str) -> bool:
    if not entry.name:
        return False
    return name.endswith("." + entry.name) if entry.below else name == entry.name


def _literal(host: str) -> Address | None:
    with suppress(ValueError):
        return _plain_address(host.removeprefix("[").removesuffix("]"))
    return None


def _plain_address(text: str) -> Address:
    """The address; an IPv4 address in the clothes of IPv6 as what it is."""
    address = ip_address(text.removeprefix("[").removesuffix("]").partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _allowed(address: Address, networks: list[Network], *, named: bool) -> bool:
    holding = [each for each in networks if each.version == address.version and address in each]
    kinds = [each for each in SPECIAL if each.version == address.version and address in each]
    if not kinds:
        return named or bool(holding)
    return any(each.subnet_of(kind) for each in holding for kind in kinds)  # type: ignore[arg-type]


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSent("unknown_host", unreachable=True) from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Limits:
    """connect_s: until there is a connection. total_s: for the whole talk after that. answer: bytes that are read."""

    connect_s: float = 5.0
    total_s: float = 30.0
    answer: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reach:
    """What a client may do. tls: verifies certificates and names."""

    allowed: AllowList
    tls: ssl.SSLContext
    limits: Limits = Limits()

    def connected(self, host: str, port: int, *, tls: bool, plain_http: bool = False) -> socket.socket:
        """A connection to the pinned address of `host`, under TLS for that name where asked for. Raises `NotSent`."""
        address = self.allowed.pinned(host, port, plain_http=plain_http)
        try:
            plain = socket.create_connection((address, port), timeout=self.limits.connect_s)
        except OSError as error:
            raise NotSent("no_connection", unreachable=True) from error
        plain.settimeout(self.limits.total_s)
        if not tls:
            return plain
        try:
            return self.tls.wrap_socket(plain, server_hostname=host.removeprefix("[").removesuffix("]").rstrip("."))
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise NotSent("bad_certificate", unreachable=True) from error
        except (OSError, ValueError) as error:
            plain.close()
            raise NotSent("no_tls", unreachable=True) from error


@contextmanager
def bounded(connection: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """After so long the connection is cut, however slowly the other side drips; the event says that it was."""
    was_cut = threading.Event()
    cut = threading.Timer(seconds, _cut, (connection, was_cut))
    cut.daemon = True
    cut.start()
    try:
        yield was_cut
    finally:
        cut.cancel()
        connection.close()


def _cut(connection: socket.socket, was_cut: threading.Event) -> None:
    was_cut.set()
    # Not SSLSocket's own shutdown: it takes the TLS state away under whoever is reading.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def tls_context(ca_file: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS 1.2 and later, certificates and names verified. ca_file: trusted beside the system's. certificate and key:
    shown to those who ask for one."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context
