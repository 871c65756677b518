"""The synthetic studies that `make demo` shows: a believable morning's list with known truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.uid import MRImageStorage

from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, fictional_patient, make_uid

# HU of a head CT → a T1-like grey: air and bone dark, fat bright, fluid dark, white over grey matter.
T1_HU = (-1000.0, -300.0, -90.0, -20.0, 6.0, 26.0, 36.0, 65.0, 150.0, 300.0, 2000.0)
T1_GREY = (0.0, 20.0, 900.0, 500.0, 150.0, 520.0, 400.0, 420.0, 200.0, 60.0, 40.0)


def head_mr(seed: int, slices: int = 24) -> PhantomStudy:
    """A head with a T1-like grey and MR headers: shown, and out of scope for every model."""
    study = head_ct(seed, slices=slices)
    series_uid, study_uid = make_uid("mr-series", seed), make_uid("mr-study", seed)
    for number, dataset in enumerate(study.datasets, start=1):
        hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        grey = np.interp(hu, T1_HU, T1_GREY).astype(np.uint16)
        dataset.PixelRepresentation = 0
        dataset.PixelData = grey.tobytes()
        dataset.Modality = "MR"
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = make_uid("mr", seed, number)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, series_uid
        dataset.StudyDescription, dataset.SeriesDescription = "MR brain", "T1 axial"
        dataset.WindowCenter, dataset.WindowWidth = 350, 700
        for keyword in (
            "RescaleSlope",
            "RescaleIntercept",
            "RescaleType",
            "KVP",
            "ConvolutionKernel",
            "PixelPaddingValue",
        ):
            if keyword in dataset:
                delattr(dataset, keyword)
    return PhantomStudy("", study.datasets, {})


def _chest(seed: int, nodules: list[NoduleSpec]) -> Callable[[], PhantomStudy]:
    return lambda: chest_ct(seed, nodules, patient=fictional_patient(seed))


def _breast(seed: int, mass: MassSpec | None, **more: Any) -> Callable[[], PhantomStudy]:
    return lambda: mammogram(seed, mass, patient=fictional_patient(seed, "F"), **more)


def _head(seed: int, bleed: BleedSpec | None) -> Callable[[], PhantomStudy]:
    return lambda: head_ct(seed, bleed, patient=fictional_patient(seed))


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """name: what is in it. patient_id: of its fictional patient, known before it is drawn."""

    name: str
    patient_id: str
    make: Callable[[], PhantomStudy]


def _demo(seed: int, name: str, make: Callable[[], PhantomStudy]) -> DemoStudy:
    return DemoStudy(name, fictional_patient(seed).patient_id, make)


DEMO_STUDIES = (
    _demo(62, "Head CT without a bleed", _head(62, None)),
    _demo(42, "Chest CT without a nodule", _chest(42, [])),
    _demo(56, "Mammogram without a mass", _breast(56, None, density="a")),
    _demo(71, "Head MR, out of scope", lambda: head_mr(71)),
    _demo(57, "Mammogram with a missing view", _breast(57, None, views=("RCC", "LCC", "RMLO"), density="c")),
    _demo(
        43,
        "Chest CT with a large nodule",
        _chest(43, [NoduleSpec(17.0, "solid", "RUL"), NoduleSpec(9.0, "solid", "LLL")]),
    ),
    _demo(55, "Mammogram with a spiculated mass", _breast(55, MassSpec())),
    _demo(61, "Head CT with a bleed", _head(61, BleedSpec(volume_ml=34.0))),
)
