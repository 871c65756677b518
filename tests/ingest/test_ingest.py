from __future__ import annotations

import datetime as dt
import logging
import random
import threading

import pytest
from django.db import connection
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from accounts.models import AuditEvent, Verb
from screening.models import IngestProblem, Instance, OrderPriority, Patient, Series, Study
from screening.phantoms.headers import as_bytes
from screening.programmes import route
from screening.services.ingest import IngestResult, ingest_instance
from screening.services.routing import facts_of
from screening.states import StudyStatus
from screening.storage import storage
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, ct_series, encoded

pytestmark = pytest.mark.django_db


def ingest(data: bytes, site, actor=None) -> IngestResult:
    return ingest_instance(data=data, source="upload", site=site, actor=actor)


def kept(instance: Instance) -> bytes:
    with storage().open_range(instance.sha256) as stream:
        return stream.read()


def test_a_new_image_makes_its_patient_study_series_and_bytes(north, technologist):
    dataset = ct(key="fresh")
    data = as_bytes(dataset)
    result = ingest(data, north, technologist)
    assert result == IngestResult("stored", "", "", dataset.StudyInstanceUID, dataset.SOPInstanceUID)
    instance = Instance.objects.get()
    assert kept(instance) == data
    study = instance.series.study
    assert (study.status, study.modality, study.instance_count) == (StudyStatus.RECEIVING, "CT", 1)
    assert study.description == "CT CHEST LOW DOSE SCREENING"
    assert study.patient.patient_id == dataset.PatientID
    assert study.patient.birth_date == dt.datetime.strptime(dataset.PatientBirthDate, "%Y%m%d").date()  # noqa: DTZ007
    assert study.due_at == study.base_due_at == study.received_at + dt.timedelta(hours=72)
    assert study.due_rule


def test_the_same_bytes_again_are_a_duplicate_and_change_nothing(north):
    data = as_bytes(ct())
    ingest(data, north)
    assert ingest(data, north).result == "duplicate"
    assert (Instance.objects.count(), Study.objects.get().instance_count) == (1, 1)
    assert not IngestProblem.objects.exists()


def test_a_duplicate_brings_lost_bytes_back(north):
    data = as_bytes(ct())
    ingest(data, north)
    key = Instance.objects.get().sha256
    storage()._path(key).unlink()
    assert ingest(data, north).result == "duplicate"
    assert storage().exists(key)


def test_other_bytes_under_a_known_uid_are_a_conflict_and_the_first_stay(north):
    first = ct(key="a")
    other = ct(key="a")
    other.InstanceNumber = 99
    ingest(as_bytes(first), north)
    result = ingest(as_bytes(other), north)
    assert (result.result, result.code, result.sop_uid) == ("rejected", "conflict", first.SOPInstanceUID)
    assert kept(Instance.objects.get()) == as_bytes(first)


def test_a_series_of_another_study_is_a_conflict(north):
    first, other = ct(key="a"), ct(key="b")
    other.SeriesInstanceUID = first.SeriesInstanceUID
    ingest(as_bytes(first), north)
    assert ingest(as_bytes(other), north).code == "conflict"
    assert (Study.objects.count(), Patient.objects.count()) == (1, 1)


def test_another_patient_id_in_a_known_study_is_refused(north):
    first, second = ct_series(2)
    second.PatientID = "SOMEBODYELSE"
    ingest(as_bytes(first), north)
    assert ingest(as_bytes(second), north).code == "patient_conflict"
    assert Patient.objects.count() == 1


def test_another_sites_images_neither_show_nor_stand_in_the_way(north, south):
    data = as_bytes(ct())
    other = ct()
    other.InstanceNumber = 99
    assert ingest(data, north).result == "stored"
    assert ingest(as_bytes(other), south).result == "stored"
    assert Patient.objects.count() == Study.objects.count() == 2
    assert ingest(data, south).code == "conflict"
    assert not IngestProblem.objects.filter(site=north).exists()


