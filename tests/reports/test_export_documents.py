"""A signed report in an export without persons: its SR and SEG, freed, of the same new study as the images."""

from __future__ import annotations

import io

import pytest
from pydicom import dcmread

from reports.services.drafting import ensure_report
from reports.services.export_documents import signed_documents
from screening.deidentify.rules import Pseudonyms
from screening.services.deidentifying import freed_objects
from tests.reports.test_export_service import signed

__all__ = ["signed"]
NAMES = Pseudonyms(b"k" * 32, "trial")


@pytest.mark.django_db
def test_report_and_segmentation_go_along_and_name_neither_patient_nor_reader(signed, reader):
    study = signed.study
    freed = [each for each in freed_objects(study, NAMES, with_reports=True) if not each.refused]
    found = {str(dcmread(io.BytesIO(each.data)).Modality): each.data for each in freed}
    assert {"SR", "SEG"} <= set(found)
    for data in found.values():
        read = dcmread(io.BytesIO(data))
        assert read.StudyInstanceUID == NAMES.uid(study.study_uid)
        assert read.PatientID == NAMES.patient("north", study.patient.issuer, study.patient.patient_id)
        for secret in (study.patient.name.split("^")[0], study.study_uid, reader.username, reader.last_name, "North"):
            assert secret.encode() not in data, secret


@pytest.mark.django_db
def test_what_is_not_signed_stays(make_study, north):
    study = make_study(north)
    ensure_report(study=study)
    assert list(signed_documents(study)) == []
