from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRBigEndian

from accounts.models import AuditEvent, Verb
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from screening.storage import storage
from tests.dicomweb.conftest import as_json, body, parts, values
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, encoded

pytestmark = pytest.mark.django_db


def accept(text: str) -> dict:
    return {"headers": {"Accept": text}}


@pytest.fixture
def signed_in(client, reader):
    client.force_login(reader)
    return client


def test_a_study_and_a_series_come_as_the_bytes_that_were_sent(signed_in, sent):
    for url in (sent.url, sent.series_url):
        answer = signed_in.get(url, **accept('multipart/related; type="application/dicom"'))
        assert answer.status_code == 200 and answer.streaming
        found = parts(answer)
        assert [data for _type, data in found] == sent.files
        assert {kind.name for kind, _data in found} == {"application/dicom"}
        assert {kind.transfer_syntax for kind, _data in found} == {"1.2.840.10008.1.2.1"}


def test_one_image_comes_alone_only_when_asked_for_alone(signed_in, sent):
    answer = signed_in.get(sent.image_url, **accept("application/dicom"))
    assert answer["Content-Type"].startswith("application/dicom;")
    assert body(answer) == sent.files[0]
    assert [data for _type, data in parts(signed_in.get(sent.image_url))] == sent.files[:1]
    assert signed_in.get(sent.series_url, **accept("application/dicom")).status_code == 406


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ('multipart/related; type="application/dicom"; transfer-syntax=*', 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1', 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 406),
        ('multipart/related; type="application/dicom"; q=0, image/jpeg', 406),
        ("image/jpeg, */*;q=0.1", 200),
        ("text/html", 406),
    ],
)
def test_what_cannot_be_given_as_asked_is_said_so(signed_in, sent, asked, status):
    answer = signed_in.get(sent.image_url, **accept(asked))
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["detail"].endswith(".")
    else:
        body(answer)


def test_metadata_is_the_header_without_bulk_data(signed_in, sent):
    answer = signed_in.get(f"{sent.url}/metadata")
    assert answer["Content-Type"] == "application/dicom+json"
    found = as_json(answer)
    assert [values(image, "00080018")[0] for image in found] == sent.images
    first = sent.datasets[0]
    assert values(found[0], "00200032") == [float(value) for value in first.ImagePositionPatient]
    assert values(found[0], "00280010") == [first.Rows]
    assert "7FE00010" not in found[0]
    assert len(as_json(signed_in.get(f"{sent.image_url}/metadata"))) == 1


def test_a_header_with_impossible_values_is_still_valid_json(signed_in, north):
    dataset = ct()
    dataset.add_new(0x00091010, "OB", b"\x00" * 64)
    dataset.add_new(0x00189073, "FD", float("nan"))
    dataset.PatientComments = "\x1b[31m</script>\u202e"
    data = as_bytes(dataset)
    assert ingest_instance(data=data, source="upload", site=north, actor=None).result == "stored"
    (found,) = as_json(signed_in.get(f"/dicomweb/studies/{dataset.StudyInstanceUID}/metadata"))
    assert "00091010" not in found
    assert found["00189073"]["Value"] == [None]


def test_an_unreadable_header_still_names_its_image(signed_in, north, make_study):
    study = make_study(north, images=1)
    study.series.get().instances.update(sha256=storage().put(b"not dicom"))
    (found,) = as_json(signed_in.get(f"/dicomweb/studies/{study.study_uid}/metadata"))
    assert values(found, "00080018") == [f"{study.study_uid}.1.1"]


@pytest.mark.parametrize("syntax", COMPRESSED + UNCOMPRESSED[:2])
def test_a_frame_is_the_stored_bytes_under_their_right_name(signed_in, north, syntax):
    data = encoded(ct(), syntax)
    dataset = dcmread(io.BytesIO(data))
    assert ingest_instance(data=data, source="upload", site=north, actor=None).result == "stored"
    url = (
        f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}/frames/1"
    )
    ((kind, frame),) = parts(signed_in.get(url))
    if syntax in UNCOMPRESSED:
        assert kind.name == "application/octet-stream"
        assert frame == dataset.PixelData
        return
    assert kind.name in {"image/dicom-rle", "image/jls", "image/jp2", "image/jpeg"}
    assert kind.transfer_syntax == syntax
    assert frame == next(generate_frames(dataset.PixelData, number_of_frames=1))
    assert body(signed_in.get(url, **accept(kind.name))) == frame
    octets = 'multipart/related; type="application/octet-stream"'
    ((kind, plain),) = parts(signed_in.get(url, **accept(octets)))
    assert (kind.name, kind.transfer_syntax) == ("application/octet-stream", "1.2.840.10008.1.2.1")
    assert len(plain) == dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
    ((kind, again),) = parts(signed_in.get(url, **accept(f"{octets}; transfer-syntax=*")))
    assert (kind.name, kind.transfer_syntax, again) == ("application/octet-stream", syntax, frame)


