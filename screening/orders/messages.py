"""Orders and changes of patients in HL7 v2: OMI^O23, ORM^O01, ADT^A08, ADT^A31 and ADT^A40.

Of a field that is empty nothing is said; `DELETE` says that what was known goes (HL7 v2.5.1, 2.5.3).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from screening.orders.hl7 import DELETE, Message, MessageError, Segment, moment

# ORC-1, table 0119.
NEW, CHANGED = frozenset({"NW", "XO", "XX", "SN", "PA"}), frozenset({"SC"})
CANCELLED = frozenset({"CA", "DC", "OC", "OD"})
# TQ1-9 and ORC-7.6, tables 0485 and 0027: S stat, A as soon as possible, T by a time that is critical.
PRIORITIES = {"S": "stat", "A": "urgent", "T": "urgent", "R": "routine", "P": "routine", "C": "routine"}
SEXES = {"M": "M", "F": "F", "O": "O", "A": "O"}
COMPLETED = frozenset({"CM"})


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """PID. name: as PatientName (0010,0010) writes it. Empty: not said."""

    patient_id: str
    issuer: str = ""
    name: str = ""
    birth_date: dt.date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order with its requested procedure. action: "new", "changed", "cancelled" or "completed".

    The attribute names are those of the modality worklist (PS3.4, annex K).
    """

    action: str
    patient: PatientFacts
    placer_number: str = ""
    filler_number: str = ""
    accession_number: str = ""
    requested_procedure_id: str = ""
    study_uid: str = ""
    step_id: str = ""
    modality: str = ""
    procedure_code: str = ""
    procedure_scheme: str = ""
    procedure: str = ""
    reason: str = ""
    clinical: str = ""
    requested_by: str = ""
    notes: str = ""
    priority: str = ""
    scheduled: dt.datetime | None = None
    station_aet: str = ""
    station: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class PatientUpdate:
    patient: PatientFacts


@dataclass(frozen=True, slots=True)
class PatientMerged:
    """Everything of `gone` belongs to `stays` from now on (A40)."""

    stays: PatientFacts
    gone: PatientFacts


@dataclass(frozen=True, slots=True)
class Read:
    """What one message says. sender: MSH-3 and MSH-4; control_id: MSH-10."""

    sender: str
    control_id: str
    orders: list[OrderFacts] = field(default_factory=list)
    updates: list[PatientUpdate] = field(default_factory=list)
    merges: list[PatientMerged] = field(default_factory=list)


def read(message: Message, zone: dt.tzinfo = dt.UTC) -> Read:
    """zone: of times that name none. Raises MessageError, whose code is that of table 0357."""
    header = message.header
    control_id, version, processing = header.value(10), header.value(12), header.value(11)
    if not control_id:
        raise MessageError("101", "MSH-10", "The message has no control id.")
    if version and not version.startswith("2."):
        raise MessageError("203", "MSH-12", "Only version 2 is understood.")
    if processing and processing != "P":
        raise MessageError("202", "MSH-11", "Only messages of production are taken.")
    sender = "^".join((header.value(3), header.value(4)))
    kind, event = header.value(9, 1), header.value(9, 2)
    if (kind, event) in (("OMI", "O23"), ("ORM", "O01")):
        return Read(sender, control_id, orders=_orders(message, zone))
    if kind == "ADT" and event in ("A08", "A31"):
        return Read(sender, control_id, updates=[PatientUpdate(_patient(message.need("PID")))])
    if kind == "ADT" and event == "A40":
        return Read(sender, control_id, merges=_merges(message))
    if kind in ("OMI", "ORM", "ADT"):
        raise MessageError("201", "MSH-9", "This event is not taken.")
    raise MessageError("200", "MSH-9", "Messages of this type are not taken.")


def _orders(message: Message, zone: dt.tzinfo) -> list[OrderFacts]:
    patient = _patient(message.need("PID"))
    groups = message.groups("ORC")
    if not groups:
        raise MessageError("100", "ORC", "There is no order in the message.")
    return [_order(group, patient, zone) for group in groups]


