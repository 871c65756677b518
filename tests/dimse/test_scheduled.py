"""The modality worklist over the network: what a scanner is told to do."""

from __future__ import annotations

import datetime as dt
import warnings

import pytest
from django.utils import timezone
from pydicom.dataset import Dataset

from accounts.models import AuditEvent, Verb
from screening.models import Order, OrderState, StudyOrder
from tests.dimse.conftest import calling

pytestmark = pytest.mark.django_db(transaction=True)
WORKLIST = "1.2.840.10008.5.1.4.31"


# What is asked for, and the accession numbers of what comes back.
KEYS = [
    ({}, ["ACC1", "ACC2", "ACC3"]),
    ({"Modality": "MG"}, ["ACC2"]),
    ({"ScheduledProcedureStepStartDate": "20261122"}, ["ACC1"]),
    ({"ScheduledProcedureStepStartDate": "20261123-"}, ["ACC2"]),
    ({"ScheduledProcedureStepStartDate": "-20261122"}, ["ACC1"]),
    ({"ScheduledStationAETitle": "CT1"}, ["ACC1", "ACC3"]),
    ({"PatientName": "test*"}, ["ACC1", "ACC2"]),
    ({"PatientID": "PAT3"}, ["ACC3"]),
    ({"PatientID": "PAT.*"}, []),
]


@pytest.fixture
def order(north):
    def make(number: int = 1, **changes: object) -> Order:
        words = {
            "placer_number": f"P-{number}",
            "accession_number": f"ACC{number}",
            "patient_id": f"PAT{number}",
            "patient_name": "Test^Anna",
            "birth_date": dt.date(1960, 2, 29),
            "modality": "CT",
            "procedure": "CT chest, low dose",
            "procedure_code": "CTLD",
            "station_aet": "CT1",
            "priority": "urgent",
            "scheduled_at": dt.datetime(2026, 11, 22, 8, 15, tzinfo=dt.UTC),
        }
        now = timezone.now()
        return Order.objects.create(**{"site": north, **words, "received_at": now, "changed_at": now, **changes})

    return make


def asked(receive, **keys: str) -> tuple[list[Dataset], list[int]]:
    """What a scanner gets that asks with `keys`; those of the step by their keyword as well."""
    query, step = Dataset(), Dataset()
    step.ScheduledStationAETitle = keys.pop("ScheduledStationAETitle", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        step.ScheduledProcedureStepStartDate = keys.pop("ScheduledProcedureStepStartDate", "")
    step.Modality = keys.pop("Modality", "")
    query.ScheduledProcedureStepSequence = [step]
    query.PatientName = ""
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    found, statuses = [], []
    with calling(receive(), (WORKLIST, None)) as association:
        for status, identifier in association.send_c_find(query, WORKLIST):
            statuses.append(status.Status)
            if identifier is not None:
                found.append(identifier)
    return found, statuses


def test_an_order_is_an_item_with_its_step(receive, order):
    order()
    (item,), _statuses = asked(receive)
    step = item.ScheduledProcedureStepSequence[0]
    assert (item.PatientName, item.PatientID, item.AccessionNumber) == ("Test^Anna", "PAT1", "ACC1")
    assert item.RequestedProcedurePriority == "HIGH"
    assert (step.Modality, step.ScheduledStationAETitle) == ("CT", "CT1")
    assert (step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime) == ("20261122", "081500")
    assert item.RequestedProcedureCodeSequence[0].CodeValue == "CTLD"


def test_a_scanner_gets_what_it_asks_for(receive, order):
    order(1)
    order(2, modality="MG", station_aet="MG1", scheduled_at=dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))
    order(3, scheduled_at=None, station_aet="", patient_name="Other^Person")
    got = [sorted(item.AccessionNumber for item in asked(receive, **keys)[0]) for keys, _numbers in KEYS]
    assert got == [numbers for _keys, numbers in KEYS]


def test_what_is_cancelled_done_or_of_another_site_is_not_to_be_done(receive, order, south, make_study, north):
    order(1, state=OrderState.CANCELLED)
    order(2, site=south)
    done = order(3)
    StudyOrder.objects.create(study=make_study(site=north), order=done, at=timezone.now())
    assert asked(receive)[0] == []


def test_a_date_that_is_none_is_refused_and_a_look_is_on_record(receive, order):
    order()
    found, statuses = asked(receive, ScheduledProcedureStepStartDate="20269999")
    assert found == [] and statuses == [0xA900]
    asked(receive)
    assert AuditEvent.objects.filter(verb=Verb.PATIENTS_SEARCHED, detail__level="WORKLIST").count() == 1
