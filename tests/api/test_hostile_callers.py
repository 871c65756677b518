"""The whole interface as each role, asked with another site's ids: no fault, no answer that is not described, nothing
of the other site."""

from __future__ import annotations

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from screening.models import Study
from screening.selectors import doors
from tests.api.hostile_caller import crawl, described, make_world, operations

# The caller reads an answer to its end and leaves it to be closed by whoever clears up.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
PEOPLE = ("nobody", "reader", "trainee", "technologist", "administrator", "auditor")
EXAMPLES = 8


@pytest.fixture(scope="module")
def schema():
    return described()


@pytest.fixture(autouse=True)
def one_connection():
    """A server ends old connections around each request; this one is the test's own."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def world(north, south, own_storage):
    return make_world(north, south)


@pytest.fixture
def caller(request):
    def sign_in(who: str) -> Client:
        client = Client()
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        return client

    return sign_in


def test_dicomweb_is_described_too(schema):
    paths = {operation.path for operation in operations(schema)}
    assert "/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames/{frames}" in paths
    assert len([path for path in paths if path.startswith("/api/")]) > 5


@pytest.mark.parametrize("who", PEOPLE)
def test_every_address_answers_as_described_and_tells_nothing_of_another_site(world, caller, schema, who):
    statuses = crawl(world, caller(who), schema, examples=EXAMPLES)
    if who == "nobody":  # some with a token that is none, which stops an address after a while
        assert set(statuses) <= {400, 401, 403, 404, 406, 429}
    else:
        # With nothing but refusals the answers would have had nothing to tell.
        assert statuses[404] > 60, statuses
        assert statuses[200] > 15 or who in ("administrator", "auditor"), statuses


@pytest.mark.soak
@pytest.mark.parametrize("who", PEOPLE)
def test_a_hundred_times_as_each_role(world, caller, schema, who):
    crawl(world, caller(who), schema, examples=100)


@pytest.mark.parametrize(
    ("address", "told"), [("/api/studies/{study_uid}/", "QZNAME"), ("/dicomweb/studies/{study_uid}/metadata", "QZNAME")]
)
def test_a_door_that_stands_open_would_be_found(world, caller, schema, monkeypatch, address, told):
    """A test of the test: with a door that asks for no site, the other site's patient must be noticed."""
    monkeypatch.setattr(doors, "visible_studies", lambda user: Study.objects.select_related("site", "patient"))
    monkeypatch.setattr(doors, "can", lambda *asked: True)
    with pytest.raises(AssertionError, match=told):
        crawl(world, caller("reader"), schema, examples=20, only=address)