def test_one_patient_id_is_one_patient_and_another_birth_date_is_flagged(north):
    first, second = ct(key="a", seed=5), ct(key="b", seed=5)
    second.PatientBirthDate = "19300101"
    ingest(as_bytes(first), north)
    assert not Patient.objects.get().mismatch
    assert ingest(as_bytes(second), north).result == "stored"
    patient = Patient.objects.get()
    assert patient.mismatch
    assert patient.birth_date.year != 1930


def test_another_name_under_the_same_id_is_flagged_but_not_its_spelling(north):
    first, second, third = (ct(key=key, seed=5) for key in "abc")
    first.PatientName, second.PatientName, third.PatientName = "Doe^Jane", "DOE^JANE^^", "Roe^Richard"
    ingest(as_bytes(first), north)
    ingest(as_bytes(second), north)
    assert not Patient.objects.get().mismatch
    ingest(as_bytes(third), north)
    assert (Patient.objects.get().mismatch, Patient.objects.get().name) == (True, "Doe^Jane")


def test_images_without_a_patient_id_never_fall_into_one_patient(north):
    for key in "ab":
        for dataset in ct_series(2, key=key):
            dataset.PatientID = ""
            assert ingest(as_bytes(dataset), north).result == "stored"
    assert Patient.objects.count() == 2


def test_the_same_id_of_another_issuer_is_another_patient(north):
    first, second = ct(key="a", seed=5), ct(key="b", seed=5)
    second.IssuerOfPatientID = "ELSEWHERE"
    ingest(as_bytes(first), north)
    ingest(as_bytes(second), north)
    assert Patient.objects.count() == 2


def test_the_studys_modality_is_the_one_most_images_have(north):
    captures = ct_series(1, key="m", series_number=9)
    for dataset in captures:
        dataset.Modality = "OT"
    for dataset in captures + ct_series(2, key="m"):
        ingest(as_bytes(dataset), north)
    assert Study.objects.get().modality == "CT"


def test_an_urgent_order_is_due_sooner_even_when_a_later_image_says_so(north):
    first, second = ct_series(2)
    second.RequestedProcedurePriority = "STAT"
    ingest(as_bytes(first), north)
    ingest(as_bytes(second), north)
    study = Study.objects.get()
    assert study.order_priority == OrderPriority.STAT
    assert study.due_at == study.base_due_at == study.received_at + dt.timedelta(minutes=30)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (StudyStatus.QUEUED, StudyStatus.RECEIVING),
        (StudyStatus.SCORING, StudyStatus.RECEIVING),
        (StudyStatus.TO_READ, StudyStatus.RECEIVING),
        (StudyStatus.READING, StudyStatus.READING),
        (StudyStatus.REPORTED, StudyStatus.REPORTED),
    ],
)
def test_a_late_image_opens_the_study_again(north, before, after):
    first, late = ct_series(2)
    ingest(as_bytes(first), north)
    study = Study.objects.get()
    Study.objects.update(status=before, closed_at=study.received_at)
    assert ingest(as_bytes(late), north).result == "stored"
    study.refresh_from_db()
    assert (study.status, study.closed_at, study.instance_count) == (after, None, 2)


def test_a_transfer_makes_one_audit_event_a_study_and_each_rejection_its_own(north, technologist):
    for dataset in ct_series(5):
        ingest(as_bytes(dataset), north, technologist)
    ingest(b"no", north, technologist)
    ingest(b"no", north, technologist)
    stored = AuditEvent.objects.get(verb=Verb.INSTANCE_STORED)
    assert (stored.actor, stored.object_id) == (technologist, Study.objects.get().study_uid)
    assert AuditEvent.objects.filter(verb=Verb.INSTANCE_REJECTED).count() == 2


def test_damaged_compressed_pixels_are_rejected_at_the_door(north):
    data = bytearray(encoded(ct(side=64), JPEGLSLossless))
    data[-3000:-1500] = b"\xff" * 1500
    result = ingest(bytes(data), north)
    assert (result.result, result.code) == ("rejected", "damaged_pixels")
    assert not Instance.objects.exists()


