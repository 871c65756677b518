"""Believable DICOM headers around synthetic pixels: CT Image and Digital Mammography storage.

Everything is fictional and follows from a seed: the same seed gives the same bytes and UIDs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)
from pydicom.valuerep import DSfloat

UID_ROOT = "1.2.826.0.1.3680043.8.498.77."
FAMILY_NAMES = (
    "Aldersey",
    "Brantwood",
    "Calloway",
    "Dunmere",
    "Eskridge",
    "Fenwright",
    "Garrow",
    "Hollin",
    "Ivatt",
    "Jessop",
)
GIVEN_NAMES = {"F": ("Ada", "Clara", "Edith", "Greta", "Iris"), "M": ("Basil", "Edgar", "Hugo", "Karl", "Otto")}
VIEW_CODES = {
    "CC": ("399162004", "SCT", "cranio-caudal"),
    "MLO": ("399368009", "SCT", "medio-lateral oblique"),
}


@dataclass(frozen=True)
class Patient:
    """A fictional patient; `birth_date` and `study_date` as DICOM DA (YYYYMMDD)."""

    name: str
    patient_id: str
    birth_date: str
    sex: str
    study_date: str
    study_time: str
    accession: str

    def renamed(self, **changes: str) -> Patient:
        """The same patient with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True)
class PhantomStudy:
    """A synthetic study and what is truly in it.

    datasets: complete, with pixel data, in acquisition order. truth: by programme; lung
    {"nodules": [{"position_mm", "diameter_mm", "type", "lobe", "slice"}]}, others as their makers say.
    """

    programme: str
    datasets: list[Dataset]
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def study_uid(self) -> str:
        return str(self.datasets[0].StudyInstanceUID)

    def files(self) -> list[bytes]:
        """Every image as a Part 10 file."""
        return [as_bytes(dataset) for dataset in self.datasets]


def fictional_patient(seed: int, sex: str = "", age: int | None = None) -> Patient:
    """A patient by seed; sex "F", "M" or drawn; age in years or drawn from 52 to 74."""
    rng = np.random.default_rng([seed, 7])
    sex = sex or ("F" if rng.random() < 0.5 else "M")
    family = FAMILY_NAMES[int(rng.integers(len(FAMILY_NAMES)))]
    given = GIVEN_NAMES[sex][int(rng.integers(5))]
    study = date(2026, 1, 5) + timedelta(days=int(rng.integers(0, 280)))
    years = age if age is not None else int(rng.integers(52, 75))
    birth = study - timedelta(days=int(years * 365.25) + int(rng.integers(1, 360)))
    return Patient(
        name=f"{family}^{given}",
        patient_id=f"PH{seed:06d}",
        birth_date=f"{birth:%Y%m%d}",
        sex=sex,
        study_date=f"{study:%Y%m%d}",
        study_time=f"{int(rng.integers(8, 18)):02d}{int(rng.integers(60)):02d}00",
        accession=f"A{seed:07d}",
    )


def make_uid(*entropy: object) -> str:
    """A UID that follows from its arguments."""
    return str(generate_uid(prefix=UID_ROOT, entropy_srcs=[str(part) for part in entropy]))


