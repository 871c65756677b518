from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Role
from screening.models import IngestProblem, Instance
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from tests.ingest.images import ct, ct_series

pytestmark = pytest.mark.django_db


def send(client, files: list[tuple[str, bytes]], site: str = "north"):
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(reverse("upload-receive"), {"site": site, "files": uploads})


def test_a_batch_is_answered_file_by_file(client, technologist):
    client.force_login(technologist)
    first, second = (as_bytes(dataset) for dataset in ct_series(2))
    answer = send(client, [("a.dcm", first), ("notes.txt", b"hello"), ("b.dcm", second), ("a2.dcm", first)])
    results = answer.json()["results"]
    assert [result["file"] for result in results] == [0, 1, 2, 3]
    assert [result["result"] for result in results] == ["stored", "rejected", "stored", "duplicate"]
    assert results[1]["reason"] == "This is not a DICOM file."


def test_an_archive_is_unpacked(client, technologist):
    client.force_login(technologist)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, dataset in enumerate(ct_series(2)):
            archive.writestr(f"{number}.dcm", as_bytes(dataset))
    results = send(client, [("study.zip", buffer.getvalue())]).json()["results"]
    assert [(r["file"], r["path"], r["result"]) for r in results] == [
        (0, "study.zip/0.dcm", "stored"),
        (0, "study.zip/1.dcm", "stored"),
    ]


def test_who_may_not_upload_there_is_refused(client, south, reader, technologist):
    data = [("a.dcm", as_bytes(ct()))]
    assert send(client, data).status_code == 302
    client.force_login(reader)
    assert send(client, data).status_code == 403
    client.force_login(technologist)
    assert send(client, data, "south").status_code == 403
    assert send(client, data, "nowhere").status_code == 403
    assert not Instance.objects.exists()


def test_the_site_need_be_named_only_by_who_has_several(client, south, technologist):
    client.force_login(technologist)
    assert send(client, [("a.dcm", as_bytes(ct()))], "").json()["results"][0]["result"] == "stored"
    Membership.objects.create(user=technologist, site=south, role=Role.TECHNOLOGIST)
    assert send(client, [("a.dcm", as_bytes(ct()))], "").status_code == 403


def test_no_file_and_too_much_at_once_are_told(client, technologist, settings):
    client.force_login(technologist)
    assert client.post(reverse("upload-receive"), {"site": "north"}).status_code == 400
    settings.UPLOAD_MAX_BYTES = 10
    assert send(client, [("a", b"x" * (2 << 20))]).status_code == 413
    assert client.get(reverse("upload-receive")).status_code == 405


def test_the_page_lists_the_problems_of_the_users_site_only(client, north, south, technologist):
    ingest_instance(data=b"x", source="upload", site=north, actor=technologist)
    ingest_instance(data=b"", source="upload", site=south, actor=None)
    client.force_login(technologist)
    page = client.get(reverse("upload")).content.decode()
    assert "This is not a DICOM file." in page
    assert "The file is empty." not in page
    assert 'name="site" value="north"' in page
    assert IngestProblem.objects.count() == 2


def test_an_administrator_sees_problems_but_no_place_to_drop_files(client, north, administrator, reader):
    client.force_login(administrator)
    page = client.get(reverse("upload"))
    assert page.status_code == 200
    assert "data-dropzone" not in page.content.decode()
    client.force_login(reader)
    assert client.get(reverse("upload")).status_code == 403


def test_hostile_file_names_come_back_as_text(client, technologist):
    client.force_login(technologist)
    answer = send(client, [("<img src=x>\u202e.dcm", b"x")])
    assert answer["Content-Type"] == "application/json"
    assert "\u202e" not in answer.content.decode()
