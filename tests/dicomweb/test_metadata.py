"""Metadata kept ready: the same answer as from the files, once for all, and never another series' or an older one."""

from __future__ import annotations

import gzip
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from screening.dicom.attributes import dumps, header_attributes
from screening.models import Series, SeriesMetadata, Study
from screening.phantoms.headers import as_bytes
from screening.services import metadata
from screening.services.ingest import ingest_instance
from screening.storage import LocalStorage
from screening.tasks import prepare_metadata
from tests.dicomweb.conftest import as_json, values
from tests.ingest.images import ct, ct_series

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, reader):
    client.force_login(reader)
    return client


@pytest.fixture
def no_files(monkeypatch):
    """From now on no stored file can be read."""

    def forbid() -> None:
        def opened(*_given):
            raise AssertionError("a file was read")

        monkeypatch.setattr(LocalStorage, "open_range", opened)

    return forbid


def test_headers_are_read_once_and_told_again_without_a_file(signed_in, sent, no_files):
    first = as_json(signed_in.get(f"{sent.series_url}/metadata"))
    no_files()
    assert as_json(signed_in.get(f"{sent.series_url}/metadata")) == first
    assert as_json(signed_in.get(f"{sent.url}/metadata")) == first
    assert [values(one, "00080018")[0] for one in first] == sent.images


def test_a_complete_study_is_prepared_before_anybody_asks(signed_in, sent, no_files):
    assert prepare_metadata(Study.objects.get().pk) == 1
    no_files()
    assert len(as_json(signed_in.get(f"{sent.series_url}/metadata"))) == 3


def test_a_browser_gets_the_kept_bytes_as_they_are(signed_in, sent):
    answer = signed_in.get(f"{sent.series_url}/metadata", headers={"Accept-Encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert answer.content == bytes(SeriesMetadata.objects.get().body)
    assert json.loads(gzip.decompress(answer.content)) == as_json(signed_in.get(f"{sent.series_url}/metadata"))


def test_an_image_that_comes_later_is_in_the_next_answer(signed_in, north):
    datasets = ct_series(3)
    url = f"/dicomweb/studies/{datasets[0].StudyInstanceUID}/series/{datasets[0].SeriesInstanceUID}/metadata"
    for dataset in datasets[:2]:
        ingest_instance(data=as_bytes(dataset), source="upload", site=north, actor=None)
    assert len(as_json(signed_in.get(url))) == 2
    ingest_instance(data=as_bytes(datasets[2]), source="upload", site=north, actor=None)
    assert len(as_json(signed_in.get(url))) == 3
    assert SeriesMetadata.objects.count() == 1


def test_a_study_of_several_series_is_one_array(signed_in, sent, north):
    other = ct(series_number=3)
    assert other.StudyInstanceUID == sent.study and other.SeriesInstanceUID != sent.series
    result = ingest_instance(data=as_bytes(other), source="upload", site=north, actor=None)
    assert result.result == "stored", result.reason
    found = as_json(signed_in.get(f"{sent.url}/metadata", headers={"Accept-Encoding": "gzip"}))
    assert {values(one, "0020000E")[0] for one in found} == {sent.series, other.SeriesInstanceUID}
    assert len(found) == 4
    assert len(as_json(signed_in.get(f"{sent.image_url}/metadata"))) == 1


def test_metadata_goes_with_its_series_and_is_nobody_elses(client, stranger, sent):
    series = Series.objects.get()
    files = list(series.instances.values_list("sha256", flat=True))
    metadata.series_metadata(series.pk, files)
    client.force_login(stranger)
    assert client.get(f"{sent.series_url}/metadata").status_code == 404
    series.delete()
    assert not SeriesMetadata.objects.exists()


def test_the_cost_of_an_answer_does_not_grow_with_the_images(signed_in, sent, north):
    as_json(signed_in.get(f"{sent.series_url}/metadata"))
    with CaptureQueriesContext(connection) as queries:
        signed_in.get(f"{sent.series_url}/metadata", headers={"Accept-Encoding": "gzip"})
    assert len(queries) <= 8, [query["sql"] for query in queries]


def test_the_kept_text_is_the_header_of_the_file(sent, tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(sent.files[0])
    with path.open("rb") as stream:
        found = header_attributes(stream)
    assert found is not None
    assert found["00083002"] == {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}
    assert json.loads(dumps(found)) == found
