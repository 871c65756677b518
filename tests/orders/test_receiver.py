"""The receiver of orders on a port of its own, as an information system meets it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from screening.management.commands import order_receiver
from screening.management.commands.order_receiver import OrderServer, order_server
from screening.models import Order
from screening.orders.mllp import Frames, framed
from tests.orders.words import OMI, message
from tests.targets.test_reach import certificate

pytestmark = pytest.mark.django_db(transaction=True)
OPTIONS = {
    "port": 0, "host": "127.0.0.1", "site": "north", "allow": [], "certificate": "", "key": "", "clients": "",
    "idle": 20.0,
}  # fmt: skip


@pytest.fixture
def listening(north) -> Iterator[Callable[..., OrderServer]]:
    servers = []

    def start(**options: object) -> OrderServer:
        server = order_server({**OPTIONS, **options})
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def line_to(server: OrderServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20)


def whatever_comes(line: socket.socket) -> bytes:
    """What is sent before the line is cut, in either way of cutting it."""
    try:
        return line.recv(100)
    except ConnectionResetError:
        return b""


def answers(line: socket.socket, count: int) -> list[bytes]:
    frames, found = Frames(100_000), []
    while len(found) < count:
        piece = line.recv(4096)
        assert piece, f"the line was cut after {len(found)} answers"
        found += frames.feed(piece)
    return found


def test_messages_of_one_line_are_answered_in_their_order(listening):
    second = message(OMI, MSH=OMI["MSH"].replace("C77", "C78"), ORC="ORC|CA|NOBODYS")
    with line_to(listening()) as line:
        line.sendall(b"\r\n" + framed(message(OMI)) + framed(second))
        first_answer, second_answer = answers(line, 2)
    assert b"MSA|AA|C77" in first_answer and b"MSA|AE|C78" in second_answer
    assert Order.objects.count() == 1


def test_what_is_no_message_is_answered_and_the_line_goes_on(listening):
    with line_to(listening()) as line:
        line.sendall(framed(b"hello") + framed(message(OMI)))
        bad, good = answers(line, 2)
    assert b"MSA|AE|" in bad and b"MSA|AA|C77" in good


def test_while_the_database_is_away_the_sender_is_told_to_try_again(listening, monkeypatch):
    def away(**_given: object) -> bytes:
        raise DatabaseError("away")

    monkeypatch.setattr(order_receiver, "answer_message", away)
    with line_to(listening()) as line:
        line.sendall(framed(message(OMI)))
        assert b"MSA|AR|C77" in answers(line, 1)[0]
    monkeypatch.undo()
    assert not Order.objects.exists()


def test_who_is_not_listed_is_not_heard(listening):
    with line_to(listening(allow=["10.1.0.0/16"])) as line:
        line.sendall(framed(message(OMI)))
        heard = whatever_comes(line)
    assert heard == b"" and not Order.objects.exists()


def test_a_message_without_end_cuts_the_line(listening, monkeypatch):
    monkeypatch.setattr(order_receiver, "MOST_BYTES", 10_000)
    with line_to(listening()) as line:
        line.sendall(b"\x0b" + b"x" * 20_000)
        assert whatever_comes(line) == b""


def test_orders_come_over_tls_from_who_shows_a_certificate(listening, tmp_path):
    shown, key = certificate(tmp_path, "localhost")
    server = listening(certificate=shown, key=key, clients=shown)
    context = ssl.create_default_context(cafile=shown)
    context.load_cert_chain(shown, key)
    with line_to(server) as plain, context.wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(framed(message(OMI)))
        assert b"MSA|AA|C77" in answers(line, 1)[0]
    with line_to(server) as plain:
        plain.sendall(framed(message(OMI)))
        heard = whatever_comes(plain)
    assert b"MSA" not in heard


@pytest.mark.parametrize("wrong", [{"site": "nowhere"}, {"allow": ["all"]}, {"key": "k.pem"}])
def test_what_cannot_be_listened_with_is_said(north, wrong):
    with pytest.raises(CommandError):
        order_server({**OPTIONS, **wrong})
