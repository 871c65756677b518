from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Verb
from accounts.roles import Role
from screening.models import Series
from tests.dicomweb.conftest import values

pytestmark = pytest.mark.django_db
JSON = "application/dicom+json"


@pytest.fixture
def list_of_three(north, make_study):
    """OSEI^MARA of 2026-01-10, OSEI^BEN of 2026-01-20, LIND^ANN of 2026-02-01; the last an MG."""
    made = []
    for number, (name, day, modality) in enumerate(
        [("OSEI^MARA", (2026, 1, 10), "CT"), ("OSEI^BEN", (2026, 1, 20), "CT"), ("LIND^ANN", (2026, 2, 1), "MG")], 1
    ):
        at = dt.datetime(*day, 23, 30, tzinfo=timezone.get_default_timezone())
        study = make_study(north, study_at=at, modality=modality, accession_number=f"ACC{number}")
        study.patient.name = name
        study.patient.patient_id = f"P{number}"
        study.patient.save()
        made.append(study)
    return made


def names(client, query: str, path: str = "/dicomweb/studies") -> list[str]:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code in (200, 204), answer.content
    if answer.status_code == 204:
        assert answer.content == b""
        return []
    assert answer["Content-Type"] == JSON
    return sorted({values(row, "00100010")[0]["Alphabetic"] for row in answer.json()})


OSEI, BEN, ANN = "OSEI^MARA", "OSEI^BEN", "LIND^ANN"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [ANN, BEN, OSEI]),
        ("PatientName=*", [ANN, BEN, OSEI]),
        ("PatientName=osei*", [BEN, OSEI]),
        ("PatientName=OSEI^MAR?", [OSEI]),
        ("PatientName=*A*N*", [ANN]),
        ("PatientName=OSEI", []),
        ("PatientName=mara osei&fuzzymatching=true", [OSEI]),
        ("00100010=LIND*", [ANN]),
        ("patientid=P2", [BEN]),
        ("PatientID=p2", []),
        ("AccessionNumber=ACC*", [ANN, BEN, OSEI]),
        ("AccessionNumber=AC.*", []),
        ("StudyDate=20260110", [OSEI]),
        ("StudyDate=20260111-20260201", [ANN, BEN]),
        ("StudyDate=-20260120", [BEN, OSEI]),
        ("StudyDate=20260121-", [ANN]),
        ("StudyTime=2330-2331", [ANN, BEN, OSEI]),
        ("StudyTime=-1200", []),
        ("ModalitiesInStudy=MG", [ANN]),
        ("ModalitiesInStudy=CT,MG", [ANN, BEN, OSEI]),
        ("PatientBirthDate=19600101", [ANN, BEN, OSEI]),
        ("PatientSex=M", []),
        ("PatientName=OSEI*&StudyDate=20260120", [BEN]),
    ],
)
def test_studies_are_found_by_what_is_asked(client, reader, list_of_three, query, found):
    client.force_login(reader)
    assert names(client, query) == found


def test_a_list_of_uids_finds_each_of_them(client, reader, list_of_three):
    client.force_login(reader)
    first, second, _third = (study.study_uid for study in list_of_three)
    assert names(client, f"StudyInstanceUID={first},{second}") == [BEN, OSEI]
    assert names(client, f"0020000D={first}\\{second}") == [BEN, OSEI]


@pytest.mark.parametrize(
    "query",
    [
        "EyeColour=blue",
        "00400275.00400007=x",
        "Modality=CT",
        "StudyDate=yesterday",
        "StudyDate=20261340",
        "StudyTime=99",
        "limit=some",
        "offset=-1",
        "PatientName=A*&PatientName=B*",
        "PatientName=A%00",
        "PatientName=*a*b*c*d*e*",
    ],
)
def test_what_cannot_be_searched_is_refused_rather_than_left_out(client, reader, list_of_three, query):
    """A condition left out would answer with more patients than were asked for."""
    client.force_login(reader)
    answer = client.get(f"/dicomweb/studies?{query}")
    assert answer.status_code == 400
    assert str(answer.json()["detail"]).endswith(".")


def test_results_come_in_parts_that_together_are_the_whole(client, reader, list_of_three):
    client.force_login(reader)
    seen = [names(client, f"limit=1&offset={offset}") for offset in range(4)]
    assert sorted(sum(seen, [])) == [ANN, BEN, OSEI]
    assert seen[3] == []