def _order(group: list[Segment], patient: PatientFacts, zone: dt.tzinfo) -> OrderFacts:
    named: dict[str, Segment] = {}
    for segment in group:
        named.setdefault(segment.name, segment)
    common = named["ORC"]
    empty = Segment(("",), common.marks)
    request, procedure, timing = (named.get(name, empty) for name in ("OBR", "IPC", "TQ1"))
    facts = OrderFacts(
        action=_action(common),
        patient=patient,
        placer_number=common.value(2, most=64) or request.value(2, most=64),
        filler_number=common.value(3, most=64) or request.value(3, most=64),
        accession_number=procedure.value(1, most=64) or request.value(18, most=64),
        requested_procedure_id=procedure.value(2, most=64) or request.value(19, most=64),
        study_uid=_uid(procedure.value(3, most=64) or named.get("ZDS", empty).value(1, most=64)),
        step_id=procedure.value(4, most=64) or request.value(20, most=64),
        modality=procedure.value(5, most=16) or request.value(24, most=16),
        procedure_code=request.value(4, 1, most=64),
        procedure=request.value(4, 2),
        procedure_scheme=request.value(4, 3, most=32),
        reason="; ".join(_texts(request, 31)),
        clinical=request.value(13, most=1_000),
        requested_by=_person(common, 12) or _person(request, 16),
        notes="\n".join(filter(None, (segment.lines(3) for segment in group if segment.name == "NTE")))[:2_000],
        priority=_priority(timing.value(9) or common.value(7, 6) or request.value(27, 6)),
        scheduled=_scheduled((timing, common, request), zone),
        station_aet=procedure.value(9, most=16),
        station=procedure.value(7, most=64),
        location=procedure.value(8, most=64),
    )
    if not (facts.placer_number or facts.filler_number or facts.accession_number):
        raise MessageError("101", "ORC-2", "The order has no number.")
    return facts


def _action(common: Segment) -> str:
    control, status = common.value(1), common.value(5)
    if control in CANCELLED or (control in CHANGED and status == "CA"):
        return "cancelled"
    if control in CHANGED and status in COMPLETED:
        return "completed"
    if control in NEW:
        return "new"
    if control in CHANGED:
        return "changed"
    raise MessageError("103", "ORC-1", "This order control is not taken.")


def _scheduled(segments: tuple[Segment, Segment, Segment], zone: dt.tzinfo) -> dt.datetime | None:
    timing, common, request = segments
    for segment, number, component, where in (
        (timing, 7, 1, "TQ1-7"), (common, 7, 4, "ORC-7"), (request, 27, 4, "OBR-27"), (request, 36, 1, "OBR-36"),
    ):  # fmt: skip
        if text := segment.value(number, component):
            return moment(text, where, zone)
    return None


def _priority(text: str) -> str:
    if not text or text == DELETE:
        return ""
    if text[0] not in PRIORITIES:
        raise MessageError("103", "TQ1-9", "This priority is not known.")
    return PRIORITIES[text[0]]


def _texts(segment: Segment, number: int) -> list[str]:
    """What a coded field with repetitions says in words, or its code where it has none."""
    found = []
    for at in range(min(segment.repetitions(number), 10)):
        text = segment.value(number, 2, repetition=at) or segment.value(number, 1, repetition=at)
        if text and text != DELETE:
            found.append(text)
    return found


def _person(segment: Segment, number: int) -> str:
    """XCN as a person reads it: prefix, given, family, suffix."""
    family, given, prefix = (segment.value(number, part, most=64) for part in (2, 3, 6))
    return " ".join(part for part in (prefix, given, family) if part and part != DELETE)


def _patient(segment: Segment) -> PatientFacts:
    patient_id, issuer = _identifier(segment, 3)
    if not patient_id:
        raise MessageError("101", "PID-3", "The patient has no identifier.")
    born = moment(segment.value(7), "PID-7", dt.UTC)
    return PatientFacts(
        patient_id=patient_id,
        issuer=issuer,
        name=_name(segment, 5),
        birth_date=born.date() if born else None,
        sex=SEXES.get(segment.value(8), ""),
    )


def _identifier(segment: Segment, number: int) -> tuple[str, str]:
    """The number this place keeps for the patient: of type MR or PI, else the first."""
    count = min(segment.repetitions(number), 50)
    own = [at for at in range(count) if segment.value(number, 5, repetition=at) in ("MR", "PI")]
    at = (own or [0])[0]
    patient_id = segment.value(number, 1, repetition=at, most=64)
    return ("" if patient_id == DELETE else patient_id), segment.value(number, 4, repetition=at, most=64)


def _name(segment: Segment, number: int) -> str:
    """XPN (family, given, middle, suffix, prefix) as PN (family, given, middle, prefix, suffix)."""
    family, given, middle, suffix, prefix = (segment.value(number, part, most=64) for part in range(1, 6))
    parts = ["" if part == DELETE else part.replace("^", " ") for part in (family, given, middle, prefix, suffix)]
    return "^".join(parts).rstrip("^")


def _merges(message: Message) -> list[PatientMerged]:
    found = []
    for group in message.groups("PID"):
        gone = next((segment for segment in group if segment.name == "MRG"), None)
        if gone is None:
            raise MessageError("100", "MRG", "Which patient is merged is not said.")
        patient_id, issuer = _identifier(gone, 1)
        if not patient_id:
            raise MessageError("101", "MRG-1", "The merged patient has no identifier.")
        found.append(PatientMerged(_patient(group[0]), PatientFacts(patient_id, issuer)))
    if not found:
        raise MessageError("100", "PID", "The segment PID is missing.")
    return found


def _uid(text: str) -> str:
    if text and not (set(text) <= set("0123456789.") and len(text) <= 64):
        raise MessageError("102", "IPC-3", "This is no UID.")
    return text