def test_a_full_disk_is_told_and_leaves_no_row(north, monkeypatch):
    from screening.storage import LocalStorage

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalStorage, "put", full)
    assert ingest(as_bytes(ct()), north).code == "storage"
    assert not Study.objects.exists()


def test_no_patients_data_reaches_the_log_or_the_problem_list(north, caplog):
    dataset = ct()
    dataset.PatientName, dataset.PatientID = "SECRETNAME^X", "SECRETID"
    other = ct()
    other.PatientID = "SECRETOTHER"
    with caplog.at_level(logging.DEBUG):
        for item in (dataset, other):
            ingest(as_bytes(item), north)
        ingest(as_bytes(dataset)[:-40], north)
    problems = " ".join(f"{p.code} {p.reason}" for p in IngestProblem.objects.all())
    details = " ".join(str(event.detail) for event in AuditEvent.objects.all())
    assert IngestProblem.objects.count() == 2
    assert "SECRET" not in caplog.text + problems + details


def test_five_hundred_files_with_a_hundred_bad_ones_are_sorted_out(north):
    rng = random.Random(20)
    syntaxes = UNCOMPRESSED + COMPRESSED
    datasets = [d for key in range(10) for d in ct_series(50, key=f"k{key}", seed=key)]
    bad = set(rng.sample(range(500), 100))
    for index, dataset in enumerate(datasets):
        data = encoded(dataset, syntaxes[index % len(syntaxes)])
        if index not in bad:
            assert ingest(data, north).result == "stored", index
            continue
        result = ingest(_damage(data, rng), north)
        assert result.result == "rejected", (index, syntaxes[index % len(syntaxes)])
        assert result.code and result.reason
    assert Instance.objects.count() == 400
    assert IngestProblem.objects.count() == 100


def _damage(data: bytes, rng: random.Random) -> bytes:
    """Damage that no reader may overlook: cut, not DICOM at all, a broken prefix, or a file of noise."""
    kind = rng.randrange(4)
    if kind == 0:
        return data[: rng.randrange(len(data) - 20)]
    if kind == 1:
        return rng.randbytes(rng.randrange(1, 4000))
    if kind == 2:
        return data[:128] + b"DISC" + data[132:]
    return data[:132] + rng.randbytes(len(data) - 132)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, *COMPRESSED[1:]])
def test_random_damage_ends_stored_or_rejected_with_a_reason(north, syntax):
    rng = random.Random(hash(syntax) % 1000)
    for number, dataset in enumerate(ct_series(25, key=syntax)):
        data = bytearray(encoded(dataset, syntax))
        for _ in range(1 + number):
            data[rng.randrange(len(data))] = rng.randrange(256)
        result = ingest(bytes(data), north)
        assert result.result == "stored" or (result.result == "rejected" and result.code and result.reason)


def test_a_stored_chest_ct_is_routed_to_the_lung_programme(north):
    for dataset in ct_series(30):
        ingest(as_bytes(dataset), north)
    scout = ct(key="one", series_number=1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    ingest(as_bytes(scout), north)
    localizer, axial = facts_of(Study.objects.get())
    assert (localizer.images, localizer.primary) == (1, 0)
    assert (axial.primary, axial.body_part, axial.extent_mm, axial.in_plane_mm) == (30, "CHEST", 145.0, 384.0)
    assert route([localizer, axial]).programme == "lung"


@pytest.mark.django_db(transaction=True)
def test_two_senders_of_the_same_series_at_once_store_each_image_once(north):
    files = [as_bytes(dataset) for dataset in ct_series(6)]
    results: list[str] = []
    start = threading.Barrier(2)

    def send() -> None:
        try:
            start.wait()
            results.extend(ingest(data, north).result for data in files)
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(results) == ["duplicate"] * 6 + ["stored"] * 6
    assert Study.objects.get().instance_count == Instance.objects.count() == 6
    assert Series.objects.count() == Patient.objects.count() == 1
