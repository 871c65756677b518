"""One delivery, sent once: what its document is made of now, and which client takes it there.

Always the newest signed state goes: what a delivery was made for names it, what it sends is never older than that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.utils import translation

from reports.export.exported import NotExportable
from reports.export.hl7 import control_id
from reports.models import Delivery, Document, Report
from reports.selectors.double_reading import is_blind
from reports.selectors.export import exported_report
from reports.services.alerts import Settled, TooMany, send_alert
from reports.services.export import dicom_files, export_file, report_fonts, result_files
from reports.services.reaching import reach, secret_of
from reports.targets import address, cstore, fhir, mllp, stow
from reports.targets.objects import DicomObject
from reports.targets.results import Accepted, NotSent

BLIND_WAIT_S = 120.0
Made = TypeVar("Made")


class NothingToSend(Exception):
    """The report has nothing of this kind: no outline, so no segmentation."""


class NotYet(Exception):
    """It may not leave now; ask again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """sha256: of the bytes that were taken this time, one after another."""

    accepted: Accepted
    sha256: str


def send(delivery: Delivery) -> Sent:
    """Raises `NotSent`, `NothingToSend`, `NotYet`."""
    target = delivery.target
    try:
        place = address.parsed(target.kind, target.address)
    except address.BadAddress as error:
        raise NotSent("bad_address", final=True) from error
    if delivery.task is not None or delivery.glass is not None:
        try:
            return Sent(*send_alert(delivery, place))
        except TooMany as error:
            raise NotYet(error.seconds) from error
        except Settled as error:
            raise NothingToSend from error
    with translation.override(settings.LANGUAGE_CODE):
        return _SENDERS[type(place)](delivery, place)


def _report(delivery: Delivery) -> Report:
    """The report, when it may leave: a preliminary text is another reader's while opinions are given blind."""
    report = delivery.report
    if report is None:
        raise NotSent("unsigned", final=True)
    if is_blind(report.study):
        raise NotYet(BLIND_WAIT_S)
    return report


def _made(act: Callable[[], Made]) -> Made:
    try:
        return act()
    except NotExportable as error:
        if error.hindrance == "no_outline":
            raise NothingToSend from error
        raise NotSent(error.hindrance, final=True) from error


def _objects(delivery: Delivery) -> list[DicomObject]:
    """What is still to be stored of the document's files."""
    if delivery.run is not None:
        run = delivery.run
        files = _made(lambda: result_files(run, delivery.document))
    else:
        report = _report(delivery)
        files = _made(lambda: dicom_files(report, delivery.document, fonts=report_fonts()))
    return [DicomObject(uid, data) for uid, data in files if uid not in delivery.stored]


def _web(delivery: Delivery, place: address.WebAddress) -> Sent:
    if delivery.document == Document.FHIR:
        report = _report(delivery)
        file = _made(lambda: export_file(report, "fhir", fonts=report_fonts()))
        accepted = fhir.create(reach(), place, file.data, secret_of(delivery.target))
        return Sent(accepted, _sha256(file.data))
    objects = _objects(delivery)
    return _stored(objects, lambda: stow.store(reach(), place, objects, secret_of(delivery.target)))


def _cstore(delivery: Delivery, place: address.DicomAddress) -> Sent:
    objects = _objects(delivery)
    return _stored(objects, lambda: cstore.store(reach(), place, objects))


def _stored(objects: list[DicomObject], act: Callable[[], Accepted]) -> Sent:
    return Sent(act() if objects else Accepted(), _sha256(*(each.data for each in objects)))


def _mllp(delivery: Delivery, place: address.MllpAddress) -> Sent:
    report = _report(delivery)
    exported = exported_report(report)
    if exported is None:
        raise NotSent("unsigned", final=True)
    file = _made(lambda: export_file(report, "hl7", fonts=report_fonts()))
    return Sent(mllp.send(reach(), place, file.data, control_id(exported)), _sha256(file.data))


def _sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


_SENDERS: dict[type, Callable[..., Sent]] = {
    address.WebAddress: _web,
    address.DicomAddress: _cstore,
    address.MllpAddress: _mllp,
}
