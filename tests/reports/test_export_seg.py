"""The outlines of a report as DICOM SEG: read back by highdicom, each mask is the one the outline holds."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from highdicom.seg import segread
from pydicom.dataset import Dataset
from skimage.draw import polygon2mask

from reports.export.dicom_seg import polygon_mask, segmentations
from reports.export.exported import NotExportable, tracking_uid
from screening.phantoms.headers import fictional_patient, mammogram_dataset
from tests.reports.exports import CIRCLE, MODEL, SIDE, TRIANGLE, ct_headers, finding, hostile, report

HEADERS = ct_headers()


@pytest.fixture(scope="module")
def read_back():
    (file,) = segmentations(report(HEADERS), HEADERS)
    return segread(io.BytesIO(file.data))


def film() -> dict[str, Dataset]:
    made = mammogram_dataset(np.zeros((90, 70)), 0.1, fictional_patient(5), key="film", side="L", view="CC")
    del made.PixelData
    return {str(made.SOPInstanceUID): made}


def middles_inside(polygon, rows: int, columns: int) -> np.ndarray:
    """By another hand: scikit-image counts from the middle of the first pixel, in (row, column)."""
    return polygon2mask((rows, columns), np.array(polygon)[:, ::-1] - 0.5)


@pytest.mark.parametrize("polygon", [CIRCLE, TRIANGLE, ((-5.3, -5.2), (20.1, 3.3), (4.7, 60.4))])
def test_a_mask_holds_the_pixels_whose_middle_lies_inside(polygon):
    assert (polygon_mask(polygon, SIDE, SIDE) == middles_inside(polygon, SIDE, SIDE)).all()


def test_a_box_drawn_as_a_polygon_holds_exactly_its_pixels():
    mask = polygon_mask(((2, 3), (6, 3), (6, 5), (2, 5)), 10, 12)
    assert mask.sum() == 8 and mask[3:5, 2:6].all()


@pytest.mark.parametrize("polygon", [((60.0, 60.0), (70.0, 60.0), (65.0, 70.0)), ((1.1, 1.1), (1.2, 1.1), (1.2, 1.2))])
def test_an_outline_beside_the_image_or_without_a_pixel_is_empty(polygon):
    assert not polygon_mask(polygon, SIDE, SIDE).any()


def test_the_masks_read_back_are_the_outlines(read_back):
    pixels = read_back.get_pixels_by_source_instance(list(HEADERS)[:2], ignore_spatial_locations=True)
    assert pixels.shape == (2, SIDE, SIDE, 2)
    assert (pixels[0, :, :, 0] == middles_inside(CIRCLE, SIDE, SIDE)).all()
    assert (pixels[1, :, :, 1] == middles_inside(TRIANGLE, SIDE, SIDE)).all()
    assert pixels.sum() == pixels[0, :, :, 0].sum() + pixels[1, :, :, 1].sum() > 0


def test_each_segment_is_one_finding_made_by_a_named_algorithm(read_back):
    one, two = read_back.SegmentSequence
    assert [one.SegmentNumber, two.SegmentNumber] == [1, 2]
    assert one.SegmentLabel == "1 solid nodule"
    assert one.SegmentAlgorithmType == "AUTOMATIC"
    assert one.SegmentedPropertyTypeCodeSequence[0].CodeValue == "27925004"
    algorithm = one.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (MODEL.name, MODEL.version)
    assert MODEL.sha256 in algorithm.AlgorithmParameters


def test_segments_and_measurement_groups_share_their_tracking_uids(read_back):
    made = report(HEADERS)
    assert [segment.TrackingUID for segment in read_back.SegmentSequence] == [
        tracking_uid(made, each) for each in made.findings
    ]


def test_it_is_binary_and_lies_in_the_space_of_its_images(read_back):
    image = next(iter(HEADERS.values()))
    assert (read_back.SegmentationType, read_back.BitsAllocated) == ("BINARY", 1)
    assert read_back.FrameOfReferenceUID == image.FrameOfReferenceUID
    assert read_back.StudyInstanceUID == image.StudyInstanceUID
    assert read_back.SeriesInstanceUID != image.SeriesInstanceUID
    spacing = read_back.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    assert [float(value) for value in spacing] == [0.8, 0.7]


def test_a_film_gets_a_segmentation_of_its_own():
    films = film()
    (image,) = films.values()
    made = report(films, programme="breast", findings=(finding(1, image, type="mass", contour=CIRCLE),))
    (file,) = segmentations(made, films)
    pixels = segread(io.BytesIO(file.data)).get_pixels_by_source_instance(list(films))
    assert (pixels[0, :, :, 0] == middles_inside(CIRCLE, 90, 70)).all()


def test_findings_on_a_stack_and_on_a_film_go_into_two_files():
    films = film()
    made = report(HEADERS)
    both = replace(made, findings=(*made.findings, finding(3, next(iter(films.values())))))
    files = segmentations(both, {**HEADERS, **films})
    assert [file.findings for file in files] == [(1, 2), (3,)]
    assert len({file.sop_uid for file in files}) == 2


def test_without_an_outline_there_is_no_segmentation():
    made = report(HEADERS)
    bare = replace(made, findings=tuple(replace(each, contour=None) for each in made.findings))
    with pytest.raises(NotExportable, match="no_outline"):
        segmentations(bare, HEADERS)


def test_an_image_that_is_gone_or_lies_nowhere_is_named_as_the_reason():
    with pytest.raises(NotExportable, match="image_gone"):
        segmentations(report(HEADERS), {})
    crooked = ct_headers()
    for header in crooked.values():
        header.ImageOrientationPatient = [0, 0, 0, 0, 0, 0]
    with pytest.raises(NotExportable, match="odd_geometry"):
        segmentations(report(crooked), crooked)


def test_an_image_of_several_frames_is_left_out():
    headers = ct_headers()
    next(iter(headers.values())).NumberOfFrames = 4
    (file,) = segmentations(report(headers), headers)
    assert file.findings == (2,)


def test_the_same_signature_is_always_the_same_bytes():
    assert segmentations(report(HEADERS), HEADERS) == segmentations(report(HEADERS), HEADERS)


def test_hostile_text_stays_text():
    made, headers = hostile(ct_headers())
    (file,) = segmentations(made, headers)
    first = segread(io.BytesIO(file.data)).SegmentSequence[0]
    assert len(first.SegmentLabel) <= 64 and "\\" not in first.SegmentLabel
    assert len(first.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName) <= 64
