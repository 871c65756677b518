from __future__ import annotations

import datetime as dt

import pytest
from pydicom.dataset import Dataset

from accounts.models import AuditEvent, Verb
from screening.models import Patient
from screening.selectors.query import BadQuery, matching_studies
from tests.dimse.conftest import FIND, calling

UTC = dt.UTC
NAMES = {
    "a": ("Aldersey^Ada", dt.datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "CT"),
    "b": ("BRANTWOOD^BASIL", dt.datetime(2026, 3, 2, 0, 0, tzinfo=UTC), "MG"),
    "c": ("Brantwood^Clara", dt.datetime(2026, 3, 9, 12, 0, tzinfo=UTC), "CT"),
    "d": ("Wang^XiaoDong=王^小東", None, "CT"),
}


@pytest.fixture
def studies(north, make_study):
    made = {}
    for key, (name, at, modality) in NAMES.items():
        study = make_study(north, study_at=at, modality=modality, accession_number=f"ACC-{key}")
        Patient.objects.filter(pk=study.patient_id).update(name=name)
        made[key] = study
    return made


def identifier(level="STUDY", **keys):
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.QueryRetrieveLevel = level
    dataset.StudyInstanceUID = ""
    for keyword, value in keys.items():
        setattr(dataset, keyword, value)
    return dataset


def ask(receiver, dataset, **caller):
    """(final status, identifiers)"""
    with calling(receiver, (FIND, None), **caller) as association:
        answers = list(association.send_c_find(dataset, FIND))
    return answers[-1][0], [found for _status, found in answers if found is not None]


def found(receiver, studies, **keys):
    status, answers = ask(receiver, identifier(**keys))
    assert status.Status == 0
    keys_of = {study.study_uid: key for key, study in studies.items()}
    return "".join(sorted(keys_of[answer.StudyInstanceUID] for answer in answers))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "abcd"),
        ("*", "abcd"),
        ("Aldersey^Ada", "a"),
        ("ALDERSEY^ADA^^", "a"),
        ("Brant*", "bc"),
        ("brantwood^c*", "c"),
        ("Brantw??d^*", "bc"),
        ("*Ada", "a"),
        ("Wang^Xiao*", "d"),
        ("王*", "d"),
        ("Wang*=王*", "d"),
        ("Brantwood", ""),
        (".*", ""),
        ("Aldersey_Ada", ""),
    ],
)
def test_studies_are_found_by_name_whatever_the_case(receive, studies, name, expected):
    assert found(receive(), studies, PatientName=name) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("20260301", "a"),
        ("20260302", "b"),
        ("20260301-20260302", "ab"),
        ("20260302-", "bc"),
        ("-20260302", "ab"),
        ("20250101-20250102", ""),
    ],
)
def test_studies_are_found_by_day_or_range_of_days(receive, studies, days, expected):
    assert found(receive(), studies, StudyDate=days) == expected


def test_studies_are_found_by_a_list_of_uids(receive, studies):
    uids = [studies["a"].study_uid, studies["c"].study_uid, "1.2.3"]
    assert found(receive(), studies, StudyInstanceUID=uids) == "ac"


def test_studies_are_found_by_accession_number_modality_and_patient_id(receive, studies):
    receiver = receive()
    assert found(receiver, studies, AccessionNumber="ACC-b") == "b"
    assert found(receiver, studies, AccessionNumber="acc-b") == ""
    assert found(receiver, studies, ModalitiesInStudy="MG") == "b"
    assert found(receiver, studies, ModalitiesInStudy=["MG", "CT"]) == "abcd"
    assert found(receiver, studies, PatientID=studies["c"].patient.patient_id) == "c"
    assert found(receiver, studies, PatientBirthDate="19600101", PatientName="Ald*") == "a"


def test_an_answer_holds_what_was_asked_for(receive, studies):
    query = identifier(PatientName="Wang*", StudyDate="", NumberOfStudyRelatedInstances=None, ModalitiesInStudy="")
    _status, (answer,) = ask(receive(), query)
    assert str(answer.PatientName) == NAMES["d"][0]
    assert (answer.NumberOfStudyRelatedInstances, answer.ModalitiesInStudy, answer.StudyDate) == (2, "CT", "")
    assert answer.StudyInstanceUID == studies["d"].study_uid
    assert "PatientID" not in answer


def test_series_and_images_are_found_below_a_named_study(receive, studies):
    receiver, uid = receive(), studies["a"].study_uid
    _status, series = ask(receiver, identifier("SERIES", StudyInstanceUID=uid, SeriesInstanceUID="", Modality="CT"))
    assert [answer.SeriesInstanceUID for answer in series] == [f"{uid}.1"]
    query = identifier(
        "IMAGE", StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1", SOPInstanceUID="", InstanceNumber="2"
    )
    _status, images = ask(receiver, query)
    assert [answer.SOPInstanceUID for answer in images] == [f"{uid}.1.2"]


@pytest.mark.parametrize(
    "query",
    [
        identifier("SERIES"),
        identifier("IMAGE", StudyInstanceUID="1.2"),
        identifier("PATIENT"),
        identifier(""),
        identifier(StudyDate="20260231"),
        identifier(PatientName="*a*b*c*d*e*"),
    ],
)
def test_a_query_that_cannot_be_matched_is_refused_without_an_answer(receive, studies, query):
    status, answers = ask(receive(), query)
    assert (status.Status, answers) == (0xA900, [])
    assert "a*b" not in status.ErrorComment


def test_more_matches_than_the_limit_end_in_out_of_resources(receive, studies):
    status, answers = ask(receive(max_matches=3), identifier())
    assert (status.Status, len(answers)) == (0xA700, 3)


@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
def test_nothing_of_another_site_is_found(receive, studies, south, make_study, level):
    other = make_study(south, accession_number="ACC-south")
    keys = {"StudyInstanceUID": other.study_uid, "SeriesInstanceUID": f"{other.study_uid}.1", "SOPInstanceUID": ""}
    assert ask(receive(), identifier(level, **keys))[1] == []
    assert ask(receive(site="south"), identifier(level, **keys))[1] != []


def test_a_query_is_audited_without_what_was_asked_for(receive, north, studies):
    ask(receive(), identifier(PatientName="Brant*"), title="PACS2")
    event = AuditEvent.objects.get(verb=Verb.PATIENTS_SEARCHED)
    assert event.site == north
    assert event.detail == {
        "source": "dimse",
        "caller": "PACS2",
        "address": "127.0.0.1",
        "level": "STUDY",
        "keys": ["PatientName"],
        "rows": 2,
    }


def test_too_many_uids_are_refused(north):
    with pytest.raises(BadQuery):
        matching_studies(site=north, keys={"StudyInstanceUID": ["1.2"] * 1001})
