"""Rendered images and thumbnails: right greys, right size, kept by the browser, and never out of damaged bytes."""

from __future__ import annotations

import io
import os
import signal

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from screening.dicom.pixels import PixelError, grey_array
from screening.dicom.render_child import Renderer
from screening.dicom.rendering import PNG, Wish, done
from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from screening.storage import storage
from tests.dicomweb.conftest import body, parts
from tests.ingest.images import COMPRESSED, ct, encoded

pytestmark = pytest.mark.django_db
PNG_ONLY = {"headers": {"Accept": "image/png"}}


@pytest.fixture
def signed_in(client, reader):
    client.force_login(reader)
    return client


def shown(answer) -> Image.Image:
    assert answer.status_code == 200, answer.content
    return Image.open(io.BytesIO(body(answer)))


def test_a_picture_has_the_greys_of_the_files_own_window(signed_in, sent):
    image = shown(signed_in.get(f"{sent.image_url}/rendered", **PNG_ONLY))
    expected = np.rint(grey_array(dcmread(io.BytesIO(sent.files[0]))) * 255)
    assert image.format == "PNG" and image.size == (sent.datasets[0].Columns, sent.datasets[0].Rows)
    assert np.array_equal(np.asarray(image), expected)


@pytest.mark.parametrize(
    ("window", "expected"),
    [("0,2000,linear-exact", 0.5), ("-1000,2,linear", 1.0), ("3000,100,linear", 0.0), ("0,400,sigmoid", 0.5)],
)
def test_a_window_asked_for_is_the_windows_formula(window, expected):
    dataset = ct()
    dataset.PixelData = np.full((dataset.Rows, dataset.Columns), 1024, "<u2").tobytes()
    dataset.PixelRepresentation = 0
    centre, width, function = window.split(",")
    wish = Wish(kind=PNG, window=(float(centre), float(width), function))
    grey = np.asarray(Image.open(io.BytesIO(done(as_bytes(dataset), wish))))
    assert np.allclose(grey / 255, expected, atol=0.01)


@pytest.mark.parametrize(
    "query",
    ["window=1", "window=1,0,linear", "window=nan,5,linear", "window=1,2,cubic", "viewport=0,5", "viewport=9,9,1,1",
     "viewport=99999,1", "quality=0", "quality=high"],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_so(signed_in, sent, query):
    answer = signed_in.get(f"{sent.image_url}/rendered?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


def test_a_picture_is_fitted_into_what_was_asked_for_and_keeps_its_proportions(signed_in, sent):
    image = shown(signed_in.get(f"{sent.image_url}/rendered?viewport=100,16&quality=50"))
    assert (image.format, image.size) == ("JPEG", (16, 16))
    assert max(shown(signed_in.get(f"{sent.url}/thumbnail")).size) == 256


def test_a_series_is_a_picture_each_or_its_middle_one(signed_in, sent):
    many = parts(
        signed_in.get(f"{sent.series_url}/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    )
    assert [kind.name for kind, _data in many] == ["image/png"] * 3
    alone = body(signed_in.get(f"{sent.series_url}/rendered", **PNG_ONLY))
    assert alone == many[1][1]
    assert signed_in.get(f"{sent.series_url}/rendered", headers={"Accept": "image/gif"}).status_code == 406


def test_a_picture_is_kept_by_its_reader_and_another_window_is_another_picture(signed_in, sent):
    url = f"{sent.image_url}/rendered"
    first = signed_in.get(url)
    assert "private" in first["Cache-Control"]
    assert signed_in.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    other = signed_in.get(f"{url}?window=40,400,linear", headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 200


def test_a_frame_of_a_film_is_that_frame(signed_in, north):
    dataset = ct()
    frames = np.stack([np.full((dataset.Rows, dataset.Columns), value, "<u2") for value in (0, 500, 4000)])
    dataset.NumberOfFrames, dataset.PixelData, dataset.PixelRepresentation = 3, frames.tobytes(), 0
    assert ingest_instance(data=as_bytes(dataset), source="upload", site=north, actor=None).result == "stored"
    url = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    url += f"/instances/{dataset.SOPInstanceUID}"
    window = "window=0,3000,linear-exact"
    greys = [int(np.asarray(shown(signed_in.get(f"{url}/frames/{n}/rendered?{window}"))).mean()) for n in (1, 2, 3)]
    assert greys[0] < greys[1] < greys[2]
    thumbnail = np.asarray(shown(signed_in.get(f"{url}/thumbnail?{window}"))).mean()
    assert abs(thumbnail - greys[1]) < 3
    assert signed_in.get(f"{url}/frames/4/rendered").status_code == 404


def test_colour_is_shown_in_its_colours(signed_in):
    dataset = ct()
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.PixelData = np.tile(np.array([200, 30, 10], "u1"), dataset.Rows * dataset.Columns).tobytes()
    image = Image.open(io.BytesIO(done(as_bytes(dataset), Wish(kind=PNG))))
    assert image.getpixel((3, 3)) == (200, 30, 10)


@pytest.mark.parametrize("syntax", [RLELossless, COMPRESSED[-1]])
def test_a_compressed_file_is_given_out_decoded_when_asked(signed_in, north, syntax):
    data = encoded(ct(), syntax)
    dataset = dcmread(io.BytesIO(data))
    assert ingest_instance(data=data, source="upload", site=north, actor=None).result == "stored"
    url = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    asked = f'multipart/related; type="application/dicom"; transfer-syntax={ExplicitVRLittleEndian}'
    ((kind, plain),) = parts(signed_in.get(url, headers={"Accept": asked}))
    found = dcmread(io.BytesIO(plain))
    assert kind.transfer_syntax == found.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert found.SOPInstanceUID == dataset.SOPInstanceUID
    assert np.array_equal(found.pixel_array, dataset.pixel_array)


def test_damaged_pixels_make_no_picture_and_the_next_image_is_shown_all_the_same(signed_in, sent, north):
    whole = encoded(ct(), RLELossless)
    half = storage().put(whole[: len(whole) // 2])
    Instance.objects.filter(sop_uid=sent.images[0]).update(sha256=half, transfer_syntax_uid=RLELossless)
    answer = signed_in.get(f"{sent.image_url}/rendered")
    assert (answer.status_code, answer.json()["detail"]) == (406, "The image cannot be shown as a picture.")
    assert shown(signed_in.get(f"{sent.series_url}/instances/{sent.images[1]}/rendered")).size == (32, 32)


def test_a_renderer_that_dies_or_hangs_is_replaced(sent):
    renderer = Renderer(hung_s=20)
    assert renderer.make(sent.files[0], Wish())[:2] == b"\xff\xd8"
    renderer._child.kill()
    renderer._child.wait()
    assert renderer.make(sent.files[0], Wish())[:2] == b"\xff\xd8"
    renderer.hung_s = 0.2
    os.kill(renderer._child.pid, signal.SIGSTOP)
    with pytest.raises(PixelError):
        renderer.make(sent.files[0], Wish())
    renderer.hung_s = 20
    assert renderer.make(sent.files[0], Wish())[:2] == b"\xff\xd8"
    renderer.close()


def test_a_stranger_gets_no_picture(client, stranger, sent):
    client.force_login(stranger)
    for url in (sent.url, sent.series_url, sent.image_url, f"{sent.image_url}/frames/1"):
        for what in ("rendered", "thumbnail"):
            assert client.get(f"{url}/{what}").status_code == 404
