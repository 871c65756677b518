"""Modality worklist: what a scanner is to do, from the orders (PS3.4, annex K; C-FIND)."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Callable, Iterator

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from accounts import audit
from accounts.models import Site, Verb
from screening.dicom import elements
from screening.dicom.parse import _QUIET
from screening.dimse.find import Answer
from screening.dimse.statuses import (
    CANCELLED,
    DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    PENDING,
    later,
    status_dataset,
)
from screening.models import Order, OrderPriority, OrderState

_DATE = re.compile(r"(\d{8})?(-)?(\d{8})?")
# RequestedProcedurePriority (0040,1003).
PRIORITIES = {OrderPriority.STAT: "STAT", OrderPriority.URGENT: "HIGH", OrderPriority.ROUTINE: "ROUTINE"}


class BadKey(Exception):
    """A key of the query that cannot be matched; its keyword."""


def find_scheduled(
    *, identifier: Dataset, site: Site, caller: str, address: str, limit: int, is_cancelled: Callable[[], bool]
) -> Iterator[Answer]:
    """Statuses and identifiers in the order of sending, by their time; the closing success is the network layer's.

    What is scheduled and neither cancelled nor joined with images. At most `limit`, then "out of resources".
    """
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            orders = _matching(identifier, site)
        with transaction.atomic():
            found = list(orders[: limit + 1])
            audit.record(
                Verb.PATIENTS_SEARCHED,
                actor=None,
                site=site,
                detail={
                    "source": "dimse",
                    "caller": caller,
                    "address": address,
                    "level": "WORKLIST",
                    "rows": min(len(found), limit),
                },
            )
    except BadKey as error:
        yield status_dataset(DOES_NOT_MATCH, f"Cannot be matched: {error}"), None
        return
    except DatabaseError:
        yield later(), None
        return
    for order in found[:limit]:
        if is_cancelled():
            yield CANCELLED, None
            return
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = worklist_item(order)
        yield PENDING, answer
    if len(found) > limit:
        yield status_dataset(OUT_OF_RESOURCES, f"More than {limit} matches. Ask for less."), None


def worklist_item(order: Order) -> Dataset:
    """One order as an answer; elements that are not known are there and empty."""
    at = timezone.localtime(order.scheduled_at, timezone.get_default_timezone()) if order.scheduled_at else None
    step = Dataset()
    step.ScheduledStationAETitle = order.station_aet
    step.ScheduledStationName = order.station[:16]
    step.ScheduledProcedureStepLocation = order.location[:16]
    step.ScheduledProcedureStepStartDate = at.strftime("%Y%m%d") if at else ""
    step.ScheduledProcedureStepStartTime = at.strftime("%H%M%S") if at else ""
    step.Modality = order.modality
    step.ScheduledProcedureStepDescription = order.procedure[:64]
    step.ScheduledProcedureStepID = (order.step_id or order.requested_procedure_id or str(order.pk))[:16]
    step.ScheduledPerformingPhysicianName = ""
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    item.AccessionNumber = order.accession_number[:16]
    item.ReferringPhysicianName = ""
    item.PatientName = order.patient_name
    item.PatientID = order.patient_id
    item.IssuerOfPatientID = order.issuer
    item.PatientBirthDate = order.birth_date.strftime("%Y%m%d") if order.birth_date else ""
    item.PatientSex = order.sex
    item.StudyInstanceUID = order.study_uid
    item.RequestedProcedureID = (order.requested_procedure_id or str(order.pk))[:16]
    item.RequestedProcedureDescription = order.procedure[:64]
    item.RequestedProcedurePriority = PRIORITIES[OrderPriority(order.priority)]
    item.ReasonForTheRequestedProcedure = order.reason[:64]
    item.PlacerOrderNumberImagingServiceRequest = order.placer_number
    item.FillerOrderNumberImagingServiceRequest = order.filler_number
    item.ScheduledProcedureStepSequence = Sequence([step])
    if order.procedure_code:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator = order.procedure_code[:16], order.procedure_scheme[:16] or "L"
        code.CodeMeaning = (order.procedure or order.procedure_code)[:64]
        item.RequestedProcedureCodeSequence = Sequence([code])
    return item


def _matching(identifier: Dataset, site: Site) -> QuerySet[Order]:
    orders = Order.objects.filter(site=site, state=OrderState.SCHEDULED, studies__isnull=True).order_by(
        "scheduled_at", "id"
    )
    steps = elements.values(identifier, "ScheduledProcedureStepSequence")
    step = steps[0] if steps else Dataset()
    for dataset, keyword, column in (
        (identifier, "PatientID", "patient_id"),
        (identifier, "AccessionNumber", "accession_number"),
        (identifier, "RequestedProcedureID", "requested_procedure_id"),
        (step, "Modality", "modality"),
    ):
        if text := elements.text(dataset, keyword, 64):
            orders = orders.filter(_wild(column, text))
    if name := elements.text(identifier, "PatientName", 330):
        orders = orders.filter(_wild("patient_name", name))
    if title := elements.text(step, "ScheduledStationAETitle", 16):
        # An order that names no scanner is for whichever asks.
        orders = orders.filter(_wild("station_aet", title) | Q(station_aet=""))
    return _on_days(orders, elements.text(step, "ScheduledProcedureStepStartDate", 18))


def _wild(column: str, text: str) -> Q:
    """Matching with `*` and `?` (PS3.4, C.2.2.2.4), case aside; a text of `*` alone matches all."""
    if not set(text) & {"*", "?"}:
        return Q(**{f"{column}__iexact": text})
    pattern = "".join(".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in text)
    return Q(**{f"{column}__iregex": f"^{pattern}$"})


def _on_days(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    if not text:
        return orders
    found = _DATE.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        raise BadKey("ScheduledProcedureStepStartDate")
    zone = timezone.get_default_timezone()
    try:
        first = dt.datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=zone) if found[1] else None
        last = dt.datetime.strptime(found[3], "%Y%m%d").replace(tzinfo=zone) if found[3] else None
    except ValueError as error:
        raise BadKey("ScheduledProcedureStepStartDate") from error
    if not found[2]:
        last = first
    if first:
        orders = orders.filter(scheduled_at__gte=first)
    return orders.filter(scheduled_at__lt=last + dt.timedelta(days=1)) if last else orders
