"""The audit trail in formats of other systems: CSV for a spreadsheet, FHIR R4 AuditEvent as JSON lines.

Events carry ids, UIDs and counts, never patients' data, so neither does an export.
Codes: DICOM PS3.16 CID 400 (event ids) and PS3.15 A.5 (actions and outcomes).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from accounts.models import AuditEvent, Verb

DCM = "http://dicom.nema.org/resources/ontology/DCM"
COLUMNS = (
    "id",
    "at",
    "verb",
    "outcome",
    "actor",
    "site",
    "object_type",
    "object_id",
    "address",
    "request_id",
    "detail",
)
# A spreadsheet takes what begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

SIGNING_IN = ("110114", "User Authentication")
ACCESSED = ("110103", "DICOM Instances Accessed")
IMPORT = ("110107", "Import")
EXPORT = ("110106", "Export")
QUERY = ("110112", "Query")
LOG_USED = ("110101", "Audit Log Used")
SECURITY = ("110113", "Security Alert")
PROCEDURE = ("110111", "Procedure Record")
PATIENT = ("110110", "Patient Record")
ORDER = ("110109", "Order Record")
APPLICATION = ("110100", "Application Activity")

# Verb → (event id, action): Create, Read, Update, Delete, Execute.
KINDS: Mapping[str, tuple[tuple[str, str], str]] = {
    Verb.SIGNED_IN: (SIGNING_IN, "E"),
    Verb.SIGNED_OUT: (SIGNING_IN, "E"),
    Verb.SIGN_IN_FAILED: (SIGNING_IN, "E"),
    Verb.USER_CREATED: (SECURITY, "C"),
    Verb.USER_CHANGED: (SECURITY, "U"),
    Verb.USER_DEACTIVATED: (SECURITY, "U"),
    Verb.USER_INVITED: (SECURITY, "C"),
    Verb.INVITATION_USED: (SECURITY, "U"),
    Verb.INVITATION_WITHDRAWN: (SECURITY, "D"),
    Verb.SIGN_INS_ENDED: (SECURITY, "D"),
    Verb.SESSION_LAPSED: (SIGNING_IN, "E"),
    Verb.IDENTITY_CONFIRMED: (SIGNING_IN, "E"),
    Verb.FACTOR_USED: (SIGNING_IN, "E"),
    Verb.FACTOR_SET_UP: (SECURITY, "C"),
    Verb.FACTOR_REMOVED: (SECURITY, "D"),
    Verb.FACTORS_RESET: (SECURITY, "D"),
    Verb.TOKEN_MADE: (SECURITY, "C"),
    Verb.TOKEN_REVOKED: (SECURITY, "D"),
    Verb.TOKEN_REFUSED: (SIGNING_IN, "E"),
    Verb.USERS_EXPORTED: (EXPORT, "R"),
    Verb.SITE_CREATED: (SECURITY, "C"),
    Verb.SITE_CHANGED: (SECURITY, "U"),
    Verb.PROGRAMME_SET: (APPLICATION, "U"),
    Verb.RUN_RETRIED: (APPLICATION, "E"),
    Verb.QUEUES_VIEWED: (QUERY, "E"),
    Verb.WORKLIST_VIEWED: (QUERY, "E"),
    Verb.PATIENTS_SEARCHED: (QUERY, "E"),
    Verb.STUDY_OPENED: (ACCESSED, "R"),
    Verb.IMAGES_VIEWED: (ACCESSED, "R"),
    Verb.INSTANCE_STORED: (IMPORT, "C"),
    Verb.INSTANCE_REJECTED: (IMPORT, "C"),
    Verb.REPORT_VIEWED: (PROCEDURE, "R"),
    Verb.REPORT_EXPORTED: (EXPORT, "R"),
    Verb.DOCUMENT_SENT: (EXPORT, "R"),
    Verb.DOCUMENT_NOT_SENT: (EXPORT, "E"),
    Verb.TARGET_SAVED: (SECURITY, "U"),
    Verb.STUDY_DEIDENTIFIED: (EXPORT, "R"),
    Verb.EXPORTS_VIEWED: (QUERY, "E"),
    Verb.EXPORT_ASKED: (EXPORT, "E"),
    Verb.EXPORT_FETCHED: (EXPORT, "R"),
    Verb.EXPORT_REMOVED: (EXPORT, "D"),
    Verb.KEY_TABLE_FETCHED: (EXPORT, "R"),
    Verb.GLASS_BROKEN: (SECURITY, "E"),
    Verb.GLASS_ENDED: (SECURITY, "U"),
    Verb.PATIENTS_MERGED: (PATIENT, "U"),
    Verb.MERGE_UNDONE: (PATIENT, "U"),
    Verb.PATIENT_CORRECTED: (PATIENT, "U"),
    Verb.ORDER_TAKEN: (ORDER, "C"),
    Verb.ORDER_JOINED: (ORDER, "U"),
    Verb.ORDER_SETTLED: (ORDER, "U"),
    Verb.ORDERS_VIEWED: (QUERY, "E"),
    Verb.NOTES_VIEWED: (PROCEDURE, "R"),
    Verb.TASKS_VIEWED: (QUERY, "E"),
    Verb.MODEL_INSTALLED: (APPLICATION, "C"),
    Verb.MODEL_ACTIVATED: (APPLICATION, "U"),
    Verb.TRIAGE_GRANTED: (SECURITY, "U"),
    Verb.TRIAGE_TAKEN: (SECURITY, "U"),
    Verb.CONTENT_ERASED: (PROCEDURE, "D"),
    Verb.RETENTION_SET: (APPLICATION, "U"),
    Verb.STORE_ENCRYPTED: (SECURITY, "U"),
    Verb.STORE_KEYS_ROTATED: (SECURITY, "U"),
    Verb.AUDIT_VIEWED: (LOG_USED, "R"),
    Verb.ACCESS_DENIED: (SECURITY, "E"),
}
OTHER = (PROCEDURE, "U")


def _moment(event: AuditEvent) -> str:
    return event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def csv_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """One line an event after the line of names; a cell that a spreadsheet would run begins with an apostrophe."""
    yield _line(COLUMNS)
    for event in events:
        cells = (
            event.pk,
            _moment(event),
            event.verb,
            event.outcome,
            event.actor_name,
            event.site.slug if event.site else "",
            event.object_type,
            event.object_id,
            event.address or "",
            event.request_id,
            json.dumps(event.detail, sort_keys=True, ensure_ascii=False),
        )
        yield _line(f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells)


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(list(cells))
    return out.getvalue()


def fhir_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """One AuditEvent resource a line (FHIR R4, application/fhir+ndjson)."""
    for event in events:
        yield json.dumps(fhir_event(event), ensure_ascii=False) + "\n"


def fhir_event(event: AuditEvent) -> dict[str, Any]:
    """The event as a FHIR R4 AuditEvent: outcome 0 done, 4 refused."""
    (code, display), action = KINDS.get(event.verb, OTHER)
    agent: dict[str, Any] = {"requestor": True, "who": {"display": event.actor_name or "Firstread"}}
    if event.actor_id is not None:
        agent["altId"] = str(event.actor_id)
    if event.detail.get("token"):
        # What it was done with, beside the person who answers for it.
        agent["name"] = f"by token {event.detail['token']}"
    if event.address:
        agent["network"] = {"address": event.address, "type": "2"}
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"firstread-{event.pk}",
        "type": {"system": DCM, "code": code, "display": display},
        "subtype": [{"system": "urn:firstread:audit-verb", "code": event.verb, "display": str(Verb(event.verb).label)}],
        "action": action,
        "recorded": _moment(event),
        "outcome": "4" if event.outcome == "denied" else "0",
        "agent": [agent],
        "source": {"observer": {"display": "Firstread"}},
    }
    if event.site:
        resource["source"]["site"] = event.site.slug
    if event.object_id:
        resource["entity"] = [_entity(event)]
    return resource


def _entity(event: AuditEvent) -> dict[str, Any]:
    uid = event.object_type in ("study", "instance")
    identifier = (
        {"system": "urn:dicom:uid", "value": f"urn:oid:{event.object_id}"} if uid else {"value": event.object_id}
    )
    entity: dict[str, Any] = {"what": {"identifier": identifier}, "name": f"{event.object_type} {event.object_id}"}
    details = [{"type": str(name), "valueString": json.dumps(value)} for name, value in sorted(event.detail.items())]
    return {**entity, "detail": details} if details else entity
