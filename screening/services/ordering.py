"""Orders from the information system: kept, changed and cancelled, joined with the studies they asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from screening.models import (
    MismatchReason,
    Order,
    OrderMismatch,
    OrderState,
    Patient,
    Study,
    StudyOrder,
)
from screening.orders.hl7 import DELETE, MessageError
from screening.orders.messages import OrderFacts
from screening.services.priority import brought_forward
from screening.states import StudyStatus

STATES = {"completed": OrderState.COMPLETED, "cancelled": OrderState.CANCELLED}
_TEXTS = (
    "placer_number", "filler_number", "accession_number", "requested_procedure_id", "study_uid", "step_id", "modality",
    "procedure_code", "procedure_scheme", "procedure", "reason", "clinical", "notes", "requested_by", "station_aet",
    "station", "location",
)  # fmt: skip


class NotSettled(Exception):
    """A mismatch that cannot be settled this way; `str(error)` says why."""


def take_order(*, facts: OrderFacts, site: Site, source: str, at: dt.datetime) -> Order:
    """Keep what an order says, join it with its studies. Inside the caller's transaction.

    Before: no such order, or one found by its placer's, else filler's, else accession number. After: the order with what
    the message says; of what it does not say nothing has changed. Studies with its accession number are joined, or
    stand as mismatches. A study's due time is brought forward by the order's priority and never pushed back.
    Raises MessageError 204: a cancellation of what was never ordered.
    """
    order = _find(facts, site)
    if order is None and facts.action in STATES:
        raise MessageError("204", "ORC-2", "No such order is known.")
    is_new = order is None
    if order is None:
        order = Order(site=site, patient_id=facts.patient.patient_id, received_at=at, changed_at=at)
    _write(order, facts, at)
    order.save()
    audit.record(
        Verb.ORDER_TAKEN,
        actor=None,
        site=site,
        object_type="order",
        object_id=str(order.pk),
        detail={"source": source, "action": "new" if is_new and facts.action == "changed" else facts.action},
    )
    if order.state == OrderState.CANCELLED:
        _cancelled(order, at)
    elif order.accession_number:
        waiting = Study.objects.filter(
            site=site, accession_number=order.accession_number, ordered__isnull=True, erased_at__isnull=True
        ).order_by("pk")
        for study in waiting.select_for_update(of=("self",)):
            _join(study=study, order=order, at=at)
    for joined in Study.objects.filter(ordered__order=order).order_by("pk").select_for_update(of=("self",)):
        _hurry(joined, order)
    return order


def join_order(*, study: Study, at: dt.datetime) -> None:
    """Join a study whose accession number has become known with its order, if there is one.

    Inside the caller's transaction, which holds the study's row. Of several orders the newest that was not cancelled.
    """
    if not study.accession_number or StudyOrder.objects.filter(study=study).exists():
        return
    found = list(
        Order.objects.filter(site_id=study.site_id, accession_number=study.accession_number).order_by("-pk")[:20]
    )
    found.sort(key=lambda order: order.state == OrderState.CANCELLED)
    if found:
        _join(study=study, order=found[0], at=at)


def settle_mismatch(
    *, mismatch: OrderMismatch, actor: User, join: bool, request: HttpRequest | None = None
) -> OrderMismatch:
    """A person has looked: the study belongs to the order all the same, or it does not.

    After: settled, and joined when `join`. Raises NotSettled: settled by somebody else, or joined with another order.
    The right to do so is asked by the caller.
    """
    at = timezone.now()
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=mismatch.study_id)
        changed = OrderMismatch.objects.filter(pk=mismatch.pk, settled_at__isnull=True).update(
            settled_at=at, settled_by=actor, joined=join
        )
        if not changed:
            raise NotSettled(_("Somebody has settled this already."))
        mismatch.refresh_from_db()
        if join:
            if StudyOrder.objects.filter(study=study).exists():
                raise NotSettled(_("The study belongs to another order already."))
            StudyOrder.objects.create(study=study, order=mismatch.order, at=at)
            _hurry(study, mismatch.order)
        audit.record(
            Verb.ORDER_SETTLED,
            actor=actor,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"order": mismatch.order_id, "reason": mismatch.reason, "joined": join},
            request=request,
        )
    return mismatch


def rename_orders(*, site: Site, patient_id: str, issuer: str, changes: dict[str, Any]) -> int:
    """Give the orders of a patient their corrected name, birth date and sex. Returns how many there are."""
    orders = Order.objects.filter(site=site, patient_id=patient_id)
    if issuer:
        orders = orders.filter(issuer__in=("", issuer))
    named = {"patient_name" if key == "name" else key: value for key, value in changes.items()}
    return orders.update(**named) if named else orders.count()


def move_orders(*, site: Site, gone: tuple[str, str], stays: tuple[str, str]) -> int:
    """Give a merged patient's orders the number that stays. (patient_id, issuer)."""
    orders = Order.objects.filter(site=site, patient_id=gone[0])
    if gone[1]:
        orders = orders.filter(issuer__in=("", gone[1]))
    return orders.update(patient_id=stays[0], issuer=stays[1])


