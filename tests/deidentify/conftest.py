"""What every test of de-identification uses: one project's names, a mark to plant, and bytes to look for it in."""

from __future__ import annotations

import io
import warnings

import pytest
from pydicom import Dataset, dcmread

from screening.deidentify.rules import Pseudonyms, deidentify

NAMES = Pseudonyms(b"k" * 32, "trial")
PLANT = "ZQPLANT"


@pytest.fixture(autouse=True)
def odd_values_are_the_point():
    """pydicom warns of values that no VR allows; here they are planted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def written(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


def cleaned(dataset: Dataset, **ways: object) -> Dataset:
    return read(written(deidentify(dataset, NAMES, site="north", **ways)[0]))


def strings_of(dataset: Dataset) -> set[str]:
    """Every text of a dataset at every depth that is long enough to be looked for."""
    found = set()
    for element in dataset.iterall():
        if element.VR in ("LO", "PN", "SH", "LT", "ST", "UT", "UC", "UI"):
            values = element.value if element.VM > 1 else [element.value]
            found |= {str(value) for value in values if value is not None and len(str(value)) > 5}
    return found
