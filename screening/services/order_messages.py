"""HL7 messages of the information system: each is answered once, and its answer stands."""

from __future__ import annotations

import hashlib

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Site
from screening.models import OrderMessage, Patient
from screening.orders.acknowledgement import AT_FAULT, TAKEN, acknowledgement
from screening.orders.hl7 import Message, MessageError, parse
from screening.orders.messages import PatientFacts, PatientMerged, PatientUpdate, Read, read
from screening.services.ordering import move_orders, rename_orders, take_order
from screening.services.patients import PatientConflict, PatientError, correct_patient, merge_patients, shown_of

log = structlog.get_logger(__name__)
SOURCE = "hl7"
UPDATED = "Update from the information system (HL7 ADT^A08)"
MERGED = "Merge by the information system (HL7 ADT^A40)"


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
    for patient in _patients(facts, site):
        if patient.merged.filter(undone_at__isnull=True).exists():
            continue  # what is shown is the patient it was merged into
        seen = shown_of(patient)
        values = {**seen, **{name: str(value) for name, value in changes.items()}}
        try:
            correct_patient(patient=patient, values=values, seen=seen, reason=UPDATED, actor=None)
        except PatientError as error:
            raise MessageError("102", "PID", "Name, birth date or sex cannot be taken.") from error
        except PatientConflict as error:
            raise MessageError("206", "PID", "The patient is being changed by somebody else.") from error


def _merge(merge: PatientMerged, site: Site) -> None:
    """Studies and orders of the number that goes, under the number that stays; a person can part them again."""
    kept = _patients(merge.stays, site).first()
    for gone in _patients(merge.gone, site):
        standing = gone.merged.filter(undone_at__isnull=True).first()
        if kept is not None and standing is not None and standing.kept_id == kept.pk:
            continue
        if kept is None:
            facts = merge.stays
            kept = Patient.objects.create(
                site=site,
                issuer=facts.issuer,
                patient_id=facts.patient_id,
                name=facts.name,
                birth_date=facts.birth_date,
                sex=facts.sex,
            )
        try:
            merge_patients(kept=kept, gone=gone, reason=MERGED, actor=None)
        except PatientError as error:
            raise MessageError("204", "MRG-1", "These two cannot be merged.") from error
        except PatientConflict as error:
            raise MessageError("206", "MRG-1", "One of them was merged with another.") from error
    gone_number = (merge.gone.patient_id, merge.gone.issuer)
    move_orders(site=site, gone=gone_number, stays=(merge.stays.patient_id, merge.stays.issuer))


def _patients(facts: PatientFacts, site: Site) -> QuerySet[Patient]:
    """Whoever has the number at the site, with the issuer where both name one."""
    found = Patient.objects.filter(site=site, patient_id=facts.patient_id).order_by("pk")
    return found.filter(issuer__in=("", facts.issuer)) if facts.issuer else found
