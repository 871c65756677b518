"""A body that no view would take is refused before it is read: not even a stranger can fill the disk with one."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

FORM = "multipart/form-data; boundary=x"


class NeverRead:
    """A body that must not be touched."""

    def __len__(self) -> int:
        return 1

    def read(self, *_args: object) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def post(client: Client, path: str, length: int):
    client.cookies["csrftoken"] = "a" * 32
    return client.generic(
        "POST", path, b"x", content_type=FORM, CONTENT_LENGTH=str(length), **{"wsgi.input": NeverRead()}
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["account_login", "upload-receive", "worklist-search"])
def test_a_stranger_cannot_send_much(settings, name):
    client = Client(enforce_csrf_checks=True)
    answer = post(client, reverse(name), settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    assert answer.status_code == 413
    assert "too large" in answer.json()["detail"]


def test_who_is_signed_in_sends_images_to_the_upload_only(settings, technologist):
    client = Client(enforce_csrf_checks=True)
    client.force_login(technologist)
    much = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    assert post(client, reverse("worklist-search"), much).status_code == 413
    with pytest.raises(AssertionError, match="was read"):
        post(client, reverse("upload-receive"), much)
    assert post(client, reverse("upload-receive"), settings.UPLOAD_MAX_BYTES * 2).status_code == 413


@pytest.mark.django_db
def test_a_length_that_is_no_number_counts_as_none(client):
    assert client.generic("POST", reverse("account_login"), b"", CONTENT_LENGTH="much").status_code == 200
