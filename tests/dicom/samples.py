"""Good files of every kind, which the fuzzer damages. Each names its patient by `SECRETS` and its study by `PLACE`."""

from __future__ import annotations

import random
from functools import cache
from io import BytesIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from config.data import data_folder
from screening.phantoms.headers import as_bytes, fictional_patient, mammogram_dataset
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, encoded

SECRETS = ("ZZSECRETNAME", "ZZID4711", "ZZACC815", "19010203")
# Ten digits that stand in all three UIDs of a sample, and are replaced by a file's number.
PLACE = b"7770000001"
SIDE = 32


def patient(seed: int = 1):
    return fictional_patient(seed).renamed(
        name="ZZSECRETNAME^X", patient_id="ZZID4711", accession="ZZACC815", birth_date="19010203"
    )


def _named(dataset: Dataset) -> Dataset:
    dataset.PatientName, dataset.PatientID = "ZZSECRETNAME^X", "ZZID4711"
    dataset.AccessionNumber, dataset.PatientBirthDate = "ZZACC815", "19010203"
    root = "1.2.826.0.1.3680043.8.498.77." + PLACE.decode()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{root}.1", f"{root}.1.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{root}.1.1.1"
    return dataset


@cache
def samples() -> list[tuple[str, bytes]]:
    """Good files: every transfer syntax, many frames, colour, tables, nested groups, and real headers if they are there."""
    plain = _named(ct(side=SIDE))
    found = [(f"ct {syntax.name}", encoded(plain, syntax)) for syntax in (*UNCOMPRESSED, *COMPRESSED)]
    found += [
        (f"frames {syntax.name}", _compressed(_frames(), syntax))
        for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless)
    ]
    view = mammogram_dataset(
        np.random.default_rng(1).random((SIDE, SIDE)), 0.1, patient(), key="mg", side="R", view="MLO"
    )
    found += [
        ("frames native", as_bytes(_frames())),
        ("mammogram", as_bytes(_named(view))),
        ("mammogram j2k", encoded(_named(view), JPEG2000Lossless)),
        ("rgb", as_bytes(_colour("RGB"))),
        ("rgb j2k", _compressed(_colour("RGB"), JPEG2000Lossless)),
        ("ybr 422", as_bytes(_colour("YBR_FULL_422"))),
        ("palette", as_bytes(_palette())),
        ("tables", as_bytes(_tables())),
        ("groups", as_bytes(_groups())),
        ("groups implicit", encoded(_groups(), ImplicitVRLittleEndian)),
    ]
    return found + _real()


def _compressed(dataset: Dataset, syntax: str) -> bytes:
    dataset = dcmread(BytesIO(as_bytes(dataset)))
    dataset.compress(syntax, generate_instance_uid=False)
    return as_bytes(dataset)


def _frames() -> Dataset:
    dataset = _named(ct(side=SIDE))
    dataset.NumberOfFrames = 3
    dataset.PixelData = dataset.PixelData * 3
    return dataset


def _colour(photometric: str) -> Dataset:
    dataset = _named(ct(side=SIDE))
    dataset.SamplesPerPixel, dataset.PlanarConfiguration, dataset.PhotometricInterpretation = 3, 0, photometric
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    length = SIDE * SIDE * (2 if photometric == "YBR_FULL_422" else 3)
    dataset.PixelData = random.Random(5).randbytes(length)
    del dataset.RescaleSlope, dataset.RescaleIntercept
    return dataset


def _palette() -> Dataset:
    dataset = _named(ct(side=SIDE))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = random.Random(6).randbytes(SIDE * SIDE)
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", random.Random(colour).randbytes(512))
    return dataset


def _tables() -> Dataset:
    dataset = _named(ct(side=SIDE))
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [256, 0, 16])
    table.add_new("LUTData", "OW", random.Random(7).randbytes(512))
    dataset.VOILUTSequence = Sequence([table])
    modality = Dataset()
    modality.add_new("LUTDescriptor", "US", [256, 0, 16])
    modality.ModalityLUTType = "HU"
    modality.add_new("LUTData", "OW", random.Random(8).randbytes(512))
    dataset.ModalityLUTSequence = Sequence([modality])
    del dataset.RescaleSlope, dataset.RescaleIntercept
    return dataset


def _groups() -> Dataset:
    """A multi-frame image whose geometry stands in functional groups."""
    dataset = _frames()
    frame, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImagePositionPatient = [0, 0, 5]
    measures.PixelSpacing = [0.7, 0.7]
    measures.SliceThickness = 2
    frame.PlanePositionSequence = Sequence([plane])
    frame.PixelMeasuresSequence = Sequence([measures])
    dataset.SharedFunctionalGroupsSequence = Sequence([frame])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([frame, frame, frame])
    return dataset


def _real() -> list[tuple[str, bytes]]:
    """Headers of real files around a corner of their pixels, under a name of ours; a plain image where there are none,
    so that the same number means the same damage everywhere."""
    found = []
    for folder in ("chest_ct_screening_nlst", "head_ct_ge", "mammogram_ge"):
        paths = sorted((data_folder() / "dicom" / folder).rglob("*.dcm"))
        if not paths:
            found.append((f"no {folder}", as_bytes(_named(ct(side=SIDE)))))
            continue
        dataset = dcmread(paths[0])
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            dataset.decompress()
        dataset.Rows = dataset.Columns = SIDE
        dataset.PixelData = dataset.PixelData[: SIDE * SIDE * dataset.BitsAllocated // 8]
        dataset["PixelData"].is_undefined_length = False
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        found.append((f"real {folder}", as_bytes(_named(dataset))))
    return found
