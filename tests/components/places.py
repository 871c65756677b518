"""Where the program can keep its data: a database and a broker of one test's own, gone afterwards."""

from __future__ import annotations

import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amqp
import psycopg
import pytest
import redis
from psycopg import sql

from config.jobs import QUEUES

HOST = "127.0.0.1"
POSTGRESQL, REDIS, RABBITMQ = 5432, 6379, 5672
REDIS_DATABASES = range(15, 0, -1)


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


@contextmanager
def postgresql() -> Iterator[Place]:
    need(POSTGRESQL, "PostgreSQL")
    server = f"postgresql://postgres@{HOST}:{POSTGRESQL}"
    name = f"firstread_{secrets.token_hex(6)}"
    try:
        admin = psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        pytest.skip(f"the PostgreSQL server on {HOST}:{POSTGRESQL} does not let the user postgres in")

    def rows(question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(f"{server}/{name}", connect_timeout=5) as database:
            return database.execute(question).fetchall()  # type: ignore[arg-type]

    with admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield Place({"DATABASE_URL": f"{server}/{name}"}, rows)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def redis_broker() -> Iterator[str]:
    """The URL of a numbered database that was empty, marked as taken, and is emptied at the end."""
    need(REDIS, "Redis")
    for number in REDIS_DATABASES:
        with closing(redis.Redis(HOST, REDIS, db=number, socket_timeout=5)) as server:
            if server.dbsize() or not server.set("firstread-test", "taken", nx=True):
                continue
            try:
                yield f"redis://{HOST}:{REDIS}/{number}"
            finally:
                server.flushdb()
            return
    pytest.skip(f"no database of the Redis server on {HOST}:{REDIS} is empty")


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
