"""The network layer with limits of its own: how long a PDU and a message may be, how long a sender may hang."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from socketserver import BaseServer
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

log = structlog.get_logger(__name__)

# An A-ASSOCIATE-RQ with 128 presentation contexts and all transfer syntaxes stays well below.
MAX_PDU = 1 << 20
_PIECE = 1 << 18


class LimitedSocket(AssociationSocket):
    """Reads at most MAX_PDU at once and `max_message` bytes until `message_ends` is called."""

    max_message = 0
    _since = 0

    def message_ends(self) -> None:
        self._since = 0

    def recv(self, nr_bytes: int) -> bytearray:
        """`nr_bytes` from the peer; fewer when it went away, hung, or wants to send more than is taken.

        The layer above closes the connection after a short read.
        """
        self._since += nr_bytes
        if nr_bytes > MAX_PDU or self._since > self.max_message or self.socket is None:
            log.warning("dimse_too_long", pdu=nr_bytes, message=self._since)
            return bytearray()
        received = bytearray()
        while len(received) < nr_bytes:
            try:
                piece = self.socket.recv(min(nr_bytes - len(received), _PIECE))
            except OSError:
                return received
            if not piece:
                return received
            received += piece
        return received

    def _shutdown_socket(self) -> None:
        """Close it whether or not the peer was there to be told; else the descriptor would stay open."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()


class _Handler(RequestHandler):
    server: LimitedServer

    def _create_association(self) -> Association:
        association: Association = super()._create_association()
        limited = LimitedSocket.__new__(LimitedSocket)
        limited.__dict__.update(association.dul.socket.__dict__)
        limited.max_message = self.server.max_message
        association.dul.socket = limited
        self.server.prepare(association)
        return association


class LimitedServer(ThreadedAssociationServer):
    """One thread for each association; `prepare` sees each before it starts."""

    request_queue_size = 64

    def __init__(
        self,
        *args: Any,
        prepare: Callable[[Association], None],
        max_message: int,
        idle_s: float,
        **options: Any,
    ) -> None:
        self.prepare = prepare
        self.max_message = max_message
        self.idle_s = idle_s
        super().__init__(*args, **{**options, "request_handler": _Handler})

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        peer, address = super().get_request()
        peer.settimeout(self.idle_s)
        # Small answers must not wait for more to send.
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.error("dimse_connection_failed")

    def shutdown(self) -> None:
        """Take no more connections; associations under way go on."""
        BaseServer.shutdown(self)
        self.server_close()
