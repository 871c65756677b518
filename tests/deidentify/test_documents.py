"""Reports, segmentations and presentation states of a study: freed like its images, and still of the same study."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage, generate_uid

from reports.export.dicom_seg import segmentations
from reports.export.dicom_sr import comprehensive_sr
from reports.export.exported import ExportedSigner
from screening.deidentify.rules import Refused, deidentify
from tests.deidentify.conftest import NAMES, PLANT, cleaned, read, written
from tests.reports.exports import ct_headers, report

HEADERS = ct_headers()
FIRST = next(iter(HEADERS.values()))
SIXTY = 60


def code_item(value: str, scheme: str, words: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, words
    return made


def content(kind: str, heading: Dataset, **values: object) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = Sequence([heading])
    for name, value in values.items():
        setattr(item, name, value)
    return item


@pytest.fixture(scope="module")
def sr() -> Dataset:
    """A TID 1500 report whose every sentence, person and organisation carries the mark."""
    made = report(HEADERS)
    marked = replace(
        made,
        site_name=f"{PLANT} Clinic",
        signer=ExportedSigner(f"{PLANT}user", f"{PLANT} Keller", f"{PLANT}Keller", "Mara"),
        sections=tuple(replace(each, text=f"Of {PLANT}: {each.text}") for each in made.sections),
        findings=tuple(replace(each, location=f"{PLANT} lobe") for each in made.findings),
    )
    return read(comprehensive_sr(marked, HEADERS))


@pytest.fixture(scope="module")
def seg() -> Dataset:
    (file,) = segmentations(report(HEADERS), HEADERS)
    return read(file.data)


def presentation_state() -> Dataset:
    state = Dataset()
    state.SOPClassUID, state.SOPInstanceUID = GrayscaleSoftcopyPresentationStateStorage, generate_uid()
    state.StudyInstanceUID, state.SeriesInstanceUID = FIRST.StudyInstanceUID, generate_uid()
    state.PatientID, state.PatientName, state.Modality = FIRST.PatientID, f"{PLANT}^Patient", "PR"
    state.ContentLabel, state.ContentDescription, state.ContentCreatorName = PLANT, PLANT, f"{PLANT}^Reader"
    state.PresentationCreationDate, state.PresentationCreationTime = "20260304", "1015"
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = FIRST.SOPClassUID, FIRST.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = FIRST.SeriesInstanceUID, Sequence([image])
    state.ReferencedSeriesSequence = Sequence([series])
    words, drawing, drawn, written_on = Dataset(), Dataset(), Dataset(), Dataset()
    words.UnformattedTextValue = f"{PLANT} born 1960"
    drawing.GraphicAnnotationUnits, drawing.GraphicDimensions, drawing.NumberOfGraphicPoints = "PIXEL", 2, 2
    drawing.GraphicData, drawing.GraphicType, drawing.GraphicFilled = [1.0, 2.0, 3.0, 4.0], "POLYLINE", "N"
    drawn.GraphicLayer, drawn.GraphicObjectSequence = f"{PLANT}L", Sequence([drawing])
    drawn.TextObjectSequence = Sequence([words])
    written_on.GraphicLayer, written_on.TextObjectSequence = f"{PLANT}L", Sequence([words])
    state.GraphicAnnotationSequence = Sequence([drawn, written_on])
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder, layer.GraphicLayerDescription = f"{PLANT}L", 1, PLANT
    state.GraphicLayerSequence = Sequence([layer])
    state.file_meta = read(written(FIRST)).file_meta
    state.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    state.file_meta.MediaStorageSOPClassUID = state.SOPClassUID
    return state


def test_of_sixty_marks_in_a_report_none_stays_in_any_byte(sr):
    full = read(written(sr))
    heading = code_item("121071", "DCM", "Finding")
    for number in range(SIXTY):
        mark = f"{PLANT}{number}"
        private = code_item(mark[:16], f"99{PLANT}", mark)
        items = [
            content("TEXT", heading, TextValue=mark),
            content("PNAME", heading, PersonName=f"{mark}^Person"),
            content("CODE", private, ConceptCodeSequence=Sequence([private])),
            content("CODE", heading, ConceptCodeSequence=Sequence([code_item("121071", "DCM", mark)])),
            content("CONTAINER", private, ContentSequence=Sequence([content("TEXT", private, TextValue=mark)])),
        ]
        items[0].private_block(0x0009, PLANT, create=True).add_new(2, "LO", mark)
        items[1].ObservationUID, items[2].PatientComments, items[3].OperatorsName = generate_uid(), mark, mark
        full.ContentSequence.extend(items)
    full.AuthorObserverSequence = full.ParticipantSequence = Sequence([content("PNAME", heading, PersonName=PLANT)])
    full.CustodialOrganizationSequence = Sequence([Dataset()])
    full.CustodialOrganizationSequence[0].InstitutionName = PLANT
    full.private_block(0x0011, PLANT, create=True).add_new(1, "UN", PLANT.encode())
    full.preamble = PLANT.encode().ljust(128, b"\0")
    assert written(full).count(PLANT.encode()) > 5 * SIXTY
    clean = written(deidentify(full, NAMES, site="north")[0])
    assert PLANT.encode() not in clean
    for secret in (str(full.PatientID), str(full.PatientName).split("^")[0], str(full.StudyInstanceUID)):
        assert len(secret) > 2 and secret.encode() not in clean


def test_images_report_segmentation_and_presentation_state_speak_of_the_same_new_study(sr, seg):
    # Whose study it is, the database says; the objects of it may lack the issuer.
    of = {"whose": ("", str(FIRST.PatientID))}
    images = [cleaned(with_pixels(header), **of) for header in HEADERS.values()]
    report_, segments, state = (cleaned(each, **of) for each in (sr, seg, presentation_state()))
    study = {each.StudyInstanceUID for each in (*images, report_, segments, state)}
    assert len(study) == 1 and study != {FIRST.StudyInstanceUID}
    there = {each.SOPInstanceUID for each in images}
    (evidence,) = report_.CurrentRequestedProcedureEvidenceSequence
    assert evidence.StudyInstanceUID == images[0].StudyInstanceUID
    (series,) = evidence.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == images[0].SeriesInstanceUID
    assert {each.ReferencedSOPInstanceUID for each in series.ReferencedSOPSequence} == there
    drawn_on = {each.ReferencedSOPInstanceUID for each in references(report_)}
    assert drawn_on and drawn_on <= there
    assert {each.ReferencedSOPInstanceUID for each in references(segments)} <= there
    assert references(segments) and segments.FrameOfReferenceUID == images[0].FrameOfReferenceUID
    assert {each.ReferencedSOPInstanceUID for each in references(state)} == {images[0].SOPInstanceUID}
    trackings = {str(each.TrackingUID) for each in segments.SegmentSequence}
    assert trackings <= {str(element.value) for element in report_.iterall() if element.VR == "UI"}
    assert len({(each.PatientID, str(each.PatientName)) for each in (*images, report_, segments, state)}) == 1


def with_pixels(header: Dataset) -> Dataset:
    whole = read(written(header))
    whole.PixelData = bytes(int(whole.Rows) * int(whole.Columns) * 2)
    whole["PixelData"].VR = "OW"
    return whole


def references(dataset: Dataset) -> list[Dataset]:
    found = []
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                if "ReferencedSOPInstanceUID" in item and str(item.ReferencedSOPClassUID) == str(FIRST.SOPClassUID):
                    found.append(item)
                found += references(item)
    return found


def test_a_freed_report_is_one_that_readers_read_with_its_numbers_and_observer_replaced(sr):
    clean = cleaned(sr)
    assert srread(io.BytesIO(written(clean))).SOPInstanceUID == clean.SOPInstanceUID
    numbers = [str(each.value) for each in sr.iterall() if each.keyword == "NumericValue"]
    assert numbers and [str(each.value) for each in clean.iterall() if each.keyword == "NumericValue"] == numbers
    persons = {str(each.value) for each in clean.iterall() if each.VR == "PN" and each.keyword != "PatientName"}
    assert len(persons - {""}) == 1, "the same person has the same name wherever it stood"
    assert {str(each.value) for each in clean.iterall() if each.keyword == "TextValue"} >= {"Removed"}
    assert [each.CodeValue for each in clean.DeidentificationMethodCodeSequence][-1] == "113104"


def test_a_freed_segmentation_keeps_every_pixel_and_its_segments(seg):
    before, after = segread(io.BytesIO(written(seg))), segread(io.BytesIO(written(cleaned(seg))))
    assert (before.pixel_array == after.pixel_array).all() and before.number_of_segments == after.number_of_segments


def test_a_presentation_state_keeps_its_drawing_and_loses_its_words():
    clean = cleaned(presentation_state())
    assert PLANT.encode() not in written(clean)
    (annotation,) = clean.GraphicAnnotationSequence
    assert "TextObjectSequence" not in annotation
    assert list(annotation.GraphicObjectSequence[0].GraphicData) == [1.0, 2.0, 3.0, 4.0]
    assert annotation.GraphicLayer == clean.GraphicLayerSequence[0].GraphicLayer != f"{PLANT}L"
    assert clean.DeidentificationMethodCodeSequence[-1].CodeValue == "113103"


def test_birth_dates_and_great_ages_in_a_report_are_no_way_back(sr):
    full = read(written(sr))
    years = Dataset()
    years.NumericValue, years.MeasurementUnitsCodeSequence = "97", Sequence([code_item("a", "UCUM", "year")])
    full.ContentSequence.append(content("DATE", code_item("121031", "DCM", "Subject Birth Date"), Date="19290203"))
    full.ContentSequence.append(
        content("NUM", code_item("121033", "DCM", "Subject Age"), MeasuredValueSequence=Sequence([years]))
    )
    born, age = cleaned(full).ContentSequence[-2:]
    assert born.Date == "19000101"
    assert age.MeasuredValueSequence[0].NumericValue == 90


def test_what_is_neither_image_report_nor_presentation_state_is_refused(sr):
    other = read(written(sr))
    other.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    with pytest.raises(Refused, match="no image, report or presentation state"):
        deidentify(other, NAMES, site="north")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
def test_the_validator_finds_no_more_in_reports_and_segmentations_than_before(sr, seg, tmp_path):
    for name, dataset in {"sr": sr, "seg": seg}.items():
        found = []
        for when, each in (("before", dataset), ("after", cleaned(dataset))):
            path = tmp_path / f"{name}-{when}.dcm"
            path.write_bytes(written(each))
            found.append(errors_of(path))
        assert found[1] <= found[0], name


def errors_of(path: Path) -> int:
    told = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return sum(line.startswith("Error") for line in (told.stdout + told.stderr).splitlines())
