"""Measurements as they are kept: every version, the server's own value, conflicts told with both."""

from __future__ import annotations

import threading
from uuid import uuid4

import numpy as np
import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pydicom import dcmread

from accounts.models import AuditEvent, Verb
from reports.selectors.beside import beside_json
from screening.dicom.measuring import MeasuringError
from screening.dicom.pixels import frame_array
from screening.models import Instance, Measurement, Study
from screening.selectors.measuring import listed_measurements, measurements_of
from screening.services.measuring import MeasurementConflict, MeasurementFrozen, save_measurement
from screening.services.reading import claim_study
from screening.states import StudyStatus
from screening.storage import storage
from tests.measuring.conftest import UID


@pytest.fixture
def save(ct_study, reader, line):
    def act(version=0, uid=UID, author=reader, **changes):
        return save_measurement(study=ct_study, author=author, uid=uid, version=version, sent=line(**changes))

    return act


def test_the_server_works_out_the_value_from_points_and_spacing(save):
    row, corrected = save(value=120.04)
    assert row.values == [{"name": "length", "value": 120.0, "unit": "mm"}]
    assert (row.basis, row.number, row.version, row.key, corrected) == ("patient", 1, 1, "m1", False)


def test_a_browser_that_claims_another_value_is_put_right(save):
    row, corrected = save(value=121.0)
    assert corrected and row.values[0]["value"] == 120.0


def test_a_change_is_a_new_version_and_the_old_one_stays(save, ct_study):
    save()
    row, _corrected = save(version=1, points=[[4, 4], [4, 9]])
    assert (row.number, row.version, row.values[0]["value"]) == (1, 2, 60.0)
    assert [each.version for each in measurements_of(ct_study)] == [2]
    assert Measurement.objects.count() == 2


def test_a_removal_keeps_what_was_there(save, ct_study):
    save(text="apex")
    gone, _corrected = save(version=1, removed=True)
    assert gone.removed and gone.points and measurements_of(ct_study) == []
    back, _corrected = save(version=2)
    assert (back.version, back.number) == (3, 1)
    assert len(listed_measurements(ct_study)) == 1


def test_numbers_are_never_given_twice(save):
    save()
    save(version=1, removed=True)
    assert save(uid=uuid4())[0].number == 2


def test_two_who_change_one_version_are_told_of_each_other(save, second_reader):
    save()
    theirs, _corrected = save(version=1, author=second_reader, points=[[4, 4], [4, 9]])
    with pytest.raises(MeasurementConflict) as conflict:
        save(version=1, points=[[4, 4], [4, 8]])
    assert conflict.value.theirs == theirs


def test_what_is_sent_again_because_the_answer_was_lost_adds_nothing(save):
    first, _corrected = save()
    again, _corrected = save()
    assert again == first and Measurement.objects.count() == 1
    save(version=1, removed=True)
    assert save(version=1, removed=True)[0].version == 2


def test_a_removal_of_what_never_was_is_a_conflict_with_nothing(save):
    with pytest.raises(MeasurementConflict) as conflict:
        save(removed=True)
    assert conflict.value.theirs is None


def test_a_measurement_stays_on_its_image_and_its_tool(save, ct_study):
    save()
    other = ct_study.series.get().instances.last().sop_uid
    for changes in ({"sop_uid": other}, {"tool": "arrow"}):
        with pytest.raises(MeasuringError):
            save(version=1, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"sop_uid": "1.2.3"}, {"sop_uid": None}, {"frame": 2}, {"frame": 0}, {"frame": "1"}, {"tool": "saw"}, {"tool": 7}],
)
def test_what_lies_on_no_image_of_the_study_is_refused(save, changes):
    with pytest.raises(MeasuringError):
        save(**changes)
    assert not Measurement.objects.exists()


def test_the_figures_of_a_region_come_from_the_stored_pixels(save, ct_study):
    row, _corrected = save(tool="rectangle", points=[[2, 3], [6, 3], [2, 8], [6, 8]])
    instance = Instance.objects.get(sop_uid=row.sop_uid)
    with storage().open_range(instance.sha256) as stream:
        inside = frame_array(dcmread(stream))[3:8, 2:6]
    told = {each["name"]: (each["value"], each["unit"]) for each in row.values}
    assert told["area"] == (4 * 5 * 144.0, "mm2")
    assert told["mean"] == (pytest.approx(float(np.mean(inside)), abs=1e-3), "HU")
    assert told["pixels"][0] == 20


def test_a_region_on_pixels_that_are_gone_keeps_its_area_alone(save, ct_study):
    Instance.objects.update(sha256="f" * 64)
    row, _corrected = save(tool="ellipse", points=[[5, 9], [5, 1], [3, 5], [7, 5]])
    assert [each["name"] for each in row.values] == ["area"]


def test_the_words_of_an_arrow_are_cleaned_and_cut(save):
    row, _corrected = save(tool="arrow", text="old\u202escar\n" + "x" * 500)
    assert row.text.startswith("old scar x") and len(row.text) <= 200 and row.values == []


