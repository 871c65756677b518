"""While the database or Redis is away, people and programs are told so, and what can go on does."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse

from config.cache import SharedCache
from tests.servers import Redis, free_port, missing, running

WORDS = "What was saved is kept"


def ask(monkeypatch, reader, error: Exception, **headers: str):
    def broken(*_args, **_named):
        raise error

    monkeypatch.setattr("screening.views.worklist.worklist_page", broken)
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    return client.get(reverse("worklist"), headers=headers)


@pytest.mark.parametrize("error", [OperationalError("secret"), InterfaceError("secret")])
def test_a_page_without_its_database_is_worth_another_try(monkeypatch, reader, error):
    answer = ask(monkeypatch, reader, error)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert WORDS in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_a_program_is_told_the_same_as_json(monkeypatch, reader):
    answer = ask(monkeypatch, reader, OperationalError("secret"), Accept="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert WORDS in answer.json()["detail"]


@pytest.mark.parametrize("error", [DatabaseError("secret"), ValueError("secret")])
def test_any_other_error_is_none_that_passes(monkeypatch, reader, error):
    answer = ask(monkeypatch, reader, error)
    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers


@pytest.fixture
def away() -> SharedCache:
    return SharedCache(f"redis://127.0.0.1:{free_port()}/0", {})


def test_counters_go_on_in_this_process_while_redis_is_away(away):
    assert away.get("failures", 0) == 0
    assert away.add("failures", 0, timeout=60)
    assert [away.incr("failures") for _ in range(2)] == [1, 2]
    assert away.has_key("failures")
    assert away.touch("failures", 60)
    assert away.delete("failures")
    away.set("failures", 5, 60)
    away.clear()
    assert away.get("failures") is None


def test_what_redis_is_told_wrong_is_still_an_error():
    if lacking := missing():
        pytest.skip(lacking)
    with running(Redis) as server:
        cache = SharedCache(server.url(), {})
        with pytest.raises(ValueError, match="not found"):
            cache.incr("never-added")


def test_processes_share_their_counters_and_come_back_to_redis_after_an_outage():
    if lacking := missing():
        pytest.skip(lacking)
    with running(Redis, durable=True) as server:
        one, other = (SharedCache(server.url(), {}) for _ in range(2))
        one.set("failures", 1, 600)
        assert other.incr("failures") == 2
        server.kill()
        assert one.get("failures") is None
        server.start()
        assert (one.get("failures"), other.get("failures")) == (2, 2)
