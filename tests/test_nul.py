"""The character NUL, which PostgreSQL takes in no text: a request with it is refused in a sentence, not by a fault."""

from __future__ import annotations

import pytest
from django.db import DataError, connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from config.limits import NulMiddleware

ADDRESSES = (
    "/studies/1.2%00/",
    "/studies/1.2/?site=north%00",
    "/worklist/?text=a%00",
    "/api/studies/1.2%00/",
    "/api/studies/?site=north%00",
    "/dicomweb/studies/1.2%00/metadata",
    "/dicomweb/studies?PatientID=%00",
    "/accounts/login/?next=%00",
)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_with_a_nul_is_refused_before_anything_is_looked_up(
    client, reader, address, method, django_assert_num_queries
):
    client.force_login(reader)
    with django_assert_num_queries(0):
        answer = client.generic(method, *address.split("?")[:1], QUERY_STRING="".join(address.split("?")[1:]))
    assert answer.status_code == 400
    assert "NUL" in answer.content.decode()
    assert answer["Content-Type"].startswith("application/json") == address.startswith(("/api/", "/dicomweb/"))


@pytest.mark.django_db
def test_a_session_named_with_a_nul_is_refused(client):
    client.cookies["sessionid"] = "\0" * 32
    assert client.get(reverse("worklist")).status_code == 400


def test_a_field_with_a_nul_changes_nothing_and_is_no_fault(client, reader, make_study, north):
    """SQLite looks for such a text and finds nothing."""
    study = make_study(north, status="TO_READ")
    client.force_login(reader)
    answer = client.post(reverse("study-claim", args=[study.study_uid]), {"site": "north\0"})
    assert answer.status_code == (400 if connection.vendor == "postgresql" else 404)
    assert study.readings.count() == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("PostgreSQL text fields cannot contain NUL (0x00) bytes", 400),
        ("unsupported Unicode escape sequence\nDETAIL:  \\u0000 cannot be converted to text.", 400),
        ("value too long for type character varying(64)", None),
    ],
)
def test_only_the_refusal_of_a_nul_is_the_senders_fault(words, status):
    middleware = NulMiddleware(lambda _request: HttpResponse())
    answer = middleware.process_exception(RequestFactory().post("/api/studies/"), DataError(words))
    assert (answer and answer.status_code) == status
