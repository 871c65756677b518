"""Other systems, as they behave and misbehave: each listens on a port of this machine until its context ends."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hl7apy.parser import parse_message
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComprehensiveSRStorage, EncapsulatedPDFStorage, SegmentationStorage, Verification

from reports.targets.reach import AllowList, Limits, Reach, tls_context

HERE = "127.0.0.1"


def reach(*entries: str, total_s: float = 5.0, answer: int = 64 * 1024, ca_file: str = "") -> Reach:
    allowed = AllowList(entries or ("http://127.0.0.1",))
    return Reach(allowed, tls_context(ca_file), Limits(connect_s=2.0, total_s=total_s, answer=answer))


@dataclass
class Said:
    """What a web server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """answers: (status, headers, body) by turns, the last for ever; or a function of what was said."""

    answers: list = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    port: int = 0
    raw: Callable[[socket.socket], None] | None = None

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"


@contextmanager
def web(*answers, raw=None, tls: tuple[str, str] | None = None) -> Iterator[Web]:
    """raw: handles the connection itself. tls: (certificate, key)."""
    told = Web(list(answers), raw=raw)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self):
            if told.raw is not None:
                told.raw(self.connection)
            else:
                super().handle()

        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.said.append(Said(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            turn = told.answers[min(len(told.said), len(told.answers)) - 1]
            status, headers, content = turn(told.said[-1]) if callable(turn) else turn
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, *_args):
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args):
            """A client that went away is what these tests are about."""

    server = Server((HERE, 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.port = server.server_port
    with _running(server):
        yield told


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Ris:
    """A receiver of HL7 messages: parses each, knows one that comes twice by its control id.

    acts: what it does with the messages by turns, the last for ever: "accept", a refusal ("AE", "AR 101" …), "close",
    "accept and close" (taken, but nobody is told), "silent", "slow", "garbage", "no end", "other".
    """

    acts: list[str] = field(default_factory=lambda: ["accept"])
    accepted: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    messages: list = field(default_factory=list)
    port: int = 0
    got: threading.Event = field(default_factory=threading.Event)

    def take(self, text: str) -> str:
        """Keep the message unless it is here already; its control id."""
        message = parse_message(text)
        control_id = message.msh.msh_10.to_er7()
        if control_id not in self.accepted:
            self.accepted.append(control_id)
            self.messages.append(message)
        return control_id


def ack(control_id: str, code: str = "AA", fault: str = "") -> bytes:
    error = f"ERR|||{fault}^Fault^HL70357|E\r" if fault else ""
    head = "MSH|^~\\&|RIS|HOSPITAL|FIRSTREAD||20260301||ACK^R01^ACK|1|P|2.5.1\r"
    return b"\x0b" + f"{head}MSA|{code}|{control_id}\r{error}".encode() + b"\x1c\r"


@contextmanager
def ris(*acts: str) -> Iterator[Ris]:
    told = Ris(list(acts) or ["accept"])

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            held = b""
            while b"\x1c\r" not in held:
                piece = self.request.recv(65536)
                if not piece:
                    return
                held += piece
            text = held[1:-2].decode()
            act = told.acts[min(len(told.came), len(told.acts) - 1)]
            control_id = text.split("|")[9]
            told.came.append(control_id)
            told.got.set()
            self.request.sendall(self.answer(act, text, control_id))

        def answer(self, act: str, text: str, control_id: str) -> bytes:
            if act == "accept":
                return ack(told.take(text))
            if act == "accept and close":
                told.take(text)
                return b""
            if act in ("silent", "slow"):
                until = time.monotonic() + 20
                while time.monotonic() < until:
                    if act == "slow":
                        self.request.sendall(b"\x0b" if until - time.monotonic() > 19.9 else b"x")
                    time.sleep(0.1)
                return b""
            answers = {
                "close": b"",
                "garbage": b"HTTP/1.1 400 Bad Request\r\n\x1c\r",
                "no end": b"\x0bMSH|^~\\&|",
                "noise first": b"\r\n" + ack(control_id),
                "other": ack("SOMETHING ELSE"),
                "endless": b"\x0b" + b"x" * 300_000,
                "no msa": b"\x0bMSH|^~\\&|RIS\r\x1c\r",
            }
            if act in answers:
                return answers[act]
            code, _space, fault = act.partition(" ")
            return ack(control_id, code, fault)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_args):
            """The sender cut the line: it is what these tests are about."""

    server = Server((HERE, 0), Handler)
    told.port = server.server_address[1]
    with _running(server):
        yield told


@dataclass
class Pacs:
    """statuses: what C-STORE answers by turns, the last for ever. stored: UID → data set."""

    statuses: list[int] = field(default_factory=lambda: [0])
    stored: dict = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def pacs(*statuses: int, title: str = "ARCHIVE", classes=None, tls=None) -> Iterator[Pacs]:
    told = Pacs(list(statuses) or [0])

    def on_store(event):
        dataset = event.dataset
        status = told.statuses[min(len(told.came), len(told.statuses) - 1)]
        told.came.append(str(dataset.SOPInstanceUID))
        if status in (0x0000, 0xB000, 0x0111):
            told.stored[str(dataset.SOPInstanceUID)] = dataset
        return status

    entity = AE(title)
    entity.require_called_aet = True
    for each in classes or (Verification, ComprehensiveSRStorage, EncapsulatedPDFStorage, SegmentationStorage):
        entity.add_supported_context(each)
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    server = entity.start_server(
        (HERE, 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)], ssl_context=context
    )
    told.port = server.server_address[1]
    try:
        yield told
    finally:
        server.shutdown()
