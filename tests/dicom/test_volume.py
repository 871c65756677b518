"""Volumes are built from positions, and whatever is odd about them is said."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import JPEGLSLossless, RLELossless

from config.data import data_folder
from screening.dicom.pixels import PixelError, bitstream_size, frame_array, grey_array
from screening.dicom.volume import VolumeError, build_volume, choose_axial_series
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient, mammogram_dataset
from screening.scoring.types import InstanceInput

HEAD = data_folder() / "dicom" / "head_ct_ge"
PATIENT = fictional_patient(5)


@dataclass
class Images:
    instances: list[InstanceInput]


def sources(datasets: Sequence[Dataset]) -> list[InstanceInput]:
    return [InstanceInput(dataset, lambda dataset=dataset: as_bytes(dataset)) for dataset in datasets]


def ramp(slices: int = 8, size: int = 16) -> np.ndarray:
    return np.arange(slices, dtype=float)[:, None, None] * 10 + np.zeros((slices, size, size))


def series(slices: int = 8, spacing: float = 2.5, **options: object) -> list[Dataset]:
    return ct_datasets(ramp(slices), (spacing, 0.7, 0.8), PATIENT, key="volume", **options)  # type: ignore[arg-type]


def test_slices_in_any_order_become_a_volume_from_feet_to_head() -> None:
    shuffled = [series()[index] for index in (3, 0, 7, 5, 1, 2, 6, 4)]
    volume = build_volume(sources(shuffled))
    assert volume.hu[:, 0, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert volume.spacing == pytest.approx((2.5, 0.7, 0.8))
    assert volume.sop_uids[0] == series()[0].SOPInstanceUID
    assert not volume.flags.uneven_spacing
    assert volume.flags.missing_slices == 0


def test_spacing_comes_from_positions_and_never_from_slice_thickness() -> None:
    datasets = series()
    for dataset in datasets:
        dataset.SliceThickness = "9"
    assert build_volume(sources(datasets)).spacing[0] == pytest.approx(2.5)


def test_voxels_map_to_patient_coordinates() -> None:
    volume = build_volume(sources(series(origin=(-10.0, 20.0, 30.0))))
    assert volume.to_patient(1, 2, 3) == pytest.approx((-10 + 3 * 0.8, 20 + 2 * 0.7, 32.5))


def test_missing_slices_are_counted() -> None:
    datasets = series(12)
    assert build_volume(sources(datasets[:4] + datasets[6:])).flags.missing_slices == 2


def test_duplicates_are_dropped_and_counted() -> None:
    datasets = series()
    volume = build_volume(sources([*datasets, datasets[2]]))
    assert volume.flags.duplicates == 1
    assert len(volume.hu) == 8


def test_uneven_spacing_is_said() -> None:
    places = [(0.0, 0.0, z) for z in (0, 2, 4, 6, 9.4, 12.8, 16.2, 19.6)]
    assert build_volume(sources(series(positions=places))).flags.uneven_spacing


def test_a_tilted_gantry_is_said_and_spacing_is_along_the_normal() -> None:
    cosine, sine = float(np.cos(0.3)), float(np.sin(0.3))
    volume = build_volume(sources(series(orientation=(1, 0, 0, 0, cosine, -sine))))
    assert volume.flags.gantry_tilt == pytest.approx(17.2, abs=0.1)
    assert volume.spacing[0] == pytest.approx(2.5 * cosine)


def test_padding_becomes_air() -> None:
    datasets = series()
    for dataset in datasets:
        dataset.add_new("PixelPaddingValue", "US", 1024)
    volume = build_volume(sources(datasets))
    assert volume.hu.min() >= 0


def test_an_image_without_a_position_is_refused_with_a_sentence() -> None:
    datasets = series()
    del datasets[3].ImagePositionPatient
    with pytest.raises(VolumeError, match="where in the body"):
        build_volume(sources(datasets))


def test_mixed_pixel_sizes_are_refused() -> None:
    datasets = series()
    datasets[3].PixelSpacing = [0.5, 0.5]
    with pytest.raises(VolumeError, match="pixel size"):
        build_volume(sources(datasets))


def test_localizers_screen_saves_and_derived_series_are_not_chosen() -> None:
    axial = series()
    scout = series(slices=3, series_number=1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    saved = series(slices=30, series_number=8, image_type=("DERIVED", "SECONDARY", "SCREEN SAVE"))
    derived = series(slices=30, series_number=9, spacing=0.6, image_type=("DERIVED", "PRIMARY", "AXIAL"))
    chosen = choose_axial_series(Images(sources([*scout, *saved, *derived, *axial])))
    assert {source.dataset.SeriesNumber for source in chosen} == {2}


def test_the_thinner_series_of_equal_coverage_is_chosen_and_then_the_wanted_kernel() -> None:
    thick = series(slices=4, spacing=5.0, series_number=1)
    smooth = series(slices=8, spacing=2.2, series_number=2, kernel="FC13")
    sharp = series(slices=8, spacing=2.2, series_number=3, kernel="FC51")
    images = Images(sources([*thick, *sharp, *smooth]))
    assert choose_axial_series(images)[0].dataset.SeriesNumber == 2
    assert choose_axial_series(images, prefer_sharp=True)[0].dataset.SeriesNumber == 3


def test_a_study_without_axial_images_is_refused() -> None:
    sagittal = series(orientation=(0, 1, 0, 0, 0, -1))
    with pytest.raises(VolumeError, match="no axial"):
        choose_axial_series(Images(sources(sagittal)))


@pytest.mark.parametrize(
    ("keyword", "value", "sentence"),
    [
        ("Rows", 60000, "larger than any|fewer pixels"),
        ("Rows", 0, "usable image size"),
        ("NumberOfFrames", 2_000_000_000, "larger than any"),
        ("SamplesPerPixel", 3, "colour"),
        ("BitsAllocated", 12, "cannot be read"),
        ("RescaleSlope", "0", "same value"),
    ],
)
def test_a_header_that_lies_is_a_sentence_and_not_a_crash(keyword: str, value: object, sentence: str) -> None:
    dataset = series()[0]
    setattr(dataset, keyword, value)
    with pytest.raises(PixelError, match=sentence):
        frame_array(dataset)


def test_numbers_that_are_words_are_refused_with_a_sentence_or_ignored() -> None:
    datasets = series()
    for dataset in datasets:
        raw = RawDataElement(Tag("InstanceNumber"), "IS", 3, b"abc", 0, False, True)
        dataset._dict[raw.tag] = raw
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        readable = sources(series())
        hostile = [InstanceInput(d, source.read) for d, source in zip(datasets, readable, strict=True)]
        assert len(build_volume(hostile).hu) == 8
        raw = RawDataElement(Tag("RescaleSlope"), "DS", 3, b"abc", 0, False, True)
        datasets[0]._dict[raw.tag] = raw
        with pytest.raises(PixelError, match="rescale"):
            frame_array(datasets[0])


def test_truncated_pixels_are_refused() -> None:
    dataset = series()[0]
    dataset.PixelData = dataset.PixelData[:100]
    with pytest.raises(PixelError, match="fewer pixels"):
        frame_array(dataset)


def test_a_compressed_stream_of_another_size_is_refused_before_it_is_decoded() -> None:
    dataset = series()[0]
    dataset.compress(JPEGLSLossless)
    assert frame_array(dataset)[0, 0] == 0.0
    stream = bytearray(next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)))
    place = stream.find(b"\xff\xf7")
    stream[place + 5 : place + 9] = b"\xff\xf0\xff\xf0"
    assert bitstream_size(bytes(stream)) == (65520, 65520)
    dataset.PixelData = encapsulate([bytes(stream)])
    with pytest.raises(PixelError, match="size the header says"):
        frame_array(dataset)


def test_rle_pixels_decode_to_the_same_values() -> None:
    plain, packed = series()[5], series()[5]
    packed.compress(RLELossless)
    again = pydicom.dcmread(BytesIO(as_bytes(packed)))
    assert np.array_equal(frame_array(again), frame_array(plain))


def test_monochrome1_looks_the_same_as_monochrome2() -> None:
    grey = np.linspace(0, 1, 400).reshape(20, 20)
    pictures = [
        grey_array(mammogram_dataset(grey, 0.1, PATIENT, key="grey", side="L", view="CC", photometric=photometric))
        for photometric in ("MONOCHROME1", "MONOCHROME2")
    ]
    assert np.abs(pictures[0] - grey).max() < 0.01
    assert np.abs(pictures[0] - pictures[1]).max() < 0.01


def test_a_sigmoid_window_is_half_grey_at_its_centre() -> None:
    dataset = mammogram_dataset(np.full((8, 8), 0.5), 0.1, PATIENT, key="grey", side="L", view="CC")
    dataset.VOILUTFunction = "SIGMOID"
    dataset.WindowWidth = "400"
    assert grey_array(dataset).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.data
@pytest.mark.skipif(not HEAD.is_dir(), reason="FIRSTREAD_DATA has no head CT")
def test_the_real_tilted_unevenly_spaced_head_ct_becomes_a_volume() -> None:
    paths = sorted(HEAD.glob("*.dcm"))
    instances = [InstanceInput(pydicom.dcmread(path, stop_before_pixels=True), path.read_bytes) for path in paths]
    volume = build_volume(choose_axial_series(Images(instances)))
    assert volume.hu.shape == (28, 512, 512)
    assert volume.flags.gantry_tilt == pytest.approx(18.5)
    assert volume.flags.uneven_spacing
