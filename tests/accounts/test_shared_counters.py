"""Tries that failed count in all web processes together, where there is no Redis too."""

from __future__ import annotations

import threading

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Counter
from accounts.shared_cache import DatabaseCounters
from tests.conftest import PASSWORD

NOW = 1_800_000_000


@pytest.fixture
def in_the_database(settings):
    settings.CACHES = {"default": {"BACKEND": "accounts.shared_cache.DatabaseCounters"}}


def process() -> DatabaseCounters:
    """What another web process would have: nothing of this one's memory."""
    return DatabaseCounters("", {})


def test_what_one_process_writes_another_reads(db):
    process().set("key", [1, 2.5], timeout=60)
    assert process().get("key") == [1, 2.5]
    assert process().has_key("key") and process().delete("key")
    assert process().get("key", "none") == "none"


def test_only_one_process_adds_and_all_count(db):
    assert (process().add("key", 0, timeout=60), process().add("key", 7, timeout=60)) == (True, False)
    assert [process().incr("key") for _ in range(3)] == [1, 2, 3]


def test_what_is_over_is_forgotten(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        process().set("key", 1, timeout=60)
        traveller.shift(59)
        assert process().get("key") == 1
        traveller.shift(1)
        assert process().get("key") is None and not process().touch("key", 60)
        with pytest.raises(ValueError, match="no such counter"):
            process().incr("key")
        assert process().add("key", 2, timeout=None)
        traveller.shift(10**6)
        assert process().get("key") == 2
        assert Counter.objects.count() == 1


def test_keys_tell_nothing(db):
    process().set("10.0.0.1", 1)
    assert "10.0.0.1" not in Counter.objects.get().key


@pytest.mark.django_db(transaction=True)
def test_none_is_lost_when_many_count_at_once():
    process().add("key", 0, timeout=None)
    failed: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(10):
                process().incr("key")
        except BaseException as error:  # noqa: BLE001  told by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, process().get("key")) == ([], 40)


def sign_in(password: str, address: str) -> int:
    for each in caches.all(initialized_only=True):
        assert isinstance(each, DatabaseCounters)
    client = Client(REMOTE_ADDR=address)
    return client.post(reverse("account_login"), {"login": "reader", "password": password}).status_code


def test_guesses_count_together_and_lock_nobody_out_elsewhere(in_the_database, settings, reader):
    settings.ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip,5/300s/key"}
    for _ in range(5):
        sign_in("wrong", "10.0.0.1")
    assert sign_in(PASSWORD, "10.0.0.1") == 200
    assert sign_in(PASSWORD, "10.0.0.2") == 302
