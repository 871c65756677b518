from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.roles import Role
from accounts.services import command_token
from screening.models import IngestProblem, Instance, Study
from screening.phantoms.headers import as_bytes
from tests.dicomweb.conftest import related, values
from tests.ingest.images import ct, ct_series

pytestmark = pytest.mark.django_db


def post(client, files: list[bytes], path: str = "/dicomweb/studies", **kind):
    data, content_type = related(files, **kind)
    return client.post(path, data=data, content_type=content_type)


@pytest.fixture
def sender(client, technologist):
    client.force_login(technologist)
    return client


def test_every_part_is_stored_and_named_in_the_answer(sender):
    datasets = ct_series(3)
    answer = post(sender, [as_bytes(dataset) for dataset in datasets])
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/dicom+json")
    stored = values(answer.json(), "00081199")
    assert [values(item, "00081155")[0] for item in stored] == [dataset.SOPInstanceUID for dataset in datasets]
    assert values(stored[0], "00081150") == [datasets[0].SOPClassUID]
    assert values(answer.json(), "00081190")[0].endswith(f"/dicomweb/studies/{datasets[0].StudyInstanceUID}")
    assert "00081198" not in answer.json()
    assert set(Instance.objects.values_list("source", flat=True)) == {"dicomweb"}
    assert sender.get(values(stored[0], "00081190")[0]).status_code == 200


def test_the_same_images_again_are_no_failure(sender):
    data = as_bytes(ct())
    assert post(sender, [data]).status_code == post(sender, [data]).status_code == 200
    assert Instance.objects.count() == 1


def test_what_failed_is_told_from_what_was_stored(sender):
    good, clash = ct_series(2)
    post(sender, [as_bytes(clash)])
    clash.InstanceNumber = 99
    answer = post(sender, [as_bytes(good), as_bytes(clash), b"not dicom"])
    assert answer.status_code == 202
    (stored,) = values(answer.json(), "00081199")
    assert values(stored, "00081155") == [good.SOPInstanceUID]
    (failed,) = values(answer.json(), "00081198")
    assert values(failed, "00081155") == [clash.SOPInstanceUID]
    assert values(failed, "00081150") == [clash.SOPClassUID]
    assert values(failed, "00081197") == [0x0111]
    (unknown,) = values(answer.json(), "0008119A")
    assert values(unknown, "00081197") == [0xC000]


def test_a_request_of_which_nothing_could_be_taken_is_a_conflict(sender):
    answer = post(sender, [b"not dicom", b""])
    assert answer.status_code == 409
    assert len(values(answer.json(), "0008119A")) == 2
    assert IngestProblem.objects.filter(source="dicomweb").count() == 2


def test_an_address_of_one_study_takes_images_of_that_study_only(sender):
    dataset = ct()
    answer = post(sender, [as_bytes(dataset)], "/dicomweb/studies/1.2.3")
    assert answer.status_code == 409
    assert values(values(answer.json(), "00081198")[0], "00081197") == [0xA900]
    assert not Study.objects.exists()
    assert IngestProblem.objects.get().code == "study_mismatch"
    assert post(sender, [as_bytes(dataset)], f"/dicomweb/studies/{dataset.StudyInstanceUID}").status_code == 200


def test_a_part_over_the_limit_is_refused_and_the_next_is_taken(sender, settings):
    small, large = as_bytes(ct(key="small")), as_bytes(ct(key="large", side=256))
    settings.UPLOAD_MAX_BYTES = len(small) + 100
    answer = post(sender, [large, small])
    assert answer.status_code == 202
    assert values(values(answer.json(), "0008119A")[0], "00081197") == [0xA700]
    assert Instance.objects.count() == 1


def test_a_body_that_ends_early_keeps_what_came_whole_and_says_so(sender):
    files = [as_bytes(dataset) for dataset in ct_series(2)]
    data, content_type = related(files)
    answer = sender.post("/dicomweb/studies", data=data[:-500], content_type=content_type)
    assert answer.status_code == 202
    assert len(values(answer.json(), "00081199")) == len(values(answer.json(), "0008119A")) == 1
    assert Instance.objects.count() == 1


@pytest.mark.parametrize(
    ("content_type", "data", "status"),
    [
        ("application/dicom", b"x", 415),
        ('multipart/related; type="application/dicom+json"; boundary=b', b"x", 415),
        ('multipart/related; type="application/dicom"', b"x", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"nothing", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"--b--\r\n", 400),
    ],
)
def test_a_request_that_is_no_multipart_of_images_is_refused(sender, content_type, data, status):
    answer = sender.post("/dicomweb/studies", data=data, content_type=content_type)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


def test_only_who_may_upload_at_a_site_may_store_there(client, reader, technologist, south):
    files = [as_bytes(ct())]
    assert post(client, files).status_code in (401, 403)
    client.force_login(reader)
    assert post(client, files).status_code == 403
    client.force_login(technologist)
    assert post(client, files, "/dicomweb/studies?site=south").status_code == 403
    Membership.objects.create(user=technologist, site=south, role=Role.TECHNOLOGIST)
    assert post(client, files).status_code == 400
    assert post(client, files, "/dicomweb/studies?site=south").status_code == 200
    assert set(Study.objects.values_list("site__slug", flat=True)) == {"south"}


def test_a_token_needs_no_csrf_and_a_session_does(technologist):
    data, content_type = related([as_bytes(ct())])
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(technologist)
    assert careful.post("/dicomweb/studies", data=data, content_type=content_type).status_code == 403
    key = command_token(user=technologist)
    program = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {key}"})
    assert program.post("/dicomweb/studies", data=data, content_type=content_type).status_code == 200
