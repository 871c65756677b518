"""The PDF as a DICOM object, and what dciodvfy (dicom3tools) says of every DICOM object made from a report."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import EncapsulatedPDFStorage

from reports.export.dicom_seg import segmentations
from reports.export.dicom_sr import comprehensive_sr
from reports.export.encapsulated_pdf import encapsulated_pdf
from reports.export.exported import ExportedCategory, NotExportable
from screening.phantoms.headers import fictional_patient, mammogram_dataset
from tests.reports.exports import CIRCLE, appended, ct_headers, finding, hostile, read, report

PDF = b"%PDF-1.4 odd"
dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy is not installed (Debian and Ubuntu: apt install dicom3tools)"
)


def test_the_pdf_comes_back_byte_for_byte_in_its_study():
    headers = ct_headers()
    image = next(iter(headers.values()))
    dataset = read(encapsulated_pdf(report(headers), PDF + b"!", headers))
    assert dataset.SOPClassUID == EncapsulatedPDFStorage
    assert dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength] == PDF + b"!"
    assert len(dataset.EncapsulatedDocument) % 2 == 0
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber", "StudyDate"):
        assert dataset[keyword].value == image[keyword].value
    assert (dataset.Modality, dataset.BurnedInAnnotation) == ("DOC", "YES")
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"


@pytest.mark.parametrize(("state", "flag"), [("final", "VERIFIED"), ("preliminary", "UNVERIFIED")])
def test_only_a_final_report_is_verified(state, flag):
    headers = ct_headers()
    assert read(encapsulated_pdf(report(headers, state=state), PDF, headers)).VerificationFlag == flag


def test_another_pdf_is_another_object():
    headers = ct_headers()
    one, two = (read(encapsulated_pdf(report(headers), data, headers)) for data in (PDF, PDF + b"zh"))
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert encapsulated_pdf(report(headers), PDF, headers) == encapsulated_pdf(report(headers), PDF, headers)


def test_without_an_image_there_is_no_study_to_belong_to():
    with pytest.raises(NotExportable, match="no_images"):
        encapsulated_pdf(report(), PDF, {})


def faults_of(data: bytes, folder: Path) -> list[str]:
    path = folder / "object.dcm"
    path.write_bytes(data)
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert said.stderr + said.stdout, "dciodvfy said nothing"
    return [line for line in (said.stderr + said.stdout).splitlines() if line.startswith(("Error", "Abort"))]


@dciodvfy
def test_dciodvfy_finds_what_is_wrong(tmp_path):
    dataset = read(encapsulated_pdf(report(), PDF, ct_headers()))
    del dataset.BurnedInAnnotation
    dataset.save_as(tmp_path / "broken.dcm")
    assert faults_of((tmp_path / "broken.dcm").read_bytes(), tmp_path)


@dciodvfy
@pytest.mark.parametrize("state", ["final", "preliminary", "appended"])
def test_dciodvfy_finds_no_error_in_any_object_of_a_lung_report(tmp_path, state):
    headers = ct_headers()
    made = appended() if state == "appended" else report(headers, state=state, previous_sha256="d" * 64)
    assert faults_of(comprehensive_sr(made, headers), tmp_path) == []
    assert faults_of(segmentations(made, headers)[0].data, tmp_path) == []
    assert faults_of(encapsulated_pdf(made, PDF, headers), tmp_path) == []


@dciodvfy
def test_dciodvfy_finds_no_error_in_a_report_on_films(tmp_path):
    image = mammogram_dataset(np.zeros((90, 70)), 0.1, fictional_patient(5), key="film", side="L", view="CC")
    headers = {str(image.SOPInstanceUID): image}
    mass = finding(1, image, type="mass", contour=CIRCLE, attributes={"side": "left", "long_axis_mm": 12.0})
    made = report(headers, programme="breast", findings=(mass,), category=ExportedCategory("BI-RADS", "4B"))
    assert faults_of(comprehensive_sr(made, headers), tmp_path) == []
    assert faults_of(segmentations(made, headers)[0].data, tmp_path) == []


@dciodvfy
def test_dciodvfy_finds_no_error_in_a_report_without_findings(tmp_path):
    headers = ct_headers()
    made = report(headers, programme="brain", findings=(), category=None, ai_state="refused")
    assert faults_of(comprehensive_sr(made, headers), tmp_path) == []


@dciodvfy
def test_dciodvfy_finds_no_error_where_the_text_was_hostile(tmp_path):
    made, headers = hostile(ct_headers())
    for header in headers.values():
        # dciodvfy counts a whole name's bytes; the standard allows 64 characters for each way of writing it.
        header.PatientName = "Wang^XiaoDong|&=王^小东"
    assert faults_of(comprehensive_sr(made, headers), tmp_path) == []
    assert faults_of(segmentations(made, headers)[0].data, tmp_path) == []
    assert faults_of(encapsulated_pdf(made, PDF, headers), tmp_path) == []
