"""Whom one may speak to: the operator's list, pinned addresses, TLS, no redirects, bounded time and answers."""

from __future__ import annotations

import datetime as dt
import socket
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reports.targets.address import BadAddress, parsed
from reports.targets.reach import AllowList
from reports.targets.results import NotSent
from reports.targets.secrets import WrongKey, seal, unseal
from reports.targets.web import request
from tests.targets.servers import HERE, reach, web

PUBLIC = "93.184.215.14"
INSIDE = ["127.0.0.1", "10.1.2.3", "192.168.7.7", "172.16.0.9", "169.254.169.254", "100.100.100.200", "0.0.0.0"]
INSIDE += ["::1", "fd00:ec2::254", "fe80::1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "64:ff9b::a01:203"]
INSIDE += ["224.0.0.1", "255.255.255.255", "ff02::1", "::", "2002:a01:203::1"]


def refused(allowed: AllowList, host: str, port: int = 443, **options) -> str:
    with pytest.raises(NotSent) as caught:
        allowed.pinned(host, port, **options)
    assert caught.value.final or caught.value.unreachable
    return caught.value.code


def test_without_an_entry_nobody_may_be_spoken_to():
    for host in (PUBLIC, "pacs.example.org", "localhost", "10.1.2.3"):
        assert refused(AllowList(), host, resolve=lambda *_: [PUBLIC]) == "not_allowed"


def test_a_listed_name_is_resolved_and_its_address_pinned():
    allowed = AllowList(["pacs.example.org", "*.ris.example.org:2575"])
    assert allowed.pinned("PACS.example.org.", 443, resolve=lambda *_: [PUBLIC]) == PUBLIC
    assert allowed.pinned("a.ris.example.org", 2575, resolve=lambda *_: [PUBLIC]) == PUBLIC
    for host, port in (("other.example.org", 443), ("a.ris.example.org", 443), ("ris.example.org", 2575)):
        assert refused(allowed, host, port, resolve=lambda *_: [PUBLIC]) == "not_allowed"


@pytest.mark.parametrize("address", INSIDE)
def test_a_listed_name_that_leads_inside_is_refused(address):
    """Whoever owns a name can let it lead anywhere, also for one question only."""
    for entries in (["pacs.example.org"], ["pacs.example.org", "0.0.0.0/0", "::/0"]):
        allowed = AllowList(entries)
        assert refused(allowed, "pacs.example.org", resolve=lambda *_: [address]) == "not_allowed"
        assert refused(allowed, "pacs.example.org", resolve=lambda *_: [PUBLIC, address]) == "not_allowed"
        assert refused(allowed, address) == "not_allowed"


def test_an_inside_address_is_reached_when_a_range_of_its_kind_is_listed():
    allowed = AllowList(["10.1.0.0/16", "127.0.0.1:104", "fd12::/32"])
    assert allowed.pinned("10.1.9.9", 443) == "10.1.9.9"
    assert allowed.pinned("pacs.local", 11112, resolve=lambda *_: ["10.1.9.9"]) == "10.1.9.9"
    assert allowed.pinned("::ffff:10.1.9.9", 443) == "10.1.9.9"
    assert allowed.pinned("127.0.0.1", 104) == "127.0.0.1"
    assert allowed.pinned("[fd12::9]", 443) == "fd12::9"
    for host, port in (("10.2.0.1", 443), ("127.0.0.1", 443), ("169.254.169.254", 80)):
        assert refused(allowed, host, port) == "not_allowed"


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "127.1", "0177.0.0.1", "localhost"])
def test_other_spellings_of_this_machine_are_resolved_before_they_are_judged(host):
    assert refused(AllowList([host, PUBLIC]), host) in ("not_allowed", "unknown_host")


@pytest.mark.parametrize("host", ["", "a b", "a@b", "-x.org", "x" * 300, "exa\u0455ple.org"])
def test_what_is_no_host_is_refused(host):
    assert refused(AllowList(["0.0.0.0/0", "example.org"]), host, resolve=lambda *_: [PUBLIC]) == "not_allowed"


def test_http_without_tls_needs_an_entry_that_says_so():
    assert refused(AllowList([HERE]), HERE, 80, plain_http=True) == "not_allowed"
    assert AllowList([f"http://{HERE}"]).pinned(HERE, 80, plain_http=True) == HERE


@pytest.mark.parametrize("text", ["https://x.org", "a b", "x.org/path", "10.0.0.0/40", "*."])
def test_an_entry_that_is_none_stops_the_start(text):
    with pytest.raises(ValueError):
        AllowList([text])


def asked(server, **options):
    address = parsed("webhook", f"http://{HERE}:{server.port}/in")
    return request(reach(**options), address, "POST", b"{}", {})


