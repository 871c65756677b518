"""A stock client against a running server."""

from __future__ import annotations

import io

import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread

from accounts.services import command_token
from screening.phantoms.headers import as_bytes
from tests.ingest.images import ct_series

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stock_client(live_server, technologist):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Token {command_token(user=technologist)}"
        session.trust_env = False
        yield DICOMwebClient(f"{live_server.url}/dicomweb", session=session)


def test_a_stock_client_stores_finds_and_gets_back_a_study(stock_client):
    datasets = [dcmread(io.BytesIO(as_bytes(dataset))) for dataset in ct_series(3)]
    study, series = datasets[0].StudyInstanceUID, datasets[0].SeriesInstanceUID
    image = datasets[1].SOPInstanceUID
    answer = stock_client.store_instances(datasets)
    assert len(answer.ReferencedSOPSequence) == 3 and "FailedSOPSequence" not in answer

    (found,) = stock_client.search_for_studies(search_filters={"PatientID": datasets[0].PatientID}, limit=5)
    assert found["0020000D"]["Value"] == [study]
    assert stock_client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    assert len(stock_client.search_for_series(study)) == 1
    assert len(stock_client.search_for_instances(study, series)) == 3

    assert [as_bytes(one) for one in stock_client.retrieve_study(study)] == [as_bytes(one) for one in datasets]
    assert len(stock_client.retrieve_series(study, series)) == 3
    assert stock_client.retrieve_instance(study, series, image).pixel_array.shape == (32, 32)
    assert len(stock_client.retrieve_study_metadata(study)) == 3
    metadata = stock_client.retrieve_instance_metadata(study, series, image)
    assert metadata["00080018"]["Value"] == [image]
    (frame,) = stock_client.retrieve_instance_frames(study, series, image, frame_numbers=[1])
    assert frame == datasets[1].PixelData


def test_a_stock_client_without_a_token_is_refused(live_server):
    with requests.Session() as session:
        session.trust_env = False
        nobody = DICOMwebClient(f"{live_server.url}/dicomweb", session=session)
        with pytest.raises(requests.HTTPError, match="40[13]"):
            nobody.search_for_studies()
