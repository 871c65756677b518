"""The real studies, as they are and with marks planted in them: nothing of a person or a place in any byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID_dictionary

from config.data import data_folder
from screening.deidentify.kept import VALUES
from tests.deidentify.conftest import PLANT, cleaned, read, strings_of, written
from tests.deidentify.test_documents import errors_of
from tests.deidentify.test_rules import planted

STUDIES = ("chest_ct_screening_nlst", "head_ct_ge", "mammogram_ge")
pytestmark = pytest.mark.data


def files_of(study: str) -> list[Path]:
    folder = data_folder() / "dicom" / study
    if not folder.is_dir():
        pytest.skip("the real studies are not here")
    return sorted(path for path in folder.iterdir() if path.is_file())


def stays(clean: Dataset, text: str) -> bool:
    """Words of the dictionaries and coded values may be the same as the file's: they are looked up, not copied."""
    said = {str(each.value) for each in clean.iterall() if each.keyword in ("CodeMeaning", "CodeValue")}
    return text in UID_dictionary or text in VALUES or text in said


# A few spread over the study with every run, all of them with the long ones.
EVERY = [(study, pace) for study in STUDIES for pace in (31,)]
EVERY += [pytest.param(study, 1, marks=pytest.mark.soak) for study in STUDIES]


@pytest.mark.parametrize(("study", "pace"), EVERY)
def test_of_every_text_and_uid_of_the_files_of_a_study_none_stays_in_any_byte(study, pace):
    new = set()
    for path in files_of(study)[::pace]:
        source = dcmread(path)
        clean = cleaned(source)
        whole = written(clean)
        left = [text for text in strings_of(source) if text.encode() in whole and not stays(clean, text)]
        assert not left, f"{len(left)} texts of {path.name} are still there"
        assert np.array_equal(clean.pixel_array, source.pixel_array)
        new.add((clean.StudyInstanceUID, clean.PatientID, clean.StudyDate))
    assert len(new) == 1, "one study stays one study"


@pytest.mark.parametrize("study", STUDIES)
def test_of_marks_planted_in_every_element_of_a_real_image_none_stays(study):
    source = dcmread(files_of(study)[0])
    full, count = planted(source)
    if source.file_meta.TransferSyntaxUID.is_encapsulated:
        full.PixelData = source.PixelData  # with a mark behind its last frame it is refused
    assert count > 1000 and PLANT.encode() in written(full)
    assert PLANT.encode() not in written(read(written(cleaned(full))))


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("study", STUDIES)
def test_of_real_images_none_is_worse_than_it_was(study, tmp_path):
    for path in files_of(study)[:2]:
        (tmp_path / "clean.dcm").write_bytes(written(cleaned(dcmread(path))))
        assert errors_of(tmp_path / "clean.dcm") <= errors_of(path)
