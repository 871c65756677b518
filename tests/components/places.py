"""Where the program can keep its data: a database and a broker of one test's own, gone afterwards."""

from __future__ import annotations

import atexit
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import amqp
import psycopg
import pytest
import redis

from config.jobs import QUEUES
from tests.servers import PostgreSQL, Redis, missing, running

HOST = "127.0.0.1"
RABBITMQ = 5672


@dataclass(frozen=True)
class Place:
    """env: what the program is told. rows: the answer of its database to a question without parameters."""

    env: dict[str, str]
    rows: Callable[[str], list[tuple[Any, ...]]]


def need(port: int, name: str) -> None:
    """Skip the test, saying so, where no server answers."""
    with closing(socket.socket()) as probe:
        probe.settimeout(2)
        if probe.connect_ex((HOST, port)) != 0:
            pytest.skip(f"no {name} server answers on {HOST}:{port}")


@contextmanager
def embedded(home: Path) -> Iterator[Place]:
    """The SQLite files of a data folder."""

    def rows(question: str) -> list[tuple[Any, ...]]:
        address = f"file:{home / 'firstread.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
            return database.execute(question).fetchall()

    yield Place({}, rows)


@cache
def own(make: type[PostgreSQL] | type[Redis]) -> Any:
    """This process's own server, started with the first test that needs it."""
    if lacking := missing():
        pytest.skip(lacking)
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(running(make))


@contextmanager
def postgresql() -> Iterator[Place]:
    server = own(PostgreSQL)
    name = server.create()

    def rows(question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(server.url(name), connect_timeout=5) as database:
            return database.execute(question).fetchall()  # type: ignore[arg-type]

    try:
        yield Place({"DATABASE_URL": server.url(name)}, rows)
    finally:
        server.drop(name)


@contextmanager
def redis_broker() -> Iterator[str]:
    """The URL of a broker that is empty before and afterwards."""
    server = own(Redis)
    try:
        yield server.url()
    finally:
        with closing(redis.Redis.from_url(server.url(), socket_timeout=5)) as link:
            link.flushdb()


def _is_there(link: amqp.Connection, queue: str) -> bool:
    channel = link.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except amqp.exceptions.NotFound:
        return False
    channel.close()
    return True


@contextmanager
def rabbitmq_broker() -> Iterator[str]:
    """The URL of a broker that had none of our queues, and has none at the end."""
    need(RABBITMQ, "RabbitMQ")
    with amqp.Connection(f"{HOST}:{RABBITMQ}", userid="guest", password="guest", connect_timeout=5) as link:
        if any(_is_there(link, queue) for queue in QUEUES):
            pytest.skip(f"the RabbitMQ server on {HOST}:{RABBITMQ} holds queues of another Firstread")
    try:
        yield f"amqp://guest:guest@{HOST}:{RABBITMQ}//"
    finally:
        with amqp.Connection(f"{HOST}:{RABBITMQ}", userid="guest", password="guest", connect_timeout=5) as link:
            channel = link.channel()
            for queue in QUEUES:
                channel.queue_delete(queue)
                channel.exchange_delete(queue)


@contextmanager
def place(kind: str, home: Path) -> Iterator[Place]:
    """kind: "embedded", or "PostgreSQL and Redis", or "PostgreSQL and RabbitMQ"."""
    if kind == "embedded":
        with embedded(home) as found:
            yield found
        return
    brokers = {"PostgreSQL and Redis": redis_broker, "PostgreSQL and RabbitMQ": rabbitmq_broker}
    with postgresql() as found, brokers[kind]() as url:
        yield Place({**found.env, "CELERY_BROKER_URL": url}, found.rows)
