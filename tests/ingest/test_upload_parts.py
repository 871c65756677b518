"""A large upload waits on the disk encrypted, and is read as it was sent."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.storage_keys import new_key, read_keys
from screening.storage_sealed import CHUNK, Sealed, Writer
from tests.ingest.images import ct_series

NAME = "0" * 64


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
@pytest.mark.parametrize("step", [777, CHUNK, 5 * CHUNK])
def test_what_comes_bit_by_bit_is_read_whole(tmp_path, length, step):
    data, ring = random.Random(length).randbytes(length), read_keys(new_key())
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        writer = Writer(file, NAME, ring)
        for start in range(0, length, step):
            writer.write(data[start : start + step])
        writer.finish()
        with Sealed(file, NAME, ring, lambda _words: None) as stream:
            assert stream.readall() == data


@pytest.mark.django_db
def test_a_large_archive_is_taken_in_and_its_bytes_never_lay_on_the_disk(client, technologist, monkeypatch, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    written: list[bytes] = []
    real = Writer._chunk

    def seen(self, *, last):
        before = self._stream.tell()
        real(self, last=last)
        self._stream.seek(before)
        written.append(self._stream.read())

    monkeypatch.setattr(Writer, "_chunk", seen)
    files = [as_bytes(dataset) for dataset in ct_series(3, side=128)]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for number, data in enumerate(files):
            opened.writestr(f"{number}.dcm", data)
    client.force_login(technologist)
    sent = SimpleUploadedFile("ct.zip", archive.getvalue())
    answer = client.post(reverse("upload-receive"), {"files": [sent], "site": "north"})
    assert [one["result"] for one in answer.json()["results"]] == ["stored"] * 3
    assert Instance.objects.count() == 3
    lay = b"".join(written)
    assert len(lay) > len(archive.getvalue())
    assert b"DICM" not in lay and b"PK\x03\x04" not in lay


@pytest.mark.django_db
def test_an_upload_that_breaks_off_leaves_nothing(client, technologist, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.force_login(technologist)
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.dcm"\r\n\r\n' + b"y" * 200_000
    answer = client.post(reverse("upload-receive"), body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (200, 400, 403)
    assert not Instance.objects.exists()
