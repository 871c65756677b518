"""Sessions end by themselves, on the server: after a while without work, and after so long in any case."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import AuditEvent, Verb
from accounts.selectors import sessions_of
from accounts.sessions import BACKGROUND
from tests.conftest import PASSWORD
from tests.test_permissions import url_names

NOW = 1_800_000_000
MINUTE = 60


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def signed_in(reader) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


@pytest.mark.parametrize(("minutes", "still"), [(59, True), (60, False)])
def test_a_session_without_work_ends_after_an_hour(signed_in, frozen, minutes, still):
    frozen.shift(minutes * MINUTE)
    assert is_in(signed_in) is still


def test_work_keeps_a_session_until_its_twelve_hours_are_over(signed_in, frozen):
    for _ in range(23):
        frozen.shift(30 * MINUTE)
        assert is_in(signed_in)
    frozen.shift(30 * MINUTE - 1)
    assert is_in(signed_in)
    frozen.shift(1)
    assert not is_in(signed_in)


@pytest.mark.parametrize("name", ["worklist-rows", "worklist-search"])
def test_an_open_list_that_asks_for_news_keeps_nobody_signed_in(signed_in, frozen, name):
    for _ in range(4):
        frozen.shift(20 * MINUTE)
        if name == "worklist-rows":
            answer = signed_in.get(reverse(name))
        else:
            answer = signed_in.post(reverse(name), {"text": "Somebody", "refresh": "1"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_search_by_hand_is_work(signed_in, frozen):
    for _ in range(4):
        frozen.shift(20 * MINUTE)
        assert signed_in.post(reverse("worklist-search"), {"text": "Somebody"}).status_code == 200


def test_what_pages_ask_of_themselves_has_addresses_that_exist():
    assert BACKGROUND - url_names(get_resolver().url_patterns) == set()


@pytest.mark.parametrize(
    ("idle", "limit", "words"), [(3600, "idle", "60 minutes without work"), (10**6, "absolute", "12 hours")]
)
def test_the_page_to_sign_in_says_why_and_the_trail_too(signed_in, reader, frozen, settings, idle, limit, words):
    settings.SESSION_IDLE_SECONDS = idle
    frozen.shift(12 * 3600 if limit == "absolute" else idle)
    answer = signed_in.get(reverse("preferences"))
    assert answer["Location"] == "/accounts/login/?next=/accounts/preferences/"
    for _ in range(2):
        assert words in signed_in.get(answer["Location"]).content.decode()
    signed_in.force_login(reader)
    assert signed_in.get(reverse("preferences")).cookies["session_ended"]["max-age"] == 0
    event = AuditEvent.objects.get(verb=Verb.SESSION_LAPSED)
    assert (event.actor, event.detail) == (reader, {"limit": limit})


def test_a_script_is_told_that_the_session_is_over(signed_in, frozen):
    frozen.shift(61 * MINUTE)
    for _ in range(2):
        answer = signed_in.get(reverse("preferences"), headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["sign_in"]) == (401, "/accounts/login/")
    assert "60 minutes without work" in signed_in.get("/accounts/login/").content.decode()


def test_a_session_that_says_not_when_it_began_is_over(signed_in):
    session = signed_in.session
    del session["signed_in_at"]
    session.save()
    assert not is_in(signed_in)


def test_the_limits_are_the_installations(signed_in, frozen, settings):
    settings.SESSION_IDLE_SECONDS = 300
    frozen.shift(301)
    assert not is_in(signed_in)


def test_the_administrators_list_shows_no_session_that_is_over_and_when_one_ends(signed_in, reader, frozen):
    frozen.shift(30 * MINUTE)
    assert is_in(signed_in)
    assert [each.until.timestamp() for each in sessions_of(reader)] == [NOW + 12 * 3600]
    frozen.shift(60 * MINUTE)
    assert sessions_of(reader) == []


def test_a_session_is_not_written_at_every_request(signed_in, frozen):
    frozen.shift(59)
    before = signed_in.session["seen_at"]
    assert is_in(signed_in) and signed_in.session["seen_at"] == before
    frozen.shift(1)
    assert is_in(signed_in) and signed_in.session["seen_at"] == NOW + 60


def test_after_signing_in_again_one_is_where_one_was(reader):
    client = Client()
    answer = client.post("/accounts/login/?next=/accounts/preferences/", {"login": "reader", "password": PASSWORD})
    assert answer["Location"] == "/accounts/preferences/"