def test_a_limit_beyond_the_most_and_a_field_that_is_not_kept_are_warned_of(client, reader, list_of_three):
    client.force_login(reader)
    assert "At most 1000" in client.get("/dicomweb/studies?limit=5000")["Warning"]
    assert client.get("/dicomweb/studies?includefield=PatientWeight")["Warning"].startswith("299 ")
    assert "Warning" not in client.get("/dicomweb/studies?includefield=all&includefield=StudyDescription")


def test_series_and_images_are_found_under_their_study(client, reader, sent):
    client.force_login(reader)
    (series,) = client.get(f"{sent.url}/series").json()
    assert values(series, "0020000E") == [sent.series]
    assert values(series, "00201209") == [3]
    assert "00100010" not in series
    assert client.get(f"{sent.url}/series?includefield=PatientName").json()[0]["00100010"]["vr"] == "PN"
    for path in (f"{sent.url}/instances", f"{sent.series_url}/instances"):
        found = client.get(path).json()
        assert [values(image, "00080018")[0] for image in found] == sent.images
    found = client.get(f"{sent.series_url}/instances?SOPInstanceUID={sent.images[1]}&includefield=all").json()
    assert [values(image, "00080018")[0] for image in found] == sent.images[1:2]
    assert values(found[0], "00080060") == ["CT"] and "00100020" in found[0]
    assert client.get(values(found[0], "00081190")[0]).status_code == 200


def test_a_search_across_studies_names_the_patient_of_each_row(client, reader, list_of_three):
    client.force_login(reader)
    assert names(client, "Modality=MG", "/dicomweb/series") == [ANN]
    assert names(client, "PatientID=P1&InstanceNumber=1", "/dicomweb/instances") == [OSEI]


def test_every_modality_of_a_study_is_named(client, reader, north, make_study):
    study = make_study(north)
    Series.objects.create(site=north, study=study, series_uid="1.2.9", modality="SC")
    client.force_login(reader)
    (row,) = client.get("/dicomweb/studies?ModalitiesInStudy=SC").json()
    assert values(row, "00080061") == ["CT", "SC"]
    assert (values(row, "00201206"), values(row, "00201208")) == ([2], [2])


def test_a_name_in_several_scripts_keeps_each(client, reader, north, make_study):
    study = make_study(north)
    study.patient.name = "WANG^XIAODONG=王^小东=="
    study.patient.save()
    client.force_login(reader)
    (row,) = client.get("/dicomweb/studies").json()
    assert values(row, "00100010") == [{"Alphabetic": "WANG^XIAODONG", "Ideographic": "王^小东"}]


def test_nothing_of_another_site_is_found_by_any_search(client, stranger, sent):
    client.force_login(stranger)
    for path in ("studies", "series", "instances"):
        answer = client.get(f"/dicomweb/{path}?StudyInstanceUID={sent.study}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"{sent.url}/series").status_code == 404


def test_a_site_where_one_may_only_see_the_list_gives_no_search_results(client, make_user, north, south, make_study):
    person = make_user("both", Role.ADMINISTRATOR, north)
    Membership.objects.create(user=person, site=south, role=Role.READER)
    make_study(north)
    client.force_login(person)
    assert client.get("/dicomweb/studies").status_code == 204
    there = make_study(south)
    assert [values(row, "0020000D") for row in client.get("/dicomweb/studies").json()] == [[there.study_uid]]


def test_a_search_is_in_the_trail_without_its_words(client, reader, list_of_three):
    client.force_login(reader)
    client.get("/dicomweb/studies?PatientName=OSEI*&PatientID=P1")
    event = AuditEvent.objects.get(verb=Verb.PATIENTS_SEARCHED)
    assert event.detail == {"rows": 1, "source": "dicomweb", "level": "study"}
    assert event.actor == reader


def test_nobody_is_told_to_sign_in_in_json(client, sent):
    answer = client.get("/dicomweb/studies")
    assert answer.status_code in (401, 403) and answer.json()["detail"]


def test_only_json_is_given_as_a_search_result(client, reader, sent):
    client.force_login(reader)
    for accept in (JSON, "application/json", "*/*", f"text/html;q=0.5, {JSON}"):
        assert client.get("/dicomweb/studies", headers={"Accept": accept}).status_code == 200
    accept = 'multipart/related; type="application/dicom+xml"'
    assert client.get("/dicomweb/studies", headers={"Accept": accept}).status_code == 406
