"""Orders that wait for their images, studies that do not fit their order, and the order a study came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from accounts.models import Site
from screening.models import Order, OrderMismatch, OrderState, Study
from screening.selectors.phrases import person_name

# Beyond this an order is looked for, not read through.
SHOWN = 200
# A scheduled order without images counts as missing after this.
LATE = dt.timedelta(hours=4)


def unsettled(sites: Iterable[Site]) -> QuerySet[OrderMismatch]:
    """Mismatches of these sites that nobody has settled, oldest first."""
    return (
        OrderMismatch.objects.filter(order__site__in=sites, settled_at__isnull=True, study__erased_at__isnull=True)
        .select_related("order", "study__patient", "study__site")
        .order_by("id")
    )


def expected(sites: Iterable[Site]) -> QuerySet[Order]:
    """Orders without a study, by their time; those without one at the end."""
    return (
        Order.objects.filter(site__in=sites, state=OrderState.SCHEDULED, studies__isnull=True)
        .select_related("site")
        .order_by("scheduled_at", "id")
    )


def order_of(study: Study) -> dict[str, Any] | None:
    """What the order says of a study, for beside its images; None where there is none.

    {"reason", "clinical", "notes", "procedure", "requested_by", "priority", "cancelled"}: texts as they came.
    """
    order = Order.objects.filter(studies__study=study).first()
    if order is None:
        return None
    return {
        "reason": order.reason,
        "clinical": order.clinical,
        "notes": order.notes,
        "procedure": order.procedure,
        "requested_by": order.requested_by,
        "priority": order.get_priority_display(),
        "cancelled": order.state == OrderState.CANCELLED,
    }


def patient_words(order: Order) -> str:
    """Name, birth date and number as a person compares them."""
    born = order.birth_date.isoformat() if order.birth_date else ""
    return " · ".join(part for part in (person_name(order.patient_name), born, order.patient_id) if part)


def study_patient_words(study: Study) -> str:
    patient = study.patient
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    return " · ".join(part for part in (person_name(patient.name), born, patient.patient_id) if part)