def fault(server, **options) -> NotSent:
    with pytest.raises(NotSent) as caught:
        asked(server, **options)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with web((200, {}, b"inside")) as inside, web((status, {"Location": inside.url}, b"")) as server:
        error = fault(server)
        assert (error.code, error.detail, error.final) == ("redirected", str(status), True)
        assert not inside.said and len(server.said) == 1


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    with web((200, {}, b"proxy")) as proxy, web((200, {}, b"there")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert asked(server).body == b"there" and not proxy.said


def test_an_endless_answer_is_read_so_far_and_no_further():
    with web((200, {}, b"x" * 500_000)) as server:
        answer = asked(server, answer=1000)
        assert len(answer.body) == 1000 and answer.cut


def drip(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _turn in range(100):
        connection.sendall(b"X-A: b\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("raw", [drip, lambda connection: time.sleep(4)], ids=["dripping", "silent"])
def test_a_slow_answer_is_cut_off_in_time(raw):
    with web(raw=raw) as server:
        before = time.monotonic()
        error = fault(server, total_s=0.5)
        assert (error.code, error.unreachable, error.final) == ("no_answer", True, False)
        assert time.monotonic() - before < 3


@pytest.mark.parametrize(
    "said", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"]
)
def test_an_answer_that_is_none_is_tried_again(said):
    def raw(connection):
        connection.recv(65536)
        connection.sendall(said)

    with web(raw=raw) as server:
        assert not fault(server).final


def test_nobody_there_is_tried_again():
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        with pytest.raises(NotSent) as caught:
            request(reach(), parsed("webhook", f"http://{HERE}:{bound.getsockname()[1]}"), "GET", None, {})
    assert (caught.value.code, caught.value.unreachable) == ("no_connection", True)


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A self-signed certificate for `name` and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    return str(files[0]), str(files[1])


@pytest.mark.parametrize(
    ("name", "trusted", "code"),
    [("localhost", True, ""), ("localhost", False, "bad_certificate"), ("other.example.org", True, "bad_certificate")],
    ids=["right", "of nobody we trust", "of another name"],
)
def test_certificates_and_names_are_verified(tmp_path, name, trusted, code):
    files = certificate(tmp_path, name)
    with web((200, {}, b"good"), tls=files) as server:
        address = parsed("webhook", f"https://localhost:{server.port}/")
        ours = reach("127.0.0.1", "::1", ca_file=files[0] if trusted else "")
        if not code:
            assert request(ours, address, "POST", b"{}", {}).body == b"good"
            return
        with pytest.raises(NotSent) as caught:
            request(ours, address, "POST", b"{}", {})
        assert (caught.value.code, server.said) == (code, [])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("stow", "ftp://x.org/"),
        ("stow", "https://user:word@x.org/"),
        ("stow", "https://x.org/a?b=c"),
        ("stow", "https://x.org/a b"),
        ("stow", "https://x.org/a\r\nHost: y"),
        ("stow", "https://x.org:99999/"),
        ("stow", "https:///a"),
        ("cstore", "dicom://x.org:104"),
        ("cstore", "dicom://A\\B@x.org"),
        ("cstore", f"dicom://{'A' * 17}@x.org"),
        ("cstore", "https://x.org"),
        ("mllp", "mllp://x.org/path"),
        ("mail", "a@example.org\nBcc: b@example.org"),
        ("mail", "a"),
        ("mail", ",".join(f"a{n}@example.org" for n in range(9))),
        ("other", "https://x.org"),
    ],
)
def test_an_address_that_is_none_is_refused(kind, text):
    with pytest.raises(BadAddress):
        parsed(kind, text)


def test_addresses_are_read_as_people_write_them():
    assert parsed("stow", " https://PACS.example.org/dicom-web/ ").path == "/dicom-web"
    there = parsed("cstore", "dicoms://MY PACS@10.0.0.5?calling=READ1".replace("MY PACS", "PACS"))
    assert (there.called, there.calling, there.port, there.tls) == ("PACS", "READ1", 2762, True)
    assert parsed("mllp", "mllp://ris.example.org").port == 2575
    assert parsed("mail", "a@example.org, b@example.org").to == ("a@example.org", "b@example.org")


def test_a_secret_is_kept_unreadable_and_for_its_target_alone():
    key = bytes(range(32))
    sealed = seal(key, "token-4711", "target:1")
    assert "4711" not in sealed and seal(key, "token-4711", "target:1") != sealed
    assert unseal(key, sealed, "target:1") == "token-4711"
    for wrong in ((bytes(32), sealed, "target:1"), (key, sealed, "target:2"), (key, sealed[:-4] + "AAA=", "target:1")):
        with pytest.raises(WrongKey):
            unseal(*wrong)
