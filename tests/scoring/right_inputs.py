"""What each model must read: studies as scanners, archives and senders really make them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from screening.phantoms.breast import mammogram
from screening.phantoms.chest import chest_ct
from screening.phantoms.head import head_ct
from screening.scoring.types import StudyInput
from tests.scoring import studies as made
from tests.scoring.studies import chest, films, head, hounsfield, study_of, tagged
from tests.scoring.wrong_inputs import CORONAL, FOR_PROCESSING, SECONDARY_CAPTURE


@dataclass(frozen=True)
class RightInput:
    name: str
    programme: str
    make: Callable[[], StudyInput]
    real: bool = False


def signed(datasets: Sequence[Dataset]) -> StudyInput:
    """Signed pixels that are Hounsfield units as they stand, padded with −2000 outside the scanner's circle."""
    copies = [deepcopy(item) for item in datasets]
    for item in copies:
        values = hounsfield([item])[0]
        rows, columns = np.mgrid[-1 : 1 : values.shape[0] * 1j, -1 : 1 : values.shape[1] * 1j]
        values[np.hypot(rows, columns) > 1.0] = -2000
        item.PixelData = np.ascontiguousarray(values, dtype="<i2").tobytes()
        item.PixelRepresentation, item.BitsStored, item.HighBit = 1, 16, 15
        item.PixelPaddingValue = -2000
        item["PixelPaddingValue"].VR = "SS"
        item.RescaleIntercept = 0
        del item.RescaleType
    return study_of(copies)


def among_others(datasets: Sequence[Dataset], *others: StudyInput) -> StudyInput:
    """The images beside others of the same study that no model reads."""
    study = study_of(datasets)
    more = [item for other in others for item in other.instances]
    for index, item in enumerate(more):
        item.dataset.SOPInstanceUID, item.dataset.SeriesInstanceUID = f"1.2.9.{index}", "1.2.9"
    return StudyInput(study.study_uid, [*more, *study.instances])


def upside_down_stack(datasets: Sequence[Dataset]) -> StudyInput:
    """Feet first: the rows run the other way."""
    study = tagged(datasets, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0], PatientPosition="FFS")
    for item in study.instances:
        pixels = item.dataset.pixel_array[:, ::-1]
        item.dataset.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    return study


def white_on_black(datasets: Sequence[Dataset]) -> StudyInput:
    study = made.repainted(datasets, lambda stored: 4095 - stored)
    for item in study.instances:
        item.dataset.PhotometricInterpretation = "MONOCHROME1"
    return study


def _right(programme: str, name: str, make: Callable[[], StudyInput]) -> RightInput:
    return RightInput(name, programme, make)


def _tags(programme: str, name: str, **values: object) -> RightInput:
    base = {"lung": chest, "brain": head, "breast": films}[programme]
    return RightInput(name, programme, lambda: tagged(base(), **values))


SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
LUNG = [
    _right("lung", "a chest", lambda: study_of(chest())),
    _right("lung", "another chest, 4 mm", lambda: study_of(chest_ct(21, [], slices=60, slice_mm=4.0, size=128).datasets)),
    _right("lung", "a third chest, 256 pixels", lambda: study_of(chest_ct(22, slices=48, slice_mm=5.0, size=256).datasets)),
    _tags("lung", "Siemens habits", Manufacturer="SIEMENS", ConvolutionKernel=["B70f", "3"], BodyPartExamined="THORAX", ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"], RescaleType=None),
    _tags("lung", "GE habits", Manufacturer="GE MEDICAL SYSTEMS", ConvolutionKernel="LUNG", StudyDescription="CHEST WO", SeriesDescription="LUNG 1.25", PatientAge=None),
    _tags("lung", "Philips habits", Manufacturer="Philips", ConvolutionKernel="YA", SeriesDescription="Thorax lung", RescaleType="US", ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "HELIX"]),
    _tags("lung", "a body part left at the protocol's default", BodyPartExamined="ABDOMEN"),
    _tags("lung", "no word about the body part", BodyPartExamined="", StudyDescription="", SeriesDescription=""),
    _tags("lung", "a de-identified age", PatientAge="000Y", PatientBirthDate=""),
    _tags("lung", "contrast medium, a limitation only", ContrastBolusAgent="Iohexol"),
    _tags("lung", "a derived series without an original", ImageType=["DERIVED", "PRIMARY", "AXIAL"]),
    _right("lung", "signed pixels with padding", lambda: signed(chest())),
    _right("lung", "feet first", lambda: upside_down_stack(chest())),
    _right("lung", "two slices missing", lambda: study_of([*chest()[:20], *chest()[22:]])),
    _right("lung", "images that came twice", lambda: StudyInput("1.2", [*study_of(chest()).instances, *study_of(chest()).instances])),
    _right("lung", "beside scout, dose page and coronal reformats", lambda: among_others(chest(), tagged(chest()[:2], ImageType=SCOUT), tagged(chest()[:1], SOPClassUID=SECONDARY_CAPTURE), tagged(chest()[:40], ImageOrientationPatient=CORONAL))),
]  # fmt: skip
BRAIN = [
    _right("brain", "a head with a bleed", lambda: study_of(head())),
    _right("brain", "a head without", lambda: study_of(made.halved(head_ct(21, slices=26).datasets))),
    _right("brain", "uneven slices", lambda: study_of(made.halved(head_ct(22, positions_mm=[-50.0 + 4 * i for i in range(13)] + [2.0 + 7 * i for i in range(13)]).datasets))),
    _tags("brain", "GE habits", Manufacturer="GE MEDICAL SYSTEMS", ConvolutionKernel="STD+", StudyDescription="HEAD", SeriesDescription="", PatientAge=None),
    _tags("brain", "Siemens habits", ConvolutionKernel="J40s", ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SEQ"], SeriesDescription="Head 5.0 J40s"),
    _tags("brain", "Toshiba habits", ConvolutionKernel="FC64", SeriesDescription="Brain BHC"),
    _tags("brain", "no contrast, said in words", ContrastBolusAgent="NONE", SeriesDescription="HEAD W/O CONTRAST"),
    _tags("brain", "without and with contrast ordered, this series without", StudyDescription="CT HEAD WITHOUT AND WITH CONTRAST", SeriesDescription="Axial without"),
    _right("brain", "signed pixels with padding", lambda: signed(head())),
    _right("brain", "beside its bone series and a contrast series", lambda: among_others(head(), tagged(head(), ConvolutionKernel="H70h"), tagged(head(), ContrastBolusAgent="Iohexol"))),
]  # fmt: skip
BREAST = [
    _right("breast", "two views", lambda: study_of(films())),
    _right("breast", "one view", lambda: study_of(films()[:1])),
    *[_right("breast", f"density {letter}", lambda letter=letter: study_of(mammogram(30, views=("LMLO",), density=letter).datasets)) for letter in "ad"],
    _right("breast", "MONOCHROME1", lambda: white_on_black(films())),
    _tags("breast", "view and side by text only", ViewCodeSequence=None, AnatomicRegionSequence=None, BodyPartExamined=""),
    _tags("breast", "sex not said, age wiped", PatientSex="", PatientAge="000Y", PatientBirthDate=""),
    _tags("breast", "an implant, a limitation only", BreastImplantPresent="YES"),
    _tags("breast", "no pixel size, a limitation only", ImagerPixelSpacing=None),
    _tags("breast", "a conversion type filled in by the archive", ConversionType="WSD", ImageType=["ORIGINAL", "PRIMARY", ""]),
    _right("breast", "beside spot views and images for processing", lambda: among_others(films(), tagged(films()[:1], PaddleDescription="SPOT"), tagged(films(), SOPClassUID=FOR_PROCESSING, PresentationIntentType="FOR PROCESSING"))),
]  # fmt: skip


def _rows(table: str) -> list[dict[str, str]]:
    path = made.DATA / table
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _real_heads(count: int) -> list[RightInput]:
    patients = sorted({row["patient"] for row in _rows("head_ct/slices.csv")}, key=int)
    chosen = patients[:: max(1, len(patients) // count)][:count]
    return [
        RightInput(
            f"pictures of patient {patient}", "brain", lambda patient=patient: study_of(made.jpeg_head(patient)), True
        )
        for patient in chosen
    ]


def _real_films(source: str, key: str, count: int) -> list[RightInput]:
    rows = _rows(f"{source}/images.csv")
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [
        RightInput(
            f"film {row[key]}",
            "breast",
            lambda row=row: study_of([made.jpeg_film(source, row[key], row["side"], row["view"])]),
            True,
        )
        for row in chosen
    ]


REAL = [
    RightInput("the real screening CT", "lung", lambda: study_of(made.read_ct(made.CHEST_CT, 2)), True),
    RightInput("the real head CT", "brain", lambda: study_of(made.read_ct(made.HEAD_CT)), True),
    RightInput("the real mammogram", "breast", lambda: study_of([pydicom.dcmread(made.MAMMOGRAM)]), True),
    *_real_heads(8),
    *_real_films("mammogram_masses", "image", 8),
    *_real_films("mammograms", "file", 6),
]
CASES = [*LUNG, *BRAIN, *BREAST, *REAL]
