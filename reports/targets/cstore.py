"""C-STORE and C-ECHO as a user (pynetdicom), to a pinned address, within limits."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import AddressInformation, AssociationSocket

from reports.targets.address import DicomAddress
from reports.targets.objects import DicomObject, is_final, is_stored
from reports.targets.reach import Reach
from reports.targets.results import Accepted, NotSent

# PDUs and answers of a peer that only takes objects are small.
MOST_PDU = 1 << 20
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


class _Socket(AssociationSocket):
    """Reads no longer PDU than `MOST_PDU`, for the length is the peer's word, and nothing after `until`."""

    until = 0.0

    def recv(self, nr_bytes: int) -> bytearray:
        """Fewer bytes than asked for, or none, end the association."""
        received = bytearray()
        while len(received) < nr_bytes <= MOST_PDU and self.socket is not None:
            left = self.until - time.monotonic()
            if left <= 0:
                break
            try:
                self.socket.settimeout(left)
                piece = self.socket.recv(nr_bytes - len(received))
            except OSError:
                break
            if not piece:
                break
            received += piece
        return received

    def _shutdown_socket(self) -> None:
        """Close it whether or not there was a connection; else the descriptor would stay open."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()


class _Entity(AE):
    total_s = 0.0

    def _create_socket(self, assoc: Association, address: AddressInformation, tls_args: Any) -> AssociationSocket:
        made = _Socket(assoc, address=address)
        made.tls_args = tls_args
        made.until = time.monotonic() + self.total_s
        return made


def store(reach: Reach, address: DicomAddress, objects: Sequence[DicomObject]) -> Accepted:
    """Store `objects` over one association. Raises `NotSent`; its `stored` names those that were taken."""
    datasets = [dcmread(BytesIO(each.data)) for each in objects]
    classes = list(dict.fromkeys(str(dataset.SOPClassUID) for dataset in datasets))
    association = _associated(reach, address, classes)
    taken: list[str] = []
    left: list[int] = []
    with _released(association):
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
        for each, dataset in zip(objects, datasets, strict=True):
            if dataset.SOPClassUID not in accepted:
                left.append(0x0122)
                continue
            try:
                status = association.send_c_store(dataset)
            except (RuntimeError, ValueError) as error:
                # Aborted between two objects, or encoded as the peer did not accept.
                raise NotSent("no_answer", unreachable=True, stored=tuple(taken)) from error
            if "Status" not in status:
                raise NotSent("no_answer", unreachable=True, stored=tuple(taken))
            if is_stored(int(status.Status)):
                taken.append(each.uid)
            else:
                left.append(int(status.Status))
    if left:
        raise NotSent(
            "dicom_status", f"{left[0]:04X}", final=all(is_final(status) for status in left), stored=tuple(taken)
        )
    return Accepted("0000")


def echo(reach: Reach, address: DicomAddress) -> Accepted:
    """C-ECHO. Raises `NotSent`."""
    association = _associated(reach, address, [str(Verification)])
    with _released(association):
        try:
            status = association.send_c_echo()
        except (RuntimeError, ValueError) as error:
            raise NotSent("no_answer", unreachable=True) from error
    if "Status" not in status:
        raise NotSent("no_answer", unreachable=True)
    if int(status.Status) != 0:
        raise NotSent("dicom_status", f"{int(status.Status):04X}")
    return Accepted("0000")


@contextmanager
def _released(association: Association) -> Iterator[None]:
    try:
        yield
    finally:
        if association.is_established:
            association.release()


def _associated(reach: Reach, address: DicomAddress, classes: Sequence[str]) -> Association:
    pinned = reach.allowed.pinned(address.host, address.port)
    # The library would log what is sent, identifiers included.
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    entity = _Entity(address.calling)
    entity.total_s = reach.limits.total_s
    entity.connection_timeout = reach.limits.connect_s
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = reach.limits.total_s
    for each in classes:
        entity.add_requested_context(each, SYNTAXES)
    tls = (reach.tls, address.host) if address.tls else None
    association = entity.associate(pinned, address.port, ae_title=address.called, tls_args=tls)
    if association.is_established:
        return association
    if association.is_rejected:
        primitive = association.acceptor.primitive
        given = getattr(primitive, "result", 0), getattr(primitive, "diagnostic", 0)
        # A rejection is of titles and configuration: an administrator's to mend, so nothing is thrown away.
        raise NotSent("association_rejected", ".".join(str(each) for each in given), unreachable=True)
    if not association.accepted_contexts and association.acceptor.primitive is not None:
        raise NotSent("dicom_status", "0122", final=True)
    raise NotSent("no_connection", unreachable=True)
