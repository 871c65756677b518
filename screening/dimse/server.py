"""The receiver: who may speak, what is negotiated, and one log line for each association, free of patients' data."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import cast

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityWorklistInformationFind,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from accounts.models import Site
from config.logs import REQUEST_ID
from screening.dicom.elements import READING_ERRORS
from screening.dicom.parse import SUPPORTED_SYNTAXES
from screening.dimse import find as c_find
from screening.dimse.scheduled import find_scheduled
from screening.dimse.statuses import SUCCESS, later, status_of
from screening.dimse.store import storage_classes, store_object
from screening.dimse.transport import LimitedServer, LimitedSocket

log = structlog.get_logger(__name__)

_REJECTED, _BUSY = (0x01, 0x01, 0x03), (0x02, 0x03, 0x01)
_GRACE_S = 5.0
_SLACK = 1 << 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Who may speak: an AE title, and an address when the title alone is not enough ("": any)."""

    title: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """max_pdu: bytes of a P-DATA this side takes. associations: at a time. idle_s: silence until an abort.

    matches: answers to one C-FIND.
    """

    max_pdu: int = 256 * 1024
    associations: int = 16
    idle_s: float = 60.0
    matches: int = 500


@dataclass(slots=True)
class _Talk:
    """One association, as the log tells of it."""

    address: str
    began: float = field(default_factory=time.monotonic)
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    caller: str = ""
    site: Site | None = None
    ended: str = "closed"
    counts: Counter[str] = field(default_factory=Counter)


