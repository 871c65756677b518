"""HL7 messages of the information system: each is answered once, and its answer stands."""

from __future__ import annotations

import hashlib

import structlog
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Site, Verb
from screening.models import OrderMessage, Patient
from screening.orders.acknowledgement import AT_FAULT, TAKEN, acknowledgement
from screening.orders.hl7 import Message, MessageError, parse
from screening.orders.messages import PatientMerged, PatientUpdate, Read, read
from screening.services.ordering import rename_orders, take_order

log = structlog.get_logger(__name__)
SOURCE = "hl7"


def answer_message(*, data: bytes, site: Site) -> bytes:
    """Take one message, without its frame, and say so: what it asked for is in the database before it is answered.

    The same message again (sender, control id and bytes) changes nothing and gets the same answer; other bytes under
    the same control id are refused (205). What is at fault is said with segment and field, never with a value, and is
    kept as such. Raises `django.db.Error`: nothing was taken, and the sender is to try again.
    """
    now = timezone.now()
    message: Message | None = None
    try:
        message = parse(data)
        said = read(message, timezone.get_default_timezone())
    except MessageError as error:
        log.info("order_message_refused", code=error.code, place=error.where)
        return acknowledgement(message, AT_FAULT, now, error)
    digest = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        # Of two connections that send the same message at once the second waits here for the first.
        Site.objects.select_for_update().get(pk=site.pk)
        before = OrderMessage.objects.filter(site=site, sender=said.sender, control_id=said.control_id).first()
        if before is not None:
            return _again(message, before, digest)
        fault = _take(said, site)
        OrderMessage.objects.create(
            site=site,
            sender=said.sender,
            control_id=said.control_id,
            sha256=digest,
            answer=AT_FAULT if fault else TAKEN,
            error=fault.code if fault else "",
            place=fault.where[:16] if fault else "",
            at=now,
        )
    log.info("order_message", taken=fault is None, code=fault.code if fault else "", orders=len(said.orders))
    return acknowledgement(message, AT_FAULT if fault else TAKEN, now, fault)


def _again(message: Message, before: OrderMessage, digest: str) -> bytes:
    fault = None
    if before.sha256 != digest:
        fault = MessageError("205", "MSH-10", "Another message had this control id.")
    elif before.answer != TAKEN:
        fault = MessageError(before.error, before.place, "Refused, as before.")
    return acknowledgement(message, AT_FAULT if fault else TAKEN, before.at, fault)


def _take(said: Read, site: Site) -> MessageError | None:
    """Everything of the message or nothing."""
    now = timezone.now()
    try:
        with transaction.atomic():
            for facts in said.orders:
                take_order(facts=facts, site=site, source=SOURCE, at=now)
            for update in said.updates:
                _update(update, site)
            for merge in said.merges:
                _merge(merge, site)
    except MessageError as error:
        return error
    return None


def _update(update: PatientUpdate, site: Site) -> None:
    """Name, birth date and sex of a patient as the information system has them; files keep what they said."""
    facts = update.patient
    changes = {
        name: value
        for name, value in (("name", facts.name), ("birth_date", facts.birth_date), ("sex", facts.sex))
        if value
    }
    rename_orders(site=site, patient_id=facts.patient_id, issuer=facts.issuer, changes=changes)
    patients = Patient.objects.select_for_update().filter(site=site, patient_id=facts.patient_id)
    if facts.issuer:
        patients = patients.filter(issuer__in=("", facts.issuer))
    for patient in patients:
        named = sorted(name for name, value in changes.items() if getattr(patient, name) != value)
        if not named:
            continue
        Patient.objects.filter(pk=patient.pk).update(**changes, mismatch=False)
        audit.record(
            Verb.PATIENT_CORRECTED,
            actor=None,
            site=site,
            object_type="patient",
            object_id=str(patient.pk),
            detail={"source": SOURCE, "fields": named},
        )


def _merge(merge: PatientMerged, site: Site) -> None:
    raise MessageError("201", "MSH-9", "Merges are not taken yet.")
