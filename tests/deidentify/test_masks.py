"""Burned-in text: masked where a published list says where a device writes it, refused where none does."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

from screening.deidentify.mask_child import Masker
from screening.deidentify.masks import DEVICES, Device, device_of
from screening.deidentify.rules import Refused, deidentify
from screening.dicom.pixels import PixelError
from screening.phantoms.chest import chest_ct
from tests.deidentify.conftest import NAMES, cleaned, read, written


@pytest.fixture(scope="module")
def plain() -> Dataset:
    return chest_ct(4, nodules=None, slices=1, size=64).datasets[0]


def picture_of(device: Device, plain: Dataset, *, colour: bool = True, frames: int = 1) -> Dataset:
    """An image as the device would write it, every pixel bright."""
    made = read(written(plain))
    rows = device.rows or 512
    made.Modality, made.Manufacturer, made.ManufacturerModelName = device.modality, device.maker, device.model
    made.ImageType = ["ORIGINAL", "PRIMARY", device.kind] if device.kind else ["ORIGINAL", "PRIMARY"]
    made.SeriesDescription, made.Rows, made.Columns = device.series, rows, device.columns
    made.SOPClassUID = UltrasoundImageStorage if device.modality == "US" else plain.SOPClassUID
    made.BurnedInAnnotation = "YES"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        made.PlanarConfiguration = 0
    if frames > 1:
        made.NumberOfFrames = frames
    shape = (frames, rows, device.columns, 3) if colour else (frames, rows, device.columns)
    made.PixelData = np.random.default_rng(7).integers(100, 255, shape, dtype=np.uint8).tobytes()
    made["PixelData"].VR = "OB"
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


@pytest.mark.parametrize("device", DEVICES, ids=lambda each: f"{each.name}-{each.rows}x{each.columns}")
def test_every_rectangle_of_the_table_lies_in_its_image_and_leaves_most_of_it(device):
    rows = device.rows or 10_000
    for x, y, width, height in device.rectangles:
        assert x >= 0 and y >= 0 and x + width <= device.columns and y + height <= rows
    assert sum(width * height for _x, _y, width, height in device.rectangles) < device.columns * rows / 2
    assert device.source


@pytest.mark.parametrize("device", DEVICES[1:7:3], ids=lambda each: each.name)
def test_what_a_known_device_wrote_is_black_and_the_rest_as_it_was(plain, device):
    source = picture_of(device, plain)
    before = source.pixel_array.copy()
    clean, report = deidentify(source, NAMES, site="north")
    clean = read(written(clean))
    after = clean.pixel_array
    outside = np.ones(after.shape[:2], bool)
    for x, y, width, height in device.rectangles:
        assert not after[y : y + height, x : x + width].any()
        outside[y : y + height, x : x + width] = False
    assert (after[outside] == before[outside]).all()
    assert clean.BurnedInAnnotation == "NO"
    assert "113101" in [each.CodeValue for each in clean.DeidentificationMethodCodeSequence]
    assert report.masked == {device.name: 1}


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=["RLE", "JLS", "J2K"])
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "grey"])
def test_compressed_pictures_are_decoded_masked_and_written_uncompressed(plain, syntax, colour):
    source = picture_of(DEVICES[2], plain, colour=colour)
    before = source.pixel_array.copy()
    source.compress(syntax, generate_instance_uid=False)
    clean = cleaned(source)
    assert clean.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    after = clean.pixel_array
    assert not after[:47].any()
    assert (after[47:] == before[47:]).all()


def test_lossy_pictures_stay_marked_as_lossy_and_lose_nothing_more(plain):
    source = picture_of(DEVICES[2], plain)
    out = io.BytesIO()
    Image.fromarray(source.pixel_array).save(out, "JPEG", quality=80)
    source.PixelData = encapsulate([out.getvalue() + b"\0" * (out.tell() % 2)])
    source["PixelData"].is_undefined_length = True
    source.PhotometricInterpretation = "YBR_FULL_422"
    source.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    before = pixel_array(source)
    clean = cleaned(source)
    assert (clean.LossyImageCompression, clean.PhotometricInterpretation) == ("01", "RGB")
    assert not clean.pixel_array[:47].any()
    assert (clean.pixel_array[47:] == before[47:]).all()


def test_every_frame_of_a_loop_is_masked(plain):
    clean = cleaned(picture_of(DEVICES[2], plain, frames=3))
    assert clean.pixel_array.shape[0] == 3
    assert not clean.pixel_array[:, :47].any() and clean.pixel_array[:, 47:].all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Rows": 481}, "ultrasound"),
        ({"ManufacturerModelName": "Other"}, "as the file itself says"),
        ({"BurnedInAnnotation": "", "ManufacturerModelName": "Other"}, "ultrasound"),
        (
            {"BurnedInAnnotation": "", "Modality": "OT", "SOPClassUID": SecondaryCaptureImageStorage},
            "capture",
        ),
    ],
)
def test_without_a_known_device_it_is_refused_with_the_reason(plain, change, words):
    source = picture_of(DEVICES[2], plain)
    for name, value in change.items():
        setattr(source, name, value)
    if "Rows" in change:
        source.BurnedInAnnotation = ""
    with pytest.raises(Refused, match=words):
        deidentify(source, NAMES, site="north")


@pytest.mark.parametrize("kind", ["SCREEN SAVE", "DOSE_INFO", "CSA REPORT", "PATIENT PROTOCOL"])
def test_screens_and_sheets_that_say_so_are_refused(plain, kind):
    source = read(written(plain))
    source.ImageType = ["DERIVED", "SECONDARY", kind]
    assert device_of(source) is None
    with pytest.raises(Refused, match="screen or a sheet"):
        deidentify(source, NAMES, site="north")


def test_masking_in_a_child_process_gives_the_same_picture_and_outlives_hostile_pixels(plain):
    child = Masker(hung_s=60)
    try:
        broken = picture_of(DEVICES[2], plain)
        broken.compress(JPEG2000Lossless, generate_instance_uid=False)
        broken.PixelData = broken.PixelData[:40] + bytes(len(broken.PixelData) - 40)
        with pytest.raises(PixelError):
            child.masked(broken, DEVICES[2].rectangles)
        here = cleaned(picture_of(DEVICES[2], plain))
        there = cleaned(picture_of(DEVICES[2], plain), mask=child.masked)
        assert written(here) == written(there)
    finally:
        child.close()


def test_pixels_that_cannot_be_masked_are_refused_not_left(plain):
    source = picture_of(DEVICES[2], plain)
    source.PixelData = source.PixelData[:100]
    with pytest.raises(Refused, match="cannot be masked"):
        deidentify(source, NAMES, site="north")