def ct_datasets(
    hu: np.ndarray,
    spacing: tuple[float, float, float],
    patient: Patient,
    *,
    key: str,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    body_part: str = "CHEST",
    study_description: str = "CT CHEST LOW DOSE SCREENING",
    series_description: str = "Axial lung",
    series_number: int = 2,
    kernel: str = "FC51",
    window: tuple[float, float] = (-600.0, 1500.0),
    image_type: Sequence[str] = ("ORIGINAL", "PRIMARY", "AXIAL"),
    kvp: float = 120.0,
    milliampere_seconds: int = 30,
    orientation: Sequence[float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    positions: Sequence[Sequence[float]] | None = None,
) -> list[Dataset]:
    """One CT series, one dataset a slice.

    hu: (slices, rows, columns) Hounsfield units, first slice nearest the feet. spacing: mm between
    slices, rows, columns. origin: ImagePositionPatient of the first slice. key: names the study: the same key gives
    the same StudyInstanceUID, so that several series can share a study. window: centre, width.
    positions: one ImagePositionPatient a slice, in place of an even stack from `origin`.
    """
    series_uid = make_uid(key, "series", series_number)
    datasets = []
    for index, plane in enumerate(hu):
        place = positions[index] if positions is not None else (origin[0], origin[1], origin[2] + index * spacing[0])
        dataset = _common(patient, key, "CT", CTImageStorage, make_uid(key, "image", series_number, index))
        dataset.SeriesInstanceUID = series_uid
        dataset.SeriesNumber = series_number
        dataset.SeriesDescription = series_description
        dataset.StudyDescription = study_description
        dataset.BodyPartExamined = body_part
        dataset.ImageType = list(image_type)
        dataset.InstanceNumber = index + 1
        dataset.AcquisitionNumber = 1
        dataset.KVP = _ds(kvp)
        dataset.Exposure = milliampere_seconds
        dataset.ConvolutionKernel = kernel
        dataset.PatientPosition = "HFS"
        dataset.GantryDetectorTilt = _ds(0.0)
        dataset.SliceThickness = _ds(spacing[0])
        dataset.ImagePositionPatient = [_ds(value) for value in place]
        dataset.ImageOrientationPatient = [_ds(value) for value in orientation]
        dataset.SliceLocation = _ds(place[2])
        dataset.FrameOfReferenceUID = make_uid(key, "frame of reference")
        dataset.PositionReferenceIndicator = ""
        dataset.PixelSpacing = [_ds(spacing[1]), _ds(spacing[2])]
        dataset.RescaleIntercept = _ds(-1024.0)
        dataset.RescaleSlope = _ds(1.0)
        dataset.RescaleType = "HU"
        dataset.WindowCenter, dataset.WindowWidth = _ds(window[0]), _ds(window[1])
        _set_pixels(dataset, np.clip(np.rint(plane) + 1024, 0, 4095).astype(np.uint16), stored=12)
        datasets.append(dataset)
    return datasets


def mammogram_dataset(
    grey: np.ndarray,
    spacing: float,
    patient: Patient,
    *,
    key: str,
    side: str,
    view: str,
    photometric: str = "MONOCHROME2",
    instance_number: int = 1,
    study_description: str = "MAMMOGRAPHY SCREENING",
) -> Dataset:
    """One digital mammogram for presentation.

    grey: (rows, columns) 0 (black) to 1 (white) as seen, chest wall where the caller put it (left edge
    for a left breast by custom). spacing: mm a pixel. side: "L" or "R". view: "CC" or "MLO".
    With MONOCHROME1 the stored values are inverted so that the picture stays the same.
    """
    sop_class = DigitalMammographyXRayImageStorageForPresentation
    dataset = _common(patient, key, "MG", sop_class, make_uid(key, "image", side, view, instance_number))
    dataset.SeriesInstanceUID = make_uid(key, "series", side, view)
    dataset.SeriesNumber = instance_number
    dataset.SeriesDescription = f"{side} {view}"
    dataset.StudyDescription = study_description
    dataset.BodyPartExamined = "BREAST"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.InstanceNumber = instance_number
    dataset.ImageLaterality = side
    dataset.ViewPosition = view
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = VIEW_CODES[view]
    code.ViewModifierCodeSequence = DicomSequence([])
    dataset.ViewCodeSequence = DicomSequence([code])
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "76752008", "SCT", "Breast"
    dataset.AnatomicRegionSequence = DicomSequence([region])
    # the columns of a CC run to the other side of the body, those of an MLO to the feet and the other side
    other = "L" if side == "R" else "R"
    dataset.PatientOrientation = ["A" if side == "L" else "P", other if view == "CC" else f"F{other}"]
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.KVP = _ds(29.0)
    dataset.ImagerPixelSpacing = [_ds(spacing), _ds(spacing)]
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = _ds(0.0), _ds(1.0), "US"
    dataset.WindowCenter, dataset.WindowWidth = _ds(2048.0), _ds(4096.0)
    dataset.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.BreastImplantPresent = "NO"
    stored = np.rint(np.clip(grey, 0.0, 1.0) * 4095).astype(np.uint16)
    _set_pixels(dataset, 4095 - stored if photometric == "MONOCHROME1" else stored, stored=12)
    dataset.PhotometricInterpretation = photometric
    return dataset


def as_bytes(dataset: Dataset) -> bytes:
    """The dataset as a DICOM Part 10 file, Explicit VR Little Endian."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _common(patient: Patient, key: str, modality: str, sop_class: str, sop_uid: str) -> Dataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = sop_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = sop_uid
    dataset.StudyInstanceUID = make_uid(key, "study")
    dataset.StudyID = "1"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = patient.study_date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = patient.study_time
    dataset.AccessionNumber = patient.accession
    dataset.Modality = modality
    dataset.Manufacturer = "Firstread Phantom"
    dataset.ManufacturerModelName = "Synthetic 1"
    dataset.InstitutionName = "Phantom Hospital"
    dataset.ReferringPhysicianName = ""
    dataset.PatientName = patient.name
    dataset.PatientID = patient.patient_id
    dataset.IssuerOfPatientID = "PHANTOM"
    dataset.PatientBirthDate = patient.birth_date
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{_age(patient):03d}Y"
    return dataset


def _age(patient: Patient) -> int:
    return max(0, (int(patient.study_date) - int(patient.birth_date)) // 10000)


def _set_pixels(dataset: Dataset, pixels: np.ndarray, stored: int) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, stored, stored - 1
    dataset.PixelRepresentation = 0
    data = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW"


def _ds(value: float) -> DSfloat:
    """A decimal string of at most 16 characters (PS3.5 6.2)."""
    return DSfloat(float(value), auto_format=True)
