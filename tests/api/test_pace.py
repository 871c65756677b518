"""One person's searches and uploads are counted by the minute; nobody can use up another's."""

from __future__ import annotations

import pytest
import time_machine

from screening.phantoms.headers import as_bytes
from tests.ingest.images import ct_series

pytestmark = pytest.mark.django_db
NOON, A_MINUTE_LATER = "2026-03-01T12:00:05Z", "2026-03-01T12:01:05Z"


@pytest.mark.parametrize("address", ["/dicomweb/studies", "/dicomweb/instances", "/api/studies/", "/api/worklist/"])
def test_searches_beyond_the_limit_wait_for_the_next_minute(client, reader, trainee, settings, address):
    settings.SEARCHES_PER_MINUTE = 2
    client.force_login(reader)
    with time_machine.travel(NOON, tick=False):
        assert [client.get(address).status_code in (200, 204) for _ in range(2)] == [True, True]
        refused = client.get(address)
        assert (refused.status_code, refused["Retry-After"]) == (429, "55")
        client.force_login(trainee)
        assert client.get(address).status_code in (200, 204)
    with time_machine.travel(A_MINUTE_LATER, tick=False):
        client.force_login(reader)
        assert client.get(address).status_code in (200, 204)


def test_uploads_beyond_the_limit_are_not_read(client, technologist, settings):
    settings.UPLOADS_PER_MINUTE = 1
    client.force_login(technologist)
    first, second = (as_bytes(dataset) for dataset in ct_series(2))
    with time_machine.travel(NOON, tick=False):
        assert client.post("/api/instances/", first, content_type="application/dicom").status_code == 201
        assert client.post("/api/instances/", second, content_type="application/dicom").status_code == 429
        assert client.post("/dicomweb/studies", second, content_type="multipart/related").status_code == 429
    settings.UPLOADS_PER_MINUTE = 0
    assert client.post("/api/instances/", second, content_type="application/dicom").status_code == 201