@pytest.fixture(params=["plain", "RLE"])
def film(request, north):
    """An image of four frames, and the bytes of each."""
    dataset = ct()
    frames = np.random.default_rng(7).integers(0, 4000, size=(4, 32, 32)).astype("<u2")
    dataset.NumberOfFrames = 4
    dataset.PixelData = frames.tobytes()
    expected = [frame.tobytes() for frame in frames]
    if request.param == "RLE":
        dataset = dcmread(io.BytesIO(as_bytes(dataset)))
        dataset.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
        expected = list(generate_frames(dataset.PixelData, number_of_frames=4))
    assert ingest_instance(data=as_bytes(dataset), source="upload", site=north, actor=None).result == "stored"
    url = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    return f"{url}/instances/{dataset.SOPInstanceUID}/frames/", expected


def test_a_frame_may_be_kept_by_its_reader_and_is_not_sent_twice(signed_in, film):
    url, frames = film
    first, again = signed_in.get(url + "1,3"), signed_in.get(url + "1,3")
    assert "private" in first["Cache-Control"] and "immutable" in first["Cache-Control"]
    assert {"Cookie", "Accept"} <= {name.strip() for name in first["Vary"].split(",")}
    assert body(first) == body(again)
    answer = signed_in.get(url + "1,3", headers={"If-None-Match": first["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert signed_in.get(url + "2", headers={"If-None-Match": first["ETag"]}).status_code == 200
    alone = signed_in.get(url + "1", **accept("*/*;q=0.1, application/octet-stream; transfer-syntax=*"))
    assert alone["ETag"] != signed_in.get(url + "1")["ETag"]


def test_a_frame_of_another_site_is_not_there_even_for_who_knows_its_tag(client, stranger, signed_in, film):
    etag = signed_in.get(film[0] + "1")["ETag"]
    client.force_login(stranger)
    assert client.get(film[0] + "1", headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize("numbers", [[1], [2, 4], [4, 1, 3], [1, 2, 3, 4], [2, 2]])
def test_frames_come_in_the_order_asked_for(signed_in, film, numbers):
    url, frames = film
    answer = signed_in.get(url + ",".join(map(str, numbers)))
    assert [data for _kind, data in parts(answer)] == [frames[number - 1] for number in numbers]


@pytest.mark.parametrize(("numbers", "status"), [("5", 404), ("0", 404), ("1,9", 404), ("one", 400), ("1,", 400)])
def test_frames_that_are_not_there_are_said_so(signed_in, film, numbers, status):
    assert signed_in.get(film[0] + numbers).status_code == status


def test_big_endian_frames_are_turned_round(signed_in, north):
    dataset = ct()
    pixels = dataset.pixel_array.astype("<i2" if dataset.PixelRepresentation else "<u2").tobytes()
    data = encoded(dataset, ExplicitVRBigEndian)
    assert ingest_instance(data=data, source="upload", site=north, actor=None).result == "stored"
    url = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    ((kind, frame),) = parts(signed_in.get(f"{url}/instances/{dataset.SOPInstanceUID}/frames/1"))
    assert (frame, kind.transfer_syntax) == (pixels, "1.2.840.10008.1.2.1")
    ((_kind, whole),) = parts(signed_in.get(url))
    assert whole == data


def test_an_answer_is_never_silently_short(signed_in, sent, north):
    """A lost file fails the whole request before the first byte, so nobody takes a part for the study."""
    sha256 = north.studies.get().series.get().instances.last().sha256
    storage()._path(sha256).unlink()
    for url in (sent.url, f"{sent.url}/metadata"):
        assert signed_in.get(url).status_code == 404


def test_an_image_of_another_series_is_not_found_through_this_one(signed_in, sent, north, make_study):
    other = make_study(north)
    url = f"/dicomweb/studies/{other.study_uid}/series/{other.study_uid}.1/instances/{sent.images[0]}"
    assert signed_in.get(url).status_code == 404
    assert signed_in.get(f"{sent.url}/series/{other.study_uid}.1").status_code == 404
    assert signed_in.get(f"{sent.url}/series/{other.study_uid}.1/instances").status_code == 404


def test_many_images_of_one_look_make_one_event(signed_in, sent, reader):
    for url in (sent.url, f"{sent.url}/metadata", sent.image_url):
        body(signed_in.get(url))
    event = AuditEvent.objects.get(verb=Verb.IMAGES_VIEWED)
    assert (event.actor, event.object_id) == (reader, sent.study)
