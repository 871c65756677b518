"""A receiver as the command makes it, on a port of its own, and senders that speak to it over the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, _config
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from screening.dimse.server import Receiver
from screening.management.commands.dicom_receiver import receiver_from

TITLE = "FIRSTREAD"
UNANSWERED = 0xFFFF
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture(autouse=True)
def quiet_network(monkeypatch):
    """The receiver silences the network library in its process; other tests get it back as it was."""
    for name in ("LOG_HANDLER_LEVEL", "LOG_REQUEST_IDENTIFIERS", "LOG_RESPONSE_IDENTIFIERS"):
        monkeypatch.setattr(_config, name, getattr(_config, name))
    logger = logging.getLogger("pynetdicom")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def receive(transactional_db, north) -> Iterator[Callable[..., Receiver]]:
    """Start a receiver for a site (north unless told); every one is stopped at the end."""
    started = []

    def start(**options: object) -> Receiver:
        receiver = receiver_from(
            {
                "port": 0,
                "aet": TITLE,
                "site": "north",
                "host": "127.0.0.1",
                "allow": [],
                "max_pdu": 65536,
                "max_associations": 8,
                "idle": 20.0,
                "max_matches": 100,
                **options,
            }
        )
        receiver.start()
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.stop()


@contextmanager
def calling(
    receiver: Receiver, *contexts: tuple[str, list[str] | None], title: str = "CT1", called: str = TITLE
) -> Iterator[Association]:
    """An association, established or refused; released at the end."""
    ae = AE(title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for abstract, syntaxes in contexts or ((VERIFICATION, None),):
        ae.add_requested_context(abstract, syntaxes)
    association = ae.associate("127.0.0.1", receiver.port, ae_title=called)
    own = association.dul.socket.socket
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        if association.is_alive():
            association.join(20)
        # The library leaves it open when the other side was quicker.
        if own is not None:
            own.close()


def all_ended(receiver: Receiver) -> None:
    """Wait until the receiver's own threads have ended, as they do shortly after the caller's."""
    for association in list(receiver._talks):
        association.join(20)


def parts(file: bytes) -> tuple[Dataset, bytes]:
    """File meta information, and the bytes of the data set behind it."""
    meta = dcmread(BytesIO(file), stop_before_pixels=True).file_meta
    return meta, file[132 + 12 + meta.FileMetaInformationGroupLength :]


def send(association: Association, file: bytes, *, sop_uid: str | None = None, dataset: bytes | None = None) -> Dataset:
    """C-STORE of a file's data set, byte for byte as it is in the file; the answer's Status and ErrorComment."""
    meta, own = parts(file)
    syntax = str(meta.TransferSyntaxUID)
    context = next(
        found
        for found in association.accepted_contexts
        if found.abstract_syntax == meta.MediaStorageSOPClassUID and found.transfer_syntax[0] == syntax
    )
    request = C_STORE()
    request.MessageID = 1
    request.AffectedSOPClassUID = meta.MediaStorageSOPClassUID
    request.AffectedSOPInstanceUID = sop_uid or meta.MediaStorageSOPInstanceUID
    request.Priority = 2
    request.DataSet = BytesIO(own if dataset is None else dataset)
    association._reactor_checkpoint.clear()
    try:
        association.dimse.send_msg(request, context.context_id)
        _context_id, response = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    answer = Dataset()
    answer.Status = response.Status if response is not None else UNANSWERED
    answer.ErrorComment = getattr(response, "ErrorComment", None) or ""
    return answer
