"""What the table of permissions asks about besides studies: a layout of somebody's own, a task, a delivery."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.services.tokens import make_token
from reports.layouts import department_protocol
from reports.models import Delivery, FollowUp, Recommendation, Revision, Target
from reports.services.communication import open_task
from reports.services.layouts import new_layout
from reports.services.signing import append_signature
from screening.models import Order, OrderMismatch


def own_layout(reader):
    protocol = department_protocol("lung")
    return new_layout(user=reader, kind="lung", name="Mine", protocol=protocol)


def own_token(reader):
    end = timezone.now() + timedelta(days=1)
    return make_token(user=reader, name="Mine", scopes=["studies.read"], expires_at=end, actor=reader)[0]


def unfit_order(study):
    """An order for another person than the study is of, waiting to be looked at."""
    now = timezone.now()
    order = Order.objects.create(
        site=study.site,
        placer_number="P-1",
        accession_number="ACC1",
        patient_id="PAT1",
        received_at=now,
        changed_at=now,
    )
    return OrderMismatch.objects.create(order=order, study=study, reason="patient", at=now)


def due_tasks(report, reader) -> dict[str, list]:
    """A critical result to tell and a follow-up to close, both of another study's signed report."""
    task = open_task(study=report.study, actor=reader, tier="critical", finding="A nodule")
    words = {"kind": "referral", "what": "x", "number": 1, "unit": "days", "owner": "site", "due_on": "2026-01-02"}
    revision = Revision.objects.create(report=report, number=7, sections={}, author=reader, created_at=timezone.now())
    row = FollowUp.objects.create(
        site=report.study.site,
        patient=report.study.patient,
        study=report.study,
        recommendation=Recommendation.objects.create(report=report, version=1, by=reader, at=timezone.now(), **words),
        signature=append_signature(report, reader, revision, "final", {}),
        due_on="2026-01-02",
    )
    where = {"kind": "mllp", "address": "mllp://127.0.0.1:1", "changed_by": reader, "changed_at": timezone.now()}
    target = Target.objects.create(site=report.study.site, name="RIS", documents=["hl7"], moments=["final"], **where)
    times = {"next_at": timezone.now(), "created_at": timezone.now()}
    told = {"document": "hl7", "moment": "final", "digest": "a" * 64, "signature": row.signature, **times}
    delivery = Delivery.objects.create(site=target.site, target=target, report=report, **told)
    return {
        "communication": [task.pk, "tell"],
        "follow-up": [row.pk],
        "target": [target.pk],
        "delivery": [delivery.pk],
    }
