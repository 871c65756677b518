"""Error pages say what happened in a sentence: JSON to programs, a page to people, no debug to anybody."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import reverse

from config import errors


def test_a_page_that_is_not_there_is_a_styled_page(db):
    answer = Client().get("/no-such-page/")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html") and "css/base.css" in answer.content.decode()


def test_under_api_the_answer_is_json(db):
    answer = Client().get("/api/no-such-page/")
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_who_accepts_json_alone_gets_json(db):
    answer = Client().get("/no-such-page/", headers={"Accept": "application/json"})
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_a_page_of_another_role_says_so(auditor):
    client = Client()
    client.force_login(auditor)
    answer = client.get(reverse("users"))
    assert answer.status_code == 403 and "Only administrators manage users." in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_words(reader):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 403 and "open for too long" in answer.content.decode()
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize(("path", "kind"), [("/worklist/", "text/html"), ("/api/worklist/", "application/json")])
def test_a_server_error_asks_nothing_of_the_database_and_tells_nothing(
    db, django_assert_num_queries, rf: RequestFactory, path, kind
):
    with django_assert_num_queries(0):
        answer = errors.server_error(rf.get(path))
    assert answer.status_code == 500 and answer["Content-Type"].startswith(kind)
    assert "Traceback" not in answer.content.decode()


def test_a_reason_in_the_exception_is_escaped(rf: RequestFactory):
    answer = errors.forbidden(rf.get("/x/"), PermissionDenied("<script>alert(1)</script>"))
    assert "<script>alert" not in answer.content.decode()
