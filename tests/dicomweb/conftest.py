from __future__ import annotations

import json

import pytest

from screening.dicomweb.multipart import boundary_of, media_type, read_parts
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from tests.ingest.images import ct_series

LIMIT = 1 << 24


class Series:
    """Three CT slices as they are at the north site."""

    def __init__(self, datasets) -> None:
        self.datasets = datasets
        self.files = [as_bytes(dataset) for dataset in datasets]
        first = datasets[0]
        self.study, self.series = first.StudyInstanceUID, first.SeriesInstanceUID
        self.images = [dataset.SOPInstanceUID for dataset in datasets]
        self.url = f"/dicomweb/studies/{self.study}"
        self.series_url = f"{self.url}/series/{self.series}"
        self.image_url = f"{self.series_url}/instances/{self.images[0]}"


@pytest.fixture
def sent(north) -> Series:
    series = Series(ct_series(3))
    for data in series.files:
        assert ingest_instance(data=data, source="upload", site=north, actor=None).result == "stored"
    return series


def body(answer) -> bytes:
    data = answer.getvalue()
    for close in answer._resource_closers:
        close()
    return data


def parts(answer) -> list[tuple]:
    """(content type, bytes) of each part of a multipart answer."""
    boundary = boundary_of(media_type(answer["Content-Type"]))
    data = body(answer)
    pieces = iter([data])
    return list(read_parts(lambda _n: next(pieces, b""), boundary, max_part=LIMIT))


def values(attributes: dict, tag: str) -> list:
    return attributes[tag].get("Value", [])


def related(files: list[bytes], boundary: str = "xYz", kind: str = "application/dicom") -> tuple[bytes, str]:
    """A multipart/related body and its content type."""
    pieces = b"".join(
        b"--" + boundary.encode() + b"\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + file + b"\r\n"
        for file in files
    )
    return (
        pieces + b"--" + boundary.encode() + b"--\r\n",
        f'multipart/related; type="application/dicom"; boundary={boundary}',
    )


def as_json(answer) -> list | dict:
    return json.loads(body(answer))
