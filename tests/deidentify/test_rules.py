"""An image without its person: nothing that was planted anywhere stays, and the picture does."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, SecondaryCaptureImageStorage

from screening.deidentify.rules import Pseudonyms, Refused, deidentify
from screening.deidentify.streams import without_comments
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import as_bytes
from tests.deidentify.conftest import NAMES, PLANT, cleaned, written

TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}


@pytest.fixture(scope="module")
def slices() -> list[Dataset]:
    return chest_ct(4, nodules=None, slices=3, size=64).datasets


def name_of(dataset: Dataset) -> str:
    return NAMES.patient("north", str(dataset.get("IssuerOfPatientID", "")), str(dataset.PatientID))


def copy_of(dataset: Dataset) -> Dataset:
    return dcmread(io.BytesIO(as_bytes(dataset)))


def text_elements() -> Iterator[tuple[int, str]]:
    """Every element of the dictionary that holds text, file meta and command sets apart."""
    for tag, (vr, *_rest) in DicomDictionary.items():
        if tag >> 16 > 0x0006 and (kind := vr.split(" or ")[0]) in TEXT:
            yield tag, kind


def planted(dataset: Dataset) -> tuple[Dataset, int]:
    """A copy with a mark in every text element there is, at the top and in sequences, and everywhere else that holds text."""
    full = copy_of(dataset)
    transfer_syntax = full.file_meta.TransferSyntaxUID
    count = 0
    item = Dataset()
    for tag, vr in text_elements():
        if keyword_for_tag(tag) in ("BurnedInAnnotation", "SpecificCharacterSet", "PhotometricInterpretation"):
            continue
        count += 1
        full.add_new(tag, vr, f"{PLANT}{count}")
        item.add_new(tag, vr, f"{PLANT}{count}")
    for name in (
        "SharedFunctionalGroupsSequence",
        "ReferencedImageSequence",
        "ViewCodeSequence",
        "RequestAttributesSequence",
    ):
        inner = Dataset()
        inner.update(item)
        inner.PixelMeasuresSequence = Sequence([item])
        setattr(full, name, Sequence([inner]))
    for tag, vr in ((0x00091002, "LO"), (0x00191003, "UN"), (0x7FE11001, "OB")):
        block = full.private_block(tag >> 16, PLANT, create=True)
        block.add_new(tag & 0xFF, vr, PLANT if vr == "LO" else PLANT.encode())
    full.add_new(0x60003000, "OW", PLANT.encode() + b"\0")
    full.add_new(0x60004000, "LT", PLANT)
    full.add_new(0x50003000, "OW", PLANT.encode() + b"\0")
    full.StudyDate = full.StudyTime = full.PatientAge = PLANT
    full.PixelData = full.PixelData + PLANT.encode() + b"\0"
    full.preamble = PLANT.encode().ljust(128, b"\0")
    full.file_meta.SourceApplicationEntityTitle = PLANT
    full.file_meta.ImplementationVersionName = PLANT
    full.file_meta.TransferSyntaxUID = transfer_syntax
    full.SOPClassUID = dataset.SOPClassUID
    return full, count


@pytest.mark.parametrize("kind", ["CT", "MG"])
def test_of_text_planted_in_every_element_not_one_string_stays_in_any_byte(slices, kind):
    source = slices[0] if kind == "CT" else mammogram(3, MassSpec(), views=("RCC",)).datasets[0]
    full, count = planted(source)
    assert count > 1000
    assert written(full).count(PLANT.encode()) > 4 * count
    clean = written(deidentify(full, NAMES, site="north")[0])
    assert PLANT.encode() not in clean
    assert PLANT not in clean.decode("latin-1")


def test_the_picture_and_its_geometry_stay_to_the_bit(slices):
    clean = cleaned(slices[1])
    assert np.array_equal(clean.pixel_array, slices[1].pixel_array)
    for name in (
        "PixelSpacing",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "RescaleIntercept",
        "SliceThickness",
    ):
        assert clean[name].value == slices[1][name].value
    assert clean.Modality == "CT" and clean.SOPClassUID == CTImageStorage


def test_who_it_was_is_a_name_that_follows_from_key_project_site_and_issuer(slices):
    clean = cleaned(slices[0])
    assert clean.PatientName == clean.PatientID == name_of(slices[0])
    assert str(slices[0].PatientID) not in written(clean).decode("latin-1")
    assert clean.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in clean.DeidentificationMethodCodeSequence] == ["113100", "113107", "113108"]
    others = {
        NAMES.patient("south", "", "P1"),
        NAMES.patient("north", "issuer", "P1"),
        NAMES.patient("north", "", "P1"),
        NAMES.patient("north", "", "P2"),
        Pseudonyms(b"k" * 32, "other").patient("north", "", "P1"),
        Pseudonyms(b"l" * 32, "trial").patient("north", "", "P1"),
    }
    assert len(others) == 6


def test_uids_change_alike_through_a_study_and_what_refers_to_it(slices):
    first, second = copy_of(slices[0]), copy_of(slices[1])
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, first.SOPInstanceUID
    second.ReferencedImageSequence = Sequence([reference])
    one, two = cleaned(first), cleaned(second)
    assert one.StudyInstanceUID == two.StudyInstanceUID != first.StudyInstanceUID
    assert one.SeriesInstanceUID == two.SeriesInstanceUID
    assert one.FrameOfReferenceUID == two.FrameOfReferenceUID != first.FrameOfReferenceUID
    assert two.ReferencedImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID != two.SOPInstanceUID
    assert two.ReferencedImageSequence[0].ReferencedSOPClassUID == CTImageStorage
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    assert one.SOPInstanceUID.startswith("2.25.") and one.SOPInstanceUID.is_valid


def test_dates_move_by_the_same_days_for_one_patient_and_keep_their_distance(slices):
    early, late = copy_of(slices[0]), copy_of(slices[0])
    early.StudyDate, early.AcquisitionDateTime = "20240228", "20240228101500.250000"
    late.StudyDate = "20240301"
    one, two = cleaned(early), cleaned(late)
    days = NAMES.days(name_of(early))
    assert 1 <= days <= 3650
    moved = np.datetime64("2024-02-28") - np.timedelta64(days, "D")
    assert one.StudyDate == str(moved).replace("-", "")
    assert one.AcquisitionDateTime == f"{one.StudyDate}101500.250000"
    gap = np.datetime64(f"{two.StudyDate[:4]}-{two.StudyDate[4:6]}-{two.StudyDate[6:]}") - moved
    assert gap == np.timedelta64(2, "D")
    assert one.LongitudinalTemporalInformationModified == "MODIFIED"


@pytest.mark.parametrize(
    ("age", "told"), [("045Y", "045Y"), ("089Y", "089Y"), ("090Y", "090Y"), ("101Y", "090Y"), ("x", None)]
)
def test_an_age_above_89_is_90(slices, age, told):
    source = copy_of(slices[0])
    source.PatientAge = age
    assert cleaned(source).get("PatientAge") == told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "carry text"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "capture"),
        ({"SOPInstanceUID": ""}, "no SOPInstanceUID"),
        ({"OverlayRows": 64}, "overlay lies inside"),
    ],
)
def test_what_may_carry_text_in_its_pixels_is_refused(slices, change, words):
    source = copy_of(slices[0])
    for name, value in change.items():
        if name == "OverlayRows":
            source.add_new(0x60000010, "US", value)
        else:
            setattr(source, name, value)
    with pytest.raises(Refused, match=words):
        deidentify(source, NAMES, site="north")


def test_what_is_no_image_is_refused(slices):
    source = copy_of(slices[0])
    del source.PixelData
    with pytest.raises(Refused, match="no image"):
        deidentify(source, NAMES, site="north")


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2) + data


@pytest.mark.parametrize(
    ("syntax", "comment"),
    [(JPEG2000Lossless, 0x64), (JPEGLSLossless, 0xFE), (JPEGLSLossless, 0xE1)],
    ids=["J2K", "JLS", "APP1"],
)
def test_comments_in_compressed_frames_go_and_the_picture_stays(slices, syntax, comment):
    source = copy_of(slices[0])
    picture = source.pixel_array
    source.compress(syntax, generate_instance_uid=False)
    (frame,) = generate_frames(source.PixelData, number_of_frames=1)
    at = 2 if syntax != JPEG2000Lossless else 4 + int.from_bytes(frame[4:6])
    source.PixelData = encapsulate([frame[:at] + segment(comment, PLANT.encode() * 3) + frame[at:]])
    assert PLANT.encode() in written(source)
    clean = cleaned(source)
    assert PLANT.encode() not in written(clean)
    assert np.array_equal(clean.pixel_array, picture)


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xfe\xff\xffabc", b"no picture at all"])
def test_frames_that_do_not_add_up_are_refused(frame):
    with pytest.raises(ValueError):
        without_comments(encapsulate([frame or b"\0\0"]), JPEGBaseline8Bit)
