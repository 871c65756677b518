"""Two workers at the outbox at the same moment: what told an earlier state of a report is never overtaken."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction
from django.utils import timezone

from reports.models import Delivery
from reports.services import sending
from reports.states import DeliveryStatus
from tests.targets.servers import HERE


@pytest.mark.django_db(transaction=True)
def test_a_newer_state_waits_for_the_older_one_that_another_worker_is_claiming(ready, sign, make_target):
    make_target("mllp", f"mllp://{HERE}:1")
    sign(ready)
    older = Delivery.objects.get()
    claimed, tried = threading.Event(), threading.Event()

    def other_worker() -> None:
        try:
            with transaction.atomic():
                sending._claim(older.pk)
                # claimed, and not committed yet
                claimed.set()
                tried.wait(timeout=1)
        finally:
            connections.close_all()

    worker = threading.Thread(target=other_worker)
    worker.start()
    assert claimed.wait(timeout=20)
    now = timezone.now()
    newer = Delivery.objects.create(
        site=older.site, target=older.target, document=older.document, moment=older.moment, digest="f" * 64,
        report=older.report, signature=older.signature, next_at=now, created_at=now,
    )  # fmt: skip
    assert sending._claim(newer.pk) is None
    tried.set()
    worker.join()
    assert [row.status for row in Delivery.objects.order_by("pk")] == [DeliveryStatus.SENDING, DeliveryStatus.WAITING]
