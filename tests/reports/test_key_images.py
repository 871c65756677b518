"""Key images of the PDF: one for each finding that was signed, with its mark, in bounded time, and missed in words."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from reports.export.key_images import square_around
from reports.selectors.report import report_document
from reports.services import editing, key_images
from reports.services.export import export_file
from reports.services.signing import sign_report
from screening.dicom.pixels import PixelError
from screening.models import Instance
from screening.phantoms.chest import chest_ct
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.frontend import conftest as frontend
from tests.reports.conftest import by_template, full_text

take_in, give_result = frontend.take_in, frontend.give_result


def nodule(dataset, box, number: int = 1):
    return {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 5.0 + number,
        "probability": 0.8,
        "series_uid": str(dataset.SeriesInstanceUID),
        "sop_uid": str(dataset.SOPInstanceUID),
        "frame": 1,
        "box": box,
        "attributes": {"long_axis_mm": 6.0 + number, "short_axis_mm": 5.0},
    }


@pytest.fixture
def make_signed(take_in, give_result, reader, request_by):
    """A signed report with so many findings on real slices."""

    def make(count: int = 2, reject: tuple[int, ...] = ()):
        slices = chest_ct(81, None, slices=8, size=96).datasets
        study = take_in(slices, "lung")
        boxes = [[20 + 5 * n, 30, 30 + 5 * n, 42] for n in range(count)]
        give_result(study, [nodule(slices[n], box, n) for n, box in enumerate(boxes)])
        report = by_template(study)
        claim_study(study=study, reader=reader)
        sections = {
            name: [each for each in listed if not {f"f{n}" for n in reject} & set(each["evidence"])]
            for name, listed in full_text(report).items()
        }
        editing.save_revision(report=report, author=reader, parent=0, sections=sections)
        number = report.revisions.order_by("number").last().number
        request = request_by(reader)
        sign_report(report=report, signer=reader, revision=number, meaning="final", password=PASSWORD, request=request)
        return report

    return make


def pdf_of(report) -> PdfReader:
    return PdfReader(io.BytesIO(key_images.illustrated_pdf(report, report_document(report), None)))


def pictures(pdf: PdfReader) -> list[Image.Image]:
    return [image.image for page in pdf.pages for image in page.images]


def words(pdf: PdfReader) -> str:
    return " ".join(page.extract_text() for page in pdf.pages)


def test_each_signed_finding_has_its_frame_in_the_pdf(make_signed, reader):
    report = make_signed(2)
    client = Client()
    client.force_login(reader)
    pdf = PdfReader(io.BytesIO(client.get(reverse("report-pdf", args=[report.pk])).content))
    shown = pictures(pdf)
    assert [picture.size for picture in shown] == [(900, 900), (900, 900)]
    # Rendered in the lung's window: air black, body bright, and the two slices differ.
    assert all(np.asarray(picture).min() < 70 and np.asarray(picture).max() > 200 for picture in shown)
    assert (np.asarray(shown[0]) != np.asarray(shown[1])).any()
    said = words(pdf)
    assert "Key images" in said and "1. solid nodule, right upper lobe, 5.0 mm" in said
    assert "marked by phantom-model 1.0" in said and "not under the images" in said


def test_what_the_reader_dropped_is_not_shown(make_signed):
    pdf = pdf_of(make_signed(2, reject=(1,)))
    assert (
        len(pictures(pdf)) == 1
        and "6.0 mm" in words(pdf)
        and "1. solid nodule, right upper lobe, 5.0 mm" not in words(pdf)
    )


def test_no_more_than_four_are_shown_and_the_rest_is_counted(make_signed):
    pdf = pdf_of(make_signed(6))
    assert len(pictures(pdf)) == key_images.MOST
    assert "Findings without an image here: 2." in words(pdf)


def test_a_report_without_findings_has_no_such_part(make_signed):
    pdf = pdf_of(make_signed(0))
    assert not pictures(pdf) and "Key images" not in words(pdf)


def test_the_same_report_gives_the_same_bytes(make_signed):
    report = make_signed(1)
    one, two = (key_images.illustrated_pdf(report, report_document(report), None) for _turn in range(2))
    assert one == two


def test_an_image_that_is_gone_or_broken_is_missed_in_words_and_the_pdf_is_there(make_signed):
    report = make_signed(2)
    first = Instance.objects.order_by("pk").first()
    Instance.objects.filter(sop_uid=first.sop_uid).update(sha256="0" * 64)
    pdf = pdf_of(report)
    assert len(pictures(pdf)) == 1 and "Findings without an image here: 1." in words(pdf)
    Instance.objects.update(sha256="0" * 64)
    assert "Lung-RADS" in words(pdf_of(report)) or len(words(pdf_of(report))) > 100


def test_images_that_hang_cost_a_bounded_time(make_signed, monkeypatch):
    report = make_signed(4)

    class Hanging:
        asked = 0

        def make(self, _data, _wish):
            self.asked += 1
            time.sleep(0.3)
            raise PixelError("The pixels of the image cannot be decoded.")

    hanging = Hanging()
    monkeypatch.setattr(key_images, "RENDERER", hanging)
    monkeypatch.setattr(key_images, "ALL_S", 0.5)
    pdf = pdf_of(report)
    assert not pictures(pdf) and hanging.asked == 2


def test_pictures_are_made_in_a_child_process(make_signed):
    key_images.RENDERER.close()
    pdf_of(make_signed(1))
    assert key_images.RENDERER._child is not None and key_images.RENDERER._child.poll() is None


def test_the_pdf_that_is_sent_has_them_and_the_message_has_not(make_signed):
    report = make_signed(1)
    assert b"/DCTDecode" in export_file(report, "dicom-pdf", fonts=None).data
    assert len(export_file(report, "hl7", fonts=None).data) < 60_000


@pytest.mark.parametrize(
    ("outline", "wanted"),
    [
        (((0.5, 0.5), (0.6, 0.5), (0.6, 0.6)), (40.0, 40.0, 30.0)),
        (((0.0, 0.0), (0.02, 0.0), (0.02, 0.02)), (0.0, 0.0, 12.0)),
        (((0.98, 0.98), (1.0, 0.98), (1.0, 1.0)), (88.0, 88.0, 12.0)),
        (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), (0.0, 0.0, 100.0)),
    ],
)
def test_the_enlargement_holds_the_mark_and_stays_within_the_frame(outline, wanted):
    assert square_around(outline, 100, 100) == pytest.approx(wanted)
    left, top, side = square_around(outline, 100, 80)
    assert left >= 0 and top >= 0 and left + side <= 100 and top + side <= 80
