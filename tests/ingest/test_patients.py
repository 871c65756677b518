"""Two numbers of one person merged and parted, and demographics corrected: with a trail, a way back, nothing rewritten."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEvent, Site, Verb
from accounts.services import note_authentication
from reports.models import FollowUp, Signature
from reports.services import drafting
from reports.services.erasing import erase_study
from screening.models import GlassBreak, Instance, Patient, PatientCorrection, PatientMerge, Study
from screening.phantoms.headers import as_bytes
from screening.services.emergency import break_glass
from screening.services.ingest import ingest_instance
from screening.services.patients import (
    PatientConflict,
    PatientError,
    correct_patient,
    merge_patients,
    shown_of,
    undo_merge,
)
from screening.storage import storage
from tests.ingest.images import ct
from tests.permissions_world import due_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(north, make_study) -> tuple[Study, Study]:
    return make_study(north), make_study(north)


@pytest.fixture
def desk(client, technologist):
    client.force_login(technologist)
    request = type("Request", (), {"session": client.session})()
    note_authentication(request)
    request.session.save()
    return client


def merged(two, technologist, **changes) -> PatientMerge:
    words = {"kept": two[0].patient, "gone": two[1].patient, "reason": "One person, two numbers"}
    return merge_patients(actor=technologist, **(words | changes))


def patients_of(*studies: Study) -> list[int]:
    return [Study.objects.get(pk=study.pk).patient_id for study in studies]


def image(patient_id: str, study: str, number: int = 1, name: str = "Osei^Ama") -> bytes:
    made = ct()
    made.PatientID, made.PatientName = patient_id, name
    made.StudyInstanceUID = f"1.2.826.0.1.3680043.10.7.{study}"
    made.SeriesInstanceUID = f"{made.StudyInstanceUID}.1"
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"{made.SeriesInstanceUID}.{number}"
    return as_bytes(made)


def taken_in(north, data: bytes) -> str:
    return ingest_instance(data=data, source="test", site=north, actor=None).result


def test_the_studies_move_and_undoing_brings_each_back_where_it_was(two, technologist):
    before = patients_of(*two)
    merge = merged(two, technologist)
    assert patients_of(*two) == [before[0], before[0]]
    undo_merge(merge=merge, actor=technologist)
    assert patients_of(*two) == before
    with pytest.raises(PatientConflict, match="undone already"):
        undo_merge(merge=merge, actor=technologist)


def test_both_acts_are_on_record_by_number_alone(two, technologist):
    undo_merge(merge=merged(two, technologist), actor=technologist)
    events = AuditEvent.objects.filter(verb__in=(Verb.PATIENTS_MERGED, Verb.MERGE_UNDONE)).order_by("id")
    assert [event.verb for event in events] == [Verb.PATIENTS_MERGED, Verb.MERGE_UNDONE]
    for event in events:
        assert (event.actor, event.object_id, event.detail["studies"]) == (technologist, str(two[0].patient_id), 1)
        assert two[1].patient.patient_id not in str(event.detail) and "One person" not in str(event.detail)


def test_what_comes_in_later_under_the_old_number_joins_and_goes_back_with_the_others(north, two, technologist):
    assert taken_in(north, image("OLD-1", "1")) == taken_in(north, image("NEW-1", "2")) == "stored"
    old, new = Patient.objects.get(patient_id="OLD-1"), Patient.objects.get(patient_id="NEW-1")
    merge = merge_patients(kept=new, gone=old, reason="One person", actor=technologist)
    assert taken_in(north, image("OLD-1", "3")) == "stored"
    assert taken_in(north, image("OLD-1", "1", number=2)) == "stored", "a late image of a study that moved"
    assert new.studies.count() == 3 and old.studies.count() == 0
    assert not Patient.objects.get(pk=new.pk).mismatch
    undo_merge(merge=merge, actor=technologist)
    assert sorted(study.study_uid[-1] for study in old.studies.all()) == ["1", "3"]
    assert [study.study_uid[-1] for study in new.studies.all()] == ["2"]


def test_a_chain_of_merges_is_undone_from_its_end(north, make_study, technologist):
    first, second, third = (make_study(north) for _each in range(3))
    before = patients_of(first, second, third)
    one = merge_patients(kept=second.patient, gone=first.patient, reason="One person", actor=technologist)
    two = merge_patients(kept=third.patient, gone=second.patient, reason="One person", actor=technologist)
    assert set(patients_of(first, second, third)) == {before[2]}
    with pytest.raises(PatientConflict, match="undo that first"):
        undo_merge(merge=one, actor=technologist)
    undo_merge(merge=two, actor=technologist)
    assert patients_of(first, second, third) == [before[1], before[1], before[2]]
    undo_merge(merge=one, actor=technologist)
    assert patients_of(first, second, third) == before


def test_a_signed_report_keeps_every_byte_and_a_follow_up_goes_with_its_study(two, technologist, reader):
    report = drafting.ensure_report(study=two[1])
    due_tasks(report, reader)
    signed = {each.pk: (each.canonical, each.content_sha256) for each in Signature.objects.all()}
    merge = merged(two, technologist)
    assert {each.pk: (each.canonical, each.content_sha256) for each in Signature.objects.all()} == signed
    assert FollowUp.objects.get(study=two[1]).patient_id == two[0].patient_id
    undo_merge(merge=merge, actor=technologist)
    assert FollowUp.objects.get(study=two[1]).patient_id == two[1].patient_id


@pytest.mark.parametrize("wrong", ["same", "other site", "no reason", "no id"])
def test_what_is_no_merge_is_refused(two, south, make_study, technologist, administrator, wrong):
    changes = {
        "same": {"gone": two[0].patient},
        "other site": {"gone": make_study(south).patient},
        "no reason": {"reason": "  x "},
        "no id": {},
    }[wrong]
    if wrong == "no id":
        Patient.objects.filter(pk=two[1].patient_id).update(patient_id="")
        two[1].patient.refresh_from_db()
    with pytest.raises(PatientError):
        merged(two, technologist, **changes)
    assert not PatientMerge.objects.exists()


@pytest.mark.parametrize("role", ["reader", "trainee", "auditor"])
def test_only_those_who_manage_patients_do(two, role, request):
    person = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        merged(two, person)
    with pytest.raises(PermissionDenied):
        corrected(two[0].patient, person, name="Other^Name")


def corrected(patient: Patient, actor, seen: dict[str, str] | None = None, **values: str):
    shown = shown_of(patient)
    return correct_patient(
        patient=patient, values=shown | values, seen=seen or shown, reason="Misspelt at the desk", actor=actor
    )


def test_a_correction_changes_what_is_shown_keeps_what_it_was_and_no_stored_byte(north, technologist):
    data = image("PX-1", "8", name="Oseii^Ama")
    taken_in(north, data)
    patient = Patient.objects.get(patient_id="PX-1")
    was = shown_of(patient)
    row = corrected(patient, technologist, name="Osei^Ama", birth_date="1961-02-03")
    patient.refresh_from_db()
    assert (patient.name, patient.birth_date) == ("Osei^Ama", dt.date(1961, 2, 3))
    assert row.was == {"name": was["name"], "birth_date": was["birth_date"]}
    assert row.now == {"name": "Osei^Ama", "birth_date": "1961-02-03"}
    with storage().open_range(Instance.objects.get().sha256) as stream:
        assert stream.read() == data
    event = AuditEvent.objects.get(verb=Verb.PATIENT_CORRECTED)
    assert event.detail == {"correction": row.pk, "fields": ["name", "birth_date"]}


def test_files_that_still_say_the_old_name_raise_no_flag_and_another_name_does(north, technologist):
    taken_in(north, image("PX-2", "9", name="Oseii^Ama"))
    patient = Patient.objects.get(patient_id="PX-2")
    corrected(patient, technologist, name="Osei^Ama")
    taken_in(north, image("PX-2", "9", number=2, name="OSEII^AMA"))
    patient.refresh_from_db()
    assert (patient.name, patient.mismatch) == ("Osei^Ama", False)
    taken_in(north, image("PX-2", "9", number=3, name="Keller^Mara"))
    patient.refresh_from_db()
    assert patient.mismatch
    corrected(patient, technologist, name="Osei^Ama")
    patient.refresh_from_db()
    assert not patient.mismatch, "somebody has said what is right"


def test_of_two_corrections_at_once_the_later_is_told(two, technologist, administrator):
    patient = two[0].patient
    seen = shown_of(patient)
    corrected(patient, technologist, name="First^One")
    with pytest.raises(PatientConflict, match="Somebody else"):
        corrected(patient, administrator, seen=seen, name="Second^One")
    patient.refresh_from_db()
    assert patient.name == "First^One"
    assert corrected(patient, technologist) is None, "nothing differs"


@pytest.mark.parametrize(
    "values", [{"name": " "}, {"birth_date": "2999-01-01"}, {"birth_date": "yesterday"}, {"sex": "Q"}]
)
def test_an_impossible_correction_is_refused(two, technologist, values):
    before = shown_of(two[0].patient)
    with pytest.raises(PatientError):
        corrected(two[0].patient, technologist, **values)
    two[0].patient.refresh_from_db()
    assert shown_of(two[0].patient) == before


def test_on_the_page_patients_are_found_merged_parted_and_corrected(desk, two):
    kept, gone = two[0].patient, two[1].patient
    page = desk.post("/patients/", {"words": "testpatient"}).content.decode()
    assert kept.patient_id in page and gone.patient_id in page
    answer = desk.post(f"/patients/{kept.pk}/merge/", {"other": gone.patient_id, "reason": "One person"})
    assert answer.status_code == 302
    merge = PatientMerge.objects.get()
    page = desk.get(f"/patients/{kept.pk}/").content.decode()
    assert two[1].study_uid in page and "One person" in page
    assert "Merged with another patient" in desk.get(f"/patients/{gone.pk}/").content.decode()
    assert desk.post(f"/patients/merges/{merge.pk}/undo/").status_code == 302
    shown = shown_of(kept)
    body = shown | {f"seen-{name}": value for name, value in shown.items()} | {"name": "A^B", "reason": "Misspelt"}
    assert desk.post(f"/patients/{kept.pk}/correct/", body).status_code == 302
    assert desk.post(f"/patients/{kept.pk}/correct/", body).status_code == 409, "the page was an old one"
    assert "A^B" in desk.get(f"/patients/{kept.pk}/").content.decode()


def test_another_sites_patient_is_not_there(desk, two, south, make_study):
    theirs = make_study(south).patient
    assert desk.get(f"/patients/{theirs.pk}/").status_code == 404
    assert theirs.patient_id not in desk.post("/patients/", {"words": "testpatient"}).content.decode()
    for act in ("merge", "correct"):
        assert desk.post(f"/patients/{theirs.pk}/{act}/", {"reason": "One person"}).status_code == 404
    body = {"other": theirs.patient_id, "reason": "One person"}
    Patient.objects.filter(pk=theirs.pk).update(patient_id="ONLY-SOUTH")
    assert desk.post(f"/patients/{two[0].patient_id}/merge/", body | {"other": "ONLY-SOUTH"}).status_code == 400


def test_when_the_last_study_is_erased_every_name_and_reason_of_the_person_goes(
    two, technologist, administrator, stranger
):
    Site.objects.update(break_glass_minutes=5)
    corrected(two[0].patient, technologist, name="ZZOLDNAME^X")
    corrected(Patient.objects.get(pk=two[0].patient_id), technologist, name="ZZNEWNAME^X")
    merged(two, technologist)
    break_glass(user=stranger, number=two[0].study_uid, reason="ZZREASON of an emergency")
    for study in two:
        erase_study(study=Study.objects.get(pk=study.pk), actor=administrator, reason="On request")
    left = [*Patient.objects.values_list("name", flat=True), *GlassBreak.objects.values_list("reason", flat=True)]
    assert not any("ZZ" in word or "TESTPATIENT" in word for word in left)
    assert not PatientMerge.objects.exists() and not PatientCorrection.objects.exists()
