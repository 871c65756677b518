"""Small CT images in every transfer syntax that can be written here."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
COMPRESSED = (RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGBaseline8Bit)
SIDE = 32


def ct_series(count: int = 1, *, key: str = "one", seed: int = 1, side: int = SIDE, **fields: object) -> list[Dataset]:
    """A series of noise, so that a compressed image is long enough to be damaged."""
    rng = np.random.default_rng(seed)
    hu = rng.integers(-1000, 1000, size=(count, side, side)).astype(np.float32)
    return ct_datasets(hu, (5.0, 12.0, 12.0), fictional_patient(seed), key=key, **fields)


def ct(**fields: object) -> Dataset:
    return ct_series(1, **fields)[0]


def encoded(dataset: Dataset, syntax: str) -> bytes:
    """The dataset as a file in a transfer syntax."""
    dataset = dcmread(io.BytesIO(as_bytes(dataset)))
    if syntax == JPEGBaseline8Bit:
        return _jpeg(dataset)
    if syntax in COMPRESSED:
        dataset.compress(syntax, generate_instance_uid=False)
        return as_bytes(dataset)
    if syntax == ExplicitVRLittleEndian:
        return as_bytes(dataset)
    dataset.file_meta.TransferSyntaxUID = syntax
    little = syntax == ImplicitVRLittleEndian
    if not little:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=little, little_endian=little, force_encoding=True)
    return buffer.getvalue()


def _jpeg(dataset: Dataset) -> bytes:
    stored = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    buffer = io.BytesIO()
    Image.fromarray((stored >> 4).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = encapsulate([buffer.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return as_bytes(dataset)