def test_what_a_signed_report_rests_on_is_frozen_and_what_comes_later_is_not(save, ct_study):
    save()
    Study.objects.update(status=StudyStatus.REPORTED, reported_at=timezone.now())
    ct_study.refresh_from_db()
    for changes in ({"points": [[4, 4], [4, 8]]}, {"removed": True}):
        with pytest.raises(MeasurementFrozen):
            save(version=1, **changes)
    later = uuid4()
    save(uid=later)
    assert save(uid=later, version=1, points=[[4, 4], [4, 8]])[0].version == 2


def test_however_many_there_are_they_are_read_at_once(save, ct_study, django_assert_num_queries):
    for number in range(4):
        save(uid=uuid4(), points=[[number, 0], [9, 9]])
    Study.objects.update(status=StudyStatus.REPORTED, reported_at=timezone.now())
    ct_study.refresh_from_db()
    with django_assert_num_queries(1):
        assert [each["frozen"] for each in listed_measurements(ct_study)] == [True] * 4


def test_each_save_is_in_the_audit_trail(save, reader, ct_study):
    save()
    save(version=1, removed=True)
    events = AuditEvent.objects.filter(verb=Verb.MEASUREMENT_SAVED).order_by("id")
    assert [event.detail for event in events] == [
        {"number": 1, "version": 1, "removed": False},
        {"number": 1, "version": 2, "removed": True},
    ]
    assert {event.object_id for event in events} == {ct_study.study_uid}


def test_rows_are_never_changed_or_removed(save):
    row, _corrected = save()
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        row.delete()
    for act in (lambda: Measurement.objects.update(number=7), lambda: Measurement.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def changeable(user, study) -> list[bool]:
    answer = client_of(user).get(reverse("measurements", args=(study.study_uid,))).json()
    return [each["changeable"] for each in answer["measurements"]]


def test_while_somebody_reads_the_study_only_they_change_what_another_measured(
    save, line, ct_study, reader, second_reader, trainee
):
    """The page asks the same question as the server: a button stands only where it would be obeyed."""
    save()
    Study.objects.update(status=StudyStatus.TO_READ)
    assert [changeable(user, ct_study) for user in (reader, second_reader, trainee)] == [[True]] * 3
    ct_study.refresh_from_db()
    claim_study(study=ct_study, reader=second_reader)
    assert [changeable(user, ct_study) for user in (reader, second_reader, trainee)] == [[True], [True], [False]]
    url = reverse("measurement-save", args=(ct_study.study_uid,))
    body = {"uid": str(UID), "version": 1, **line(), "removed": True}
    refused = client_of(trainee).post(url, body, content_type="application/json")
    assert refused.status_code == 403 and "stays as it is" in refused.json()["detail"]
    assert client_of(second_reader).post(url, body, content_type="application/json").status_code == 200
    assert changeable(reader, ct_study) == []


@pytest.mark.django_db(transaction=True)
def test_two_new_measurements_at_once_get_two_numbers(save):
    begin, failed = threading.Barrier(2), []

    def draw():
        try:
            begin.wait()
            save(uid=uuid4())
        except DatabaseError as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=draw) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(Measurement.objects.values_list("number", flat=True)) == [1, 2]


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_over_the_door_a_conflict_carries_both(ct_study, reader, second_reader, line):
    url = reverse("measurement-save", args=(ct_study.study_uid,))

    def post(user, **changes):
        body = {"uid": str(UID), "version": 0, **line(), **changes}
        return client_of(user).post(url, body, content_type="application/json")

    assert post(reader).json()["measurement"]["key"] == "m1"
    assert post(second_reader, version=1, points=[[4, 4], [4, 9]]).status_code == 200
    answer = post(reader, version=1, points=[[4, 4], [4, 8]])
    assert answer.status_code == 409
    assert answer.json()["yours"]["points"] == [[4, 4], [4, 8]]
    assert answer.json()["theirs"]["points"] == [[4.0, 4.0], [4.0, 9.0]]
    assert post(reader, uid="none").status_code == 400
    assert post(reader, version=2, points="here").status_code == 400


def test_another_reader_of_the_site_gets_them_and_nobody_else_does(
    save, ct_study, second_reader, trainee, technologist, auditor, stranger
):
    save()
    url = reverse("measurements", args=(ct_study.study_uid,))
    for user in (second_reader, trainee):
        (told,) = client_of(user).get(url).json()["measurements"]
        assert told["points"] == [[4.0, 4.0], [10.0, 12.0]] and told["values"][0]["value"] == 120.0
    assert client_of(technologist).get(url).status_code == 403
    assert client_of(auditor).get(url).status_code == 404
    assert client_of(stranger).get(url).status_code == 404


def test_beside_a_later_study_they_come_along_and_new_ones_go_to_the_study_of_their_image(
    save, ct_study, make_study, reader, technologist
):
    save()
    later = make_study(ct_study.site)
    told = beside_json(later, ct_study, reader)
    assert [each["key"] for each in told["measurements"]] == ["m1"]
    assert told["measure"] == f"{reverse('measurement-save', args=(ct_study.study_uid,))}?site=north"
    hidden = beside_json(later, ct_study, technologist)
    assert (hidden["measurements"], hidden["measure"]) == ([], None)