def forget_orders(study: Study) -> None:
    """Remove the orders of a study that is erased, unless another study came from them: they name the patient."""
    OrderMismatch.objects.filter(study=study).delete()
    Order.objects.filter(studies__study=study).exclude(studies__in=StudyOrder.objects.exclude(study=study)).delete()
    StudyOrder.objects.filter(study=study).delete()


def _find(facts: OrderFacts, site: Site) -> Order | None:
    for name in ("placer_number", "filler_number", "accession_number"):
        if value := getattr(facts, name):
            found = Order.objects.select_for_update().filter(site=site, **{name: value}).order_by("-pk").first()
            if found is not None or name == "placer_number":
                return found
    return None


def _write(order: Order, facts: OrderFacts, at: dt.datetime) -> None:
    for name in _TEXTS:
        value = getattr(facts, name)
        if value:
            setattr(order, name, "" if value == DELETE else value)
    patient = facts.patient
    if order.pk and order.patient_id != patient.patient_id:
        raise MessageError("204", "PID-3", "The order is known, for another patient.")
    order.issuer = patient.issuer or order.issuer
    order.patient_name = patient.name or order.patient_name
    order.birth_date = patient.birth_date or order.birth_date
    order.sex = patient.sex or order.sex
    order.scheduled_at = facts.scheduled or order.scheduled_at
    order.priority = facts.priority or order.priority
    order.state = STATES.get(facts.action, OrderState.SCHEDULED if facts.action == "new" else order.state)
    order.changed_at = at


def _join(*, study: Study, order: Order, at: dt.datetime) -> None:
    reason = _why_not(study, order)
    if reason is not None:
        OrderMismatch.objects.get_or_create(order=order, study=study, defaults={"reason": reason, "at": at})
        return
    StudyOrder.objects.create(study=study, order=order, at=at)
    OrderMismatch.objects.filter(study=study, settled_at__isnull=True).update(settled_at=at)
    _hurry(study, order)
    audit.record(
        Verb.ORDER_JOINED,
        actor=None,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail={"order": order.pk},
    )


def _why_not(study: Study, order: Order) -> str | None:
    patient: Patient = study.patient
    if patient.patient_id != order.patient_id or (patient.issuer and order.issuer and patient.issuer != order.issuer):
        return MismatchReason.PATIENT
    if patient.birth_date and order.birth_date and patient.birth_date != order.birth_date:
        return MismatchReason.BIRTH_DATE
    if order.study_uid and order.study_uid != study.study_uid:
        return MismatchReason.STUDY_UID
    return MismatchReason.CANCELLED if order.state == OrderState.CANCELLED else None


def _hurry(study: Study, order: Order) -> None:
    if study.status == StudyStatus.REPORTED or order.state == OrderState.CANCELLED:
        return
    changes = brought_forward(study, order.priority)
    if changes:
        Study.objects.filter(pk=study.pk).update(**changes)


def _cancelled(order: Order, at: dt.datetime) -> None:
    """Images that came for a cancelled order stay where they are, for a person to look at."""
    for joined in order.studies.exclude(study__status=StudyStatus.REPORTED).select_related("study"):
        OrderMismatch.objects.get_or_create(
            order=order, study=joined.study, defaults={"reason": MismatchReason.CANCELLED, "at": at}
        )
