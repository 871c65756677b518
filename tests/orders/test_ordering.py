"""Orders as messages bring them, and the studies they asked for."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from hl7apy.parser import parse_message

from accounts.models import AuditEvent, Verb
from screening.models import (
    Order,
    OrderMessage,
    OrderMismatch,
    OrderPriority,
    OrderState,
    Patient,
    PatientMerge,
    StudyOrder,
)
from screening.services.order_messages import answer_message
from screening.services.ordering import NotSettled, forget_orders, settle_mismatch
from tests.orders.words import ADT_A08, ADT_A40, OMI, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(north):
    """Send a message to the site: code (MSA-1), error (ERR-3, "" for none)."""

    def sent(data: bytes, site=north) -> tuple[str, str]:
        answer = parse_message(answer_message(data=data, site=site).decode())
        errors = answer.children.get("ERR") if "ERR" in [each.name for each in answer.children] else None
        return answer.msa.msa_1.value, answer.err.err_3.value.split("^")[0] if errors else ""

    return sent


@pytest.fixture
def study(make_study, north):
    """A study of the patient of the messages, with their accession number, not joined with anything."""
    study = make_study(site=north, accession_number="ACC77", study_uid="1.2.3.77")
    study.patient.patient_id, study.patient.issuer = "PAT77", "NORTH"
    study.patient.birth_date = dt.date(1960, 2, 29)
    study.patient.save()
    return study


def test_an_order_is_kept_and_acknowledged(send, north):
    assert send(message(OMI)) == ("AA", "")
    order = Order.objects.get()
    assert (order.site, order.state, order.priority) == (north, OrderState.SCHEDULED, OrderPriority.STAT)
    assert order.procedure == "CT chest, low dose" and order.patient_name == "Test^Anna^Maria^Dr.^Jr."
    assert AuditEvent.objects.get(verb=Verb.ORDER_TAKEN).object_id == str(order.pk)


def test_the_same_message_again_changes_nothing_and_has_the_same_answer(send, north):
    first = answer_message(data=message(OMI), site=north)
    assert answer_message(data=message(OMI), site=north) == first
    assert (Order.objects.count(), OrderMessage.objects.count()) == (1, 1)


def test_other_words_under_the_same_control_id_are_refused(send):
    send(message(OMI))
    assert send(message(OMI, NTE="NTE|1||Something else")) == ("AE", "205")
    assert "Something" not in Order.objects.get().notes


def test_one_bad_order_of_a_message_keeps_the_others_out(send):
    text = message(OMI) + b"ORC|CA|UNKNOWN\rOBR|2|UNKNOWN\r"
    assert send(text) == ("AE", "204")
    assert not Order.objects.exists()
    assert send(text) == ("AE", "204"), "and it is told the same again"


def test_a_change_says_nothing_of_what_it_leaves_empty_and_removes_what_it_says_to(send):
    send(message(OMI))
    send(
        message(
            OMI,
            MSH=OMI["MSH"].replace("C77", "C78"),
            ORC="ORC|XO|P-77",
            OBR='OBR|1|P-77||CTX^CT chest^L|||||||||""',
            TQ1="",
            NTE="",
        )
    )
    order = Order.objects.get()
    assert (order.procedure, order.clinical) == ("CT chest", "")
    assert order.notes and order.priority == OrderPriority.STAT


def test_an_order_is_never_given_to_another_patient(send):
    send(message(OMI))
    other = message(OMI, MSH=OMI["MSH"].replace("C77", "C79"), PID="PID|1||PAT99^^^NORTH^MR||Other^Person")
    assert send(other) == ("AE", "204")
    assert Order.objects.get().patient_id == "PAT77"


def test_an_order_that_comes_after_its_study_is_joined_and_moves_its_row(send, study):
    due = study.due_at
    assert send(message(OMI)) == ("AA", "")
    study.refresh_from_db()
    assert StudyOrder.objects.get().study == study
    assert study.order_priority == OrderPriority.STAT and study.due_at < due
    assert study.due_at == study.received_at + dt.timedelta(minutes=30)
    assert "order" in study.due_rule
    assert AuditEvent.objects.filter(verb=Verb.ORDER_JOINED, object_id=study.study_uid).count() == 1


def test_an_order_that_gets_urgent_later_moves_its_study_and_a_less_urgent_one_does_not(send, study):
    send(message(OMI, TQ1="TQ1|1||||||202611220815||R"))
    study.refresh_from_db()
    due = study.due_at
    send(message(OMI, MSH=OMI["MSH"].replace("C77", "C80"), TQ1="TQ1|1||||||202611220815||A"))
    study.refresh_from_db()
    assert study.due_at < due and study.order_priority == OrderPriority.URGENT
    due = study.due_at
    send(message(OMI, MSH=OMI["MSH"].replace("C77", "C81"), TQ1="TQ1|1||||||202611220815||R"))
    study.refresh_from_db()
    assert study.due_at == due


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patient_id": "PAT12"}, "patient"),
        ({"issuer": "SOUTH"}, "patient"),
        ({"birth_date": dt.date(1971, 1, 1)}, "birth_date"),
        ({"study_uid": "1.2.3.78"}, "study_uid"),
    ],
)
def test_a_study_that_does_not_fit_its_order_waits_for_a_person(send, study, change, reason):
    for name, value in change.items():
        target = study if name == "study_uid" else study.patient
        setattr(target, name, value)
        target.save()
    send(message(OMI))
    assert OrderMismatch.objects.get().reason == reason
    assert not StudyOrder.objects.exists()
    study.refresh_from_db()
    assert study.order_priority == OrderPriority.ROUTINE


def test_a_cancelled_order_with_images_waits_for_a_person(send, study):
    send(message(OMI))
    send(message(OMI, MSH=OMI["MSH"].replace("C77", "C82"), ORC="ORC|CA|P-77"))
    assert Order.objects.get().state == OrderState.CANCELLED
    assert OrderMismatch.objects.get().reason == "cancelled"


def test_a_mismatch_is_settled_once(send, study, technologist, administrator):
    study.patient.patient_id = "PAT12"
    study.patient.save()
    send(message(OMI))
    mismatch = OrderMismatch.objects.get()
    settle_mismatch(mismatch=mismatch, actor=technologist, join=True)
    study.refresh_from_db()
    assert StudyOrder.objects.get().study == study and study.order_priority == OrderPriority.STAT
    with pytest.raises(NotSettled):
        settle_mismatch(mismatch=mismatch, actor=administrator, join=False)


def test_an_order_of_another_site_is_not_the_studys(send, study, south):
    assert send(message(OMI), south) == ("AA", "")
    assert not StudyOrder.objects.exists() and not OrderMismatch.objects.exists()


def test_a_changed_name_reaches_patient_and_orders_and_ends_the_doubt(send, study):
    study.patient.mismatch = True
    study.patient.save()
    send(message(OMI))
    assert send(message(ADT_A08)) == ("AA", "")
    study.patient.refresh_from_db()
    assert (study.patient.name, study.patient.birth_date) == ("Newname^Anna", dt.date(1960, 3, 1))
    assert not study.patient.mismatch
    assert Order.objects.get().patient_name == "Newname^Anna"
    detail = AuditEvent.objects.get(verb=Verb.PATIENT_CORRECTED).detail
    assert "Newname" not in str(detail)


def test_what_was_refused_leaves_no_order_and_names_nobody(send, north):
    answer = answer_message(data=message(OMI, ORC="ORC|ZZ|P-77"), site=north)
    assert b"Anna" not in answer and b"PAT77" not in answer
    assert not Order.objects.exists()


def test_a_reported_study_is_joined_and_not_moved(send, study):
    study.status, study.reported_at = "REPORTED", timezone.now()
    study.save()
    due = study.due_at
    send(message(OMI))
    study.refresh_from_db()
    assert StudyOrder.objects.exists() and study.due_at == due


def test_a_merge_moves_studies_and_orders_and_leaves_a_trail(send, study, north):
    study.patient.patient_id = "PAT99"
    study.patient.save()
    send(message(OMI, PID="PID|1||PAT99^^^NORTH^MR||Old^Anna||19600229|F"))
    assert send(message(ADT_A40)) == ("AA", "")
    study.refresh_from_db()
    kept = Patient.objects.get(site=north, patient_id="PAT77")
    assert study.patient == kept and Order.objects.get().patient_id == "PAT77"
    merge = PatientMerge.objects.get()
    assert (merge.kept, merge.gone.patient_id, merge.by) == (kept, "PAT99", None)
    assert AuditEvent.objects.filter(verb=Verb.PATIENTS_MERGED).count() == 1
    again = message(ADT_A40, MSH=ADT_A40["MSH"].replace("C90", "C91"))
    assert send(again) == ("AA", ""), "said twice, done once"
    assert PatientMerge.objects.count() == 1


def test_a_merge_of_who_was_merged_into_another_is_refused(send, make_study, north):
    others = [make_study(site=north).patient for _each in range(2)]
    for patient, number in zip(others, ("PAT99", "PAT50"), strict=True):
        patient.patient_id, patient.issuer = number, "NORTH"
        patient.save()
    into_another = message(ADT_A40, PID="PID|1||PAT50^^^NORTH^MR||Other^Anna")
    assert send(into_another) == ("AA", "")
    assert send(message(ADT_A40, MSH=ADT_A40["MSH"].replace("C90", "C92"))) == ("AE", "206")


def test_a_merge_of_nobody_known_changes_nothing(send):
    assert send(message(ADT_A40)) == ("AA", "")
    assert not Patient.objects.exists() and not PatientMerge.objects.exists()


def test_what_is_erased_takes_its_order_along_and_leaves_that_of_others(send, study, make_study, north):
    send(message(OMI))
    other = make_study(site=north)
    order = Order.objects.get()
    StudyOrder.objects.create(study=other, order=order, at=timezone.now())
    forget_orders(study)
    assert Order.objects.get() == order and StudyOrder.objects.get().study == other
    forget_orders(other)
    assert not Order.objects.exists()
