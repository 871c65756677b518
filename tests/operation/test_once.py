"""What a page asks twice is asked once, and never longer than the page: a right that is taken is gone with the next."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, Site
from accounts.roles import Action, can
from config.once import OnceMiddleware, once


def answered(method: str, view):
    return OnceMiddleware(lambda request: HttpResponse(view()))(getattr(RequestFactory(), method)("/"))


@pytest.mark.parametrize(("method", "asked"), [("get", 1), ("head", 1), ("post", 3), ("put", 3), ("delete", 3)])
def test_only_requests_that_read_remember(db, method, asked):
    calls = []

    def view():
        for _ in range(3):
            once("key", lambda: calls.append(1))
        return ""

    answered(method, view)
    assert len(calls) == asked


def test_outside_a_request_every_call_asks(db):
    numbers = iter(range(3))
    assert [once("key", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_no_request_knows_what_another_asked(db):
    numbers = iter(range(3))
    assert [answered("get", lambda: once("key", lambda: next(numbers))).content for _ in range(2)] == [b"0", b"1"]


def test_an_error_leaves_nothing_behind(db):
    def broken():
        once("key", lambda: 1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answered("get", broken)
    assert once("key", lambda: 2) == 2


def test_what_is_written_makes_the_page_ask_again(reader, north):
    def view():
        before = can(reader, Action.CLAIM_STUDY, north)
        Membership.objects.filter(user=reader).delete()
        return f"{before} {can(reader, Action.CLAIM_STUDY, north)}"

    assert answered("get", view).content == b"True False"


def test_rights_at_one_site_are_none_at_another(reader, north, south):
    def view():
        return f"{can(reader, Action.CLAIM_STUDY, north)} {can(reader, Action.CLAIM_STUDY, south)}"

    assert answered("get", view).content == b"True False"


def test_a_right_that_is_taken_is_gone_with_the_next_page(client, reader):
    client.force_login(reader)
    assert client.get(reverse("worklist")).status_code == 200
    Site.objects.update(is_active=False)
    assert client.get(reverse("worklist")).status_code == 403


def test_all_rights_of_a_page_are_one_question(reader, north):
    def view():
        with CaptureQueriesContext(connection) as asked:
            found = [can(reader, action, north) for action in Action]
        return f"{len(asked)} {any(found)} {all(found)}"

    assert answered("get", view).content == b"1 True False"
