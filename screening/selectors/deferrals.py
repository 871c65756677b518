"""Which studies are set aside now, and how those words read."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, QuerySet
from django.utils import timezone

from screening.models import Deferral, OrderPriority, Study, Tier


def standing_deferrals(now: datetime) -> QuerySet[Deferral]:
    """Deferrals that hold now. One ends by itself when its time comes, and at once when the study became due
    earlier than it was or more of its images came: both may change who has to look, and when."""
    return Deferral.objects.filter(
        ended_at__isnull=True,
        until__gt=now,
        due_at__lte=F("study__due_at"),
        images__gte=F("study__instance_count"),
    )


def standing_deferral(study: Study) -> Deferral | None:
    """The deferral that holds a study now."""
    return standing_deferrals(timezone.now()).filter(study=study).select_related("by").first()


def needs_note(study: Study, until: datetime) -> bool:
    """Must the reason be written out? A critical or stat study never waits past its due time without one."""
    pressing = study.tier == Tier.CRITICAL or study.order_priority == OrderPriority.STAT
    return pressing and until > study.due_at