class Receiver:
    """C-ECHO, C-STORE, C-FIND (study root) and the modality worklist for one site, on one port.

    Without `callers` any title may call, but from this machine only; else none but they may.
    """

    def __init__(
        self,
        *,
        title: str,
        site: Site,
        address: tuple[str, int],
        callers: Sequence[Caller] = (),
        limits: Limits | None = None,
    ) -> None:
        self._site_id = site.pk
        self._callers = tuple(callers)
        self._limits = limits or Limits()
        self._talks: dict[Association, _Talk] = {}
        # Its own handlers write out identifiers and answers, which name patients.
        _config.LOG_HANDLER_LEVEL = "none"
        _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
        ae = AE(title)
        ae.require_called_aet = True
        ae.maximum_associations = self._limits.associations
        ae.maximum_pdu_size = self._limits.max_pdu
        ae.network_timeout = ae.dimse_timeout = self._limits.idle_s
        ae.acse_timeout = min(_GRACE_S, self._limits.idle_s)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        ae.add_supported_context(ModalityWorklistInformationFind)
        for uid in storage_classes():
            ae.add_supported_context(uid, sorted(SUPPORTED_SYNTAXES))
        self._server = ae.make_server(
            address,
            evt_handlers=[
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_ESTABLISHED, self._on_established),
                (evt.EVT_REJECTED, self._on_rejected),
                (evt.EVT_RELEASED, self._on_released),
                (evt.EVT_ABORTED, self._on_aborted),
                (evt.EVT_DIMSE_RECV, self._on_message),
                (evt.EVT_C_ECHO, self._on_echo),
                (evt.EVT_C_STORE, self._on_store),
                (evt.EVT_C_FIND, self._on_find),
            ],
            server_class=LimitedServer,
            prepare=self._prepare,
            max_message=settings.UPLOAD_MAX_BYTES + _SLACK,
            idle_s=self._limits.idle_s,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="dimse", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to accept; returns at once."""
        self._thread.start()
        log.info("dimse_listening", port=self.port)

    def stop(self) -> None:
        """Accept no more, let associations end for a few seconds, abort the rest. What was being stored is finished."""
        self._server.shutdown()
        self._thread.join()
        until = time.monotonic() + _GRACE_S
        while self._talks and time.monotonic() < until:
            time.sleep(0.05)
        for association in list(self._talks):
            association.abort()
            association.join(self._limits.idle_s)
        log.info("dimse_stopped")

    def _prepare(self, association: Association) -> None:
        """Make the association's thread close its database connections and say how it went when it ends."""
        talk = self._talks[association] = _Talk(address=str(association.requestor.address))
        run = association.run

        def run_and_close() -> None:
            REQUEST_ID.set(talk.request_id)
            try:
                run()
            finally:
                connections.close_all()
                self._talks.pop(association, None)
                log.info(
                    "dimse_association",
                    caller=talk.caller,
                    address=talk.address,
                    ended=talk.ended,
                    seconds=round(time.monotonic() - talk.began, 3),
                    **talk.counts,
                )

        association.run = run_and_close  # type: ignore[method-assign]

    def _on_requested(self, event: evt.Event) -> None:
        association = event.assoc
        talk = self._talks[association]
        talk.caller = _printable(cast(A_ASSOCIATE, association.requestor.primitive).calling_ae_title)
        try:
            talk.site = Site.objects.filter(pk=self._site_id, is_active=True).first()
        except DatabaseError:
            self._refuse(association, _BUSY, "database")
            return
        if talk.site is None:
            self._refuse(association, _REJECTED, "no site")
        elif not self._may_call(talk.caller, talk.address):
            self._refuse(association, _REJECTED, "not listed")

    def _refuse(self, association: Association, words: tuple[int, int, int], why: str) -> None:
        association.acse.send_reject(*words)
        association.kill()
        self._talks[association].ended = f"rejected: {why}"

    def _may_call(self, title: str, address: str) -> bool:
        if not self._callers:
            return is_loopback(address)
        return any(caller.title == title and caller.address in ("", address) for caller in self._callers)

    def _on_established(self, event: evt.Event) -> None:
        talk = self._talks[event.assoc]
        log.info(
            "dimse_accepted", caller=talk.caller, address=talk.address, contexts=len(event.assoc.accepted_contexts)
        )

    def _on_rejected(self, event: evt.Event) -> None:
        self._talks[event.assoc].ended = "rejected"

    def _on_released(self, event: evt.Event) -> None:
        self._talks[event.assoc].ended = "released"

    def _on_aborted(self, event: evt.Event) -> None:
        if talk := self._talks.get(event.assoc):
            talk.ended = "aborted"

    def _on_message(self, event: evt.Event) -> None:
        if isinstance(event.assoc.dul.socket, LimitedSocket):
            event.assoc.dul.socket.message_ends()

    def _on_echo(self, event: evt.Event) -> int:
        self._talks[event.assoc].counts["echoes"] += 1
        return SUCCESS

    def _on_store(self, event: evt.Event) -> Dataset:
        talk = self._talks[event.assoc]
        assert talk.site is not None
        try:
            request = cast(C_STORE, event.request)
            result = store_object(
                data=event.encoded_dataset(),
                dataset=event.encoded_dataset(include_meta=False),
                sop_class_uid=str(request.AffectedSOPClassUID),
                sop_uid=str(request.AffectedSOPInstanceUID),
                transfer_syntax_uid=str(event.context.transfer_syntax),
                site=talk.site,
            )
        except Exception as error:  # noqa: BLE001  the edge of the process: whatever fails, the sender must be told
            log.error("dimse_store_failed", error=type(error).__name__)
            talk.counts["failed"] += 1
            # A broken connection must not fail all that follow.
            connections.close_all()
            return later()
        talk.counts[result.result] += 1
        return status_of(result)

    def _on_find(self, event: evt.Event) -> Iterator[c_find.Answer]:
        talk = self._talks[event.assoc]
        assert talk.site is not None
        talk.counts["queries"] += 1
        try:
            identifier = event.identifier
            worklist = event.context.abstract_syntax == ModalityWorklistInformationFind
            yield from (find_scheduled if worklist else c_find.find)(
                identifier=identifier,
                site=talk.site,
                caller=talk.caller,
                address=talk.address,
                limit=self._limits.matches,
                is_cancelled=lambda: bool(event.is_cancelled),
            )
        except READING_ERRORS as error:
            log.error("dimse_find_failed", error=type(error).__name__)
            yield from c_find.unreadable()


def is_loopback(address: str) -> bool:
    """Is it this machine's own address (127.0.0.0/8, ::1)? Names other than localhost are not."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def _printable(title: str) -> str:
    """An AE title as the log may hold it: it is whatever the caller says."""
    return "".join(char for char in title if char.isascii() and char.isprintable())[:16].strip()
