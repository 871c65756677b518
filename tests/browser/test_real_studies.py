"""The main job on real studies: JPEG-LS chest, head, and one mammogram that misses three views."""

from __future__ import annotations

import pydicom
import pytest

from config.data import data_folder
from tests.browser.job import Job, do_the_job
from tests.browser.studies import zipped_folder

pytestmark = [pytest.mark.browser, pytest.mark.data]


@pytest.fixture(params=["chest_ct_screening_nlst", "head_ct_ge", "mammogram_ge"])
def real_job(request, tmp_path) -> Job:
    folder = data_folder() / "dicom" / request.param
    if not folder.is_dir():
        pytest.skip("FIRSTREAD_DATA has no real studies here.")
    files = sorted(folder.iterdir())
    uid = str(pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)
    archive = zipped_folder(tmp_path / "study.zip", folder)
    return Job(archive, uid, len(files), scoring_s=150, single_view=request.param == "mammogram_ge")


def test_a_real_study_is_uploaded_scored_read_and_signed(real_job, sit_down, server):
    do_the_job(real_job, sit_down)
    assert server.rows("SELECT status FROM screening_study WHERE study_uid = ?", real_job.study_uid) == [("REPORTED",)]
