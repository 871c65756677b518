"""The outbox in /metrics and on the status page."""

from __future__ import annotations

import datetime as dt

import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.models import Delivery
from reports.services.sending import sweep_deliveries
from reports.states import DeliveryStatus
from tests.targets.servers import HERE, ris


def metrics(settings) -> str:
    settings.METRICS_TOKEN = "scrape"
    return Client().get(reverse("metrics"), headers={"Authorization": "Bearer scrape"}).content.decode()


def test_the_outbox_is_in_the_metrics_by_kind_and_state(ready, sign, make_target, settings, south):
    assert "firstread_outbox" not in metrics(settings)
    with ris() as server:
        make_target("mllp", f"mllp://{HERE}:{server.port}")
        make_target("fhir", f"http://{HERE}:1")
        sign(ready)
        Delivery.objects.filter(document="fhir").update(status=DeliveryStatus.FAILED)
        with time_machine.travel(timezone.now() + dt.timedelta(seconds=90), tick=False):
            assert 'firstread_outbox_oldest_seconds{kind="mllp"} 90' in metrics(settings)
        sweep_deliveries()
    said = metrics(settings)
    assert 'firstread_outbox_documents{kind="mllp",state="sent"} 1.0' in said
    assert 'firstread_outbox_documents{kind="fhir",state="failed"} 1.0' in said
    assert ready.study.study_uid not in said


def test_the_status_page_says_what_waits_and_what_could_not_be_sent(ready, sign, make_target, administrator):
    client = Client()
    client.force_login(administrator)
    assert "Reports to other systems" not in client.get(reverse("status")).content.decode()
    make_target("mllp", f"mllp://{HERE}:1")
    make_target("fhir", f"http://{HERE}:1")
    sign(ready)
    Delivery.objects.filter(document="fhir").update(status=DeliveryStatus.FAILED)
    page = client.get(reverse("status")).content.decode()
    assert "1 documents wait, 0 were sent in the last 24 hours." in page and "1 document could not be sent." in page
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        client.force_login(administrator)
        assert "more than an hour" in client.get(reverse("status")).content.decode()


def test_another_sites_outbox_is_not_told_here(ready, sign, make_target, make_user, south):
    make_target("mllp", f"mllp://{HERE}:1")
    sign(ready)
    client = Client()
    client.force_login(make_user("other", "administrator", south))
    assert "Reports to other systems" not in client.get(reverse("status")).content.decode()
