from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent, Membership, Verb
from accounts.roles import Role
from screening.models import Instance, Study
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from tests.ingest.images import ct

pytestmark = pytest.mark.django_db
FIELDS = {"path", "result", "reason", "study_uid", "sop_uid"}


def post(client, data: bytes, query: str = ""):
    return client.post(f"/api/instances/{query}", data=data, content_type="application/dicom")


def test_an_image_is_stored_then_a_duplicate_then_a_conflict(client, technologist):
    client.force_login(technologist)
    dataset = ct()
    answer = post(client, as_bytes(dataset))
    assert (answer.status_code, set(answer.json())) == (201, FIELDS)
    assert answer.json()["sop_uid"] == dataset.SOPInstanceUID
    assert post(client, as_bytes(dataset)).status_code == 200
    dataset.InstanceNumber = 77
    answer = post(client, as_bytes(dataset))
    assert (answer.status_code, answer.json()["result"]) == (409, "rejected")


def test_what_is_no_image_is_rejected_with_its_reason(client, technologist):
    client.force_login(technologist)
    answer = post(client, b"not a picture")
    assert (answer.status_code, answer.json()["reason"]) == (422, "This is not a DICOM file.")
    assert (
        client.post(
            "/api/instances/", data=b"", content_type="application/dicom", CONTENT_TYPE="application/dicom"
        ).status_code
        == 422
    )


def test_a_file_over_the_limit_is_rejected(client, technologist, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    client.force_login(technologist)
    assert post(client, as_bytes(ct())).status_code == 422


def test_a_form_may_carry_the_file(client, technologist):
    client.force_login(technologist)
    file = SimpleUploadedFile("one.dcm", as_bytes(ct()))
    answer = client.post("/api/instances/", {"file": file})
    assert (answer.status_code, answer.json()["path"]) == (201, "one.dcm")
    assert client.post("/api/instances/", {"other": "x"}).status_code == 400


def test_only_who_may_upload_at_a_site_may_send_to_it(client, north, south, make_user, reader, technologist):
    data = as_bytes(ct())
    assert post(client, data).status_code in (401, 403)
    client.force_login(reader)
    assert post(client, data).status_code == 403
    client.force_login(technologist)
    assert post(client, data, "?site=south").status_code == 403
    assert post(client, data, "?site=nowhere").status_code == 403
    assert post(client, data, "?site=north").status_code == 201
    Membership.objects.create(user=technologist, site=south, role=Role.TECHNOLOGIST)
    assert post(client, data).status_code == 400
    assert post(client, data, "?site=south").status_code == 201
    assert Study.objects.filter(site=south).count() == 1


@pytest.fixture
def stored(north) -> tuple[Instance, bytes]:
    data = as_bytes(ct())
    ingest_instance(data=data, source="upload", site=north, actor=None)
    return Instance.objects.get(), data


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def get(client, stored, **headers):
    return client.get(f"/api/instances/{stored[0].sop_uid}/file/", headers=headers)


def test_the_bytes_come_back_as_they_were_received(client, reader, stored):
    client.force_login(reader)
    answer = get(client, stored, accept="multipart/related; type=application/octet-stream")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/dicom")
    assert body(answer) == stored[1]
    assert answer["ETag"] == f'"{stored[0].sha256}"'
    assert int(answer["Content-Length"]) == len(stored[1])
    assert "private" in answer["Cache-Control"]
    assert get(client, stored, if_none_match=answer["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=10-99999999", 10, None)],
)
def test_a_byte_range_is_answered_with_those_bytes(client, reader, stored, asked, start, end):
    client.force_login(reader)
    answer = get(client, stored, range=asked)
    part = body(answer)
    assert (answer.status_code, part) == (206, stored[1][start:end])
    size = len(stored[1])
    first = start if start >= 0 else size + start
    assert answer["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{size}"


def test_a_range_behind_the_end_cannot_be_answered(client, reader, stored):
    client.force_login(reader)
    for asked in ("bytes=99999999-", "bytes=-0"):
        answer = get(client, stored, range=asked)
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(stored[1])}")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-"])
def test_a_range_that_is_none_gives_the_whole(client, reader, stored, asked):
    client.force_login(reader)
    answer = get(client, stored, range=asked)
    assert (answer.status_code, body(answer)) == (200, stored[1])


def test_a_range_of_another_version_gives_the_whole(client, reader, stored):
    client.force_login(reader)
    answer = get(client, stored, range="bytes=0-9", if_range='"other"')
    assert (answer.status_code, len(body(answer))) == (200, len(stored[1]))


def test_another_sites_image_is_not_there_and_an_administrator_may_not_see_it(client, stranger, administrator, stored):
    assert get(client, stored).status_code in (401, 403)
    client.force_login(stranger)
    assert get(client, stored).status_code == 404
    client.force_login(administrator)
    assert get(client, stored).status_code == 403


def test_one_look_at_many_images_is_one_event(client, reader, stored):
    client.force_login(reader)
    for _ in range(3):
        body(get(client, stored))
    event = AuditEvent.objects.get(verb=Verb.IMAGES_VIEWED)
    assert (event.actor, event.object_id) == (reader, stored[0].series.study.study_uid)


def test_bytes_that_were_lost_are_told_as_missing(client, reader, stored):
    from screening.storage import storage

    storage()._path(stored[0].sha256).unlink()
    client.force_login(reader)
    assert get(client, stored).status_code == 404
