"""`manage.py order_receiver`: take orders and changes of patients as HL7 v2 messages over MLLP."""

from __future__ import annotations

import ipaddress
import signal
import socket
import socketserver
import ssl
import threading
import uuid
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from accounts.models import Site
from config.logs import REQUEST_ID
from screening.orders.acknowledgement import LATER, acknowledgement
from screening.orders.hl7 import Message, MessageError, parse
from screening.orders.mllp import Frames, TooLong, framed
from screening.services.order_messages import answer_message

log = structlog.get_logger(__name__)
MOST_BYTES = 4 * 1024 * 1024
PIECE = 64 * 1024


class Line(socketserver.BaseRequestHandler):
    """One connection: messages are answered in their order, on the same line."""

    server: OrderServer

    def handle(self) -> None:
        REQUEST_ID.set(uuid.uuid4().hex)
        frames, answered, ended = Frames(MOST_BYTES), 0, "closed"
        try:
            self.request.settimeout(self.server.idle_s)
            with self.server.secured(self.request) as line:
                while piece := line.recv(PIECE):
                    for message in frames.feed(piece):
                        line.sendall(framed(self._answer(message)))
                        answered += 1
        except TooLong:
            ended = "too long"
        except TimeoutError:
            ended = "silent"
        except OSError as error:
            ended = type(error).__name__
        finally:
            connections.close_all()
            log.info("order_line", address=self.client_address[0], answered=answered, ended=ended)

    def _answer(self, data: bytes) -> bytes:
        close_old_connections()
        try:
            return answer_message(data=data, site=Site.objects.get(pk=self.server.site_id, is_active=True))
        except (DatabaseError, Site.DoesNotExist) as error:
            log.error("order_message_failed", error=type(error).__name__)
            # A broken connection must not fail all that follow.
            connections.close_all()
            return acknowledgement(_readable(data), LATER, timezone.now())


class OrderServer(socketserver.ThreadingTCPServer):
    """Listens for one site. allow: addresses and ranges that may speak; empty: this machine alone."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        address: tuple[str, int],
        *,
        site_id: int,
        allow: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        idle_s: float = 300.0,
        connections_most: int = 16,
    ) -> None:
        self.site_id, self.idle_s, self._tls = site_id, idle_s, tls
        self._allow = [ipaddress.ip_network(each, strict=False) for each in (allow or ("127.0.0.0/8", "::1/128"))]
        self._room = threading.BoundedSemaphore(connections_most)
        super().__init__(address, Line)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        address = ipaddress.ip_address(client_address[0].partition("%")[0])
        if not any(address in each for each in self._allow):
            log.warning("order_line_refused", address=str(address), why="not listed")
            return False
        if not self._room.acquire(blocking=False):
            log.warning("order_line_refused", address=str(address), why="too many")
            return False
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def secured(self, line: socket.socket) -> socket.socket:
        """The line behind TLS where it is asked for. Raises OSError."""
        return self._tls.wrap_socket(line, server_side=True) if self._tls else line


class Command(BaseCommand):
    help = "Take orders and changes of patients (HL7 v2 over MLLP) until SIGTERM or Ctrl+C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=2575, help="port to listen at, 0 for any (2575)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
        parser.add_argument("--site", default="default", metavar="SLUG", help="the site the orders belong to (default)")
        parser.add_argument(
            "--allow", nargs="+", action="extend", default=[], metavar="ADDRESS",
            help="addresses or ranges that may send; without it this machine alone",
        )  # fmt: skip
        parser.add_argument("--certificate", default="", metavar="FILE", help="speak TLS, with this certificate")
        parser.add_argument("--key", default="", metavar="FILE", help="its key")
        parser.add_argument("--clients", default="", metavar="FILE", help="authorities of the senders' certificates")
        parser.add_argument("--idle", type=float, default=300.0, metavar="SECONDS", help="silence until a line is cut")

    def handle(self, *_args: Any, **options: Any) -> None:
        server = order_server(options)
        over = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: over.set())
        threading.Thread(target=server.serve_forever, args=(0.2,), name="mllp", daemon=True).start()
        self.stdout.write(
            f"Orders of {options['site']} are taken at {options['host']} port {server.server_address[1]}."
        )
        self.stdout.flush()
        over.wait()
        server.shutdown()
        server.server_close()


def order_server(options: dict[str, Any]) -> OrderServer:
    """The server the options ask for. Raises CommandError with a sentence."""
    site = Site.objects.filter(slug=options["site"], is_active=True).first()
    if site is None:
        raise CommandError(f"There is no active site {options['site']!r}.")
    try:
        return OrderServer(
            (options["host"], options["port"]),
            site_id=site.pk,
            allow=tuple(options["allow"]),
            tls=_tls(options["certificate"], options["key"], options["clients"]),
            idle_s=options["idle"],
        )
    except (OSError, ValueError) as error:
        raise CommandError(f"Cannot listen: {error}") from error


def _tls(certificate: str, key: str, clients: str) -> ssl.SSLContext | None:
    if not certificate:
        if key or clients:
            raise CommandError("--key and --clients need --certificate.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key or None)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _readable(data: bytes) -> Message | None:
    try:
        return parse(data)
    except MessageError:
        return None
