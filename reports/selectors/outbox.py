"""Targets and what is on its way to them: the doors, the lists, and the figures of watching."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Site, User
from accounts.roles import Action, can
from reports.models import Delivery, Target
from reports.states import DeliveryStatus
from screening.figures import Figure, Line
from screening.selectors.doors import sites_where

LONG_WAIT_S = 3600.0
UNDER_WAY = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)


def targets_of(user: User) -> QuerySet[Target]:
    """Those of the sites the user administers, with how many documents wait, failed, and when one last got there."""
    count = "deliveries__status"
    return (
        Target.objects.filter(site__in=sites_where(user, Action.MANAGE_TARGETS))
        .select_related("site")
        .annotate(
            waiting=Count("deliveries", filter=Q(**{f"{count}__in": UNDER_WAY})),
            failed=Count("deliveries", filter=Q(**{count: DeliveryStatus.FAILED})),
            last_sent=Max("deliveries__finished_at", filter=Q(**{count: DeliveryStatus.SENT})),
        )
        .order_by("site__name", "name")
    )


def target_for(user: User, target_id: int) -> Target:
    """The door to a target: Http404 at sites where the user has no role, PermissionDenied without the right."""
    target = Target.objects.filter(pk=target_id, site__in=_known_sites(user)).select_related("site").first()
    if target is None:
        raise Http404(_("There is no such target."))
    if not can(user, Action.MANAGE_TARGETS, target.site):
        raise PermissionDenied(_("Your role does not allow this."))
    return target


def delivery_for(user: User, delivery_id: int) -> Delivery:
    """The door to a delivery, by the same rule."""
    rows = Delivery.objects.filter(pk=delivery_id, site__in=_known_sites(user)).select_related("site", "target")
    delivery = rows.first()
    if delivery is None:
        raise Http404(_("There is no such document."))
    if not can(user, Action.MANAGE_TARGETS, delivery.site):
        raise PermissionDenied(_("Your role does not allow this."))
    return delivery


def _known_sites(user: User) -> QuerySet[Site]:
    return Site.objects.filter(is_active=True, memberships__user=user) if user.is_active else Site.objects.none()


def deliveries_of(user: User, statuses: Iterable[str]) -> QuerySet[Delivery]:
    """Those in one of `statuses` at the sites the user administers, the newest first."""
    rows = Delivery.objects.filter(site__in=sites_where(user, Action.MANAGE_TARGETS), status__in=list(statuses))
    related = ("target", "site", "report__study", "run__study", "task__study")
    return rows.select_related(*related).order_by("-id")


@dataclass(frozen=True, slots=True)
class Outbox:
    """waiting, failed: documents now. sent: in the last 24 hours. oldest_s: of what waits, since it was made."""

    kind: str
    waiting: int
    failed: int
    sent: int
    oldest_s: float


def outbox_now(now: datetime, sites: Iterable[Site] | None = None) -> list[Outbox]:
    """One entry for each kind of target that has documents; `sites`: None for all."""
    rows = Delivery.objects.all() if sites is None else Delivery.objects.filter(site__in=list(sites))
    lately = now - timedelta(hours=24)
    found = (
        rows.filter(
            Q(status__in=(*UNDER_WAY, DeliveryStatus.FAILED)) | Q(status=DeliveryStatus.SENT, finished_at__gt=lately)
        )
        .values("target__kind")
        .annotate(
            waiting=Count("id", filter=Q(status__in=UNDER_WAY)),
            failed=Count("id", filter=Q(status=DeliveryStatus.FAILED)),
            sent=Count("id", filter=Q(status=DeliveryStatus.SENT)),
            oldest=Min("created_at", filter=Q(status__in=UNDER_WAY)),
        )
        .order_by("target__kind")
    )
    return [
        Outbox(
            row["target__kind"],
            row["waiting"],
            row["failed"],
            row["sent"],
            max(0.0, (now - row["oldest"]).total_seconds()) if row["oldest"] else 0.0,
        )
        for row in found
    ]


def outbox_figures(now: datetime, sites: Iterable[Site] | None = None) -> list[Figure]:
    """For /metrics: documents by kind of target and state, and how long the oldest waits."""
    found = []
    for each in outbox_now(now, sites):
        states = (("waiting", each.waiting), ("failed", each.failed), ("sent", each.sent))
        for state, count in states:
            labels = (("kind", each.kind), ("state", state))
            found.append(Figure("outbox_documents", "Documents for other systems; sent: in 24 h", count, labels))
        oldest = (("kind", each.kind),)
        found.append(Figure("outbox_oldest_seconds", "Wait of the oldest document", each.oldest_s, oldest))
    return found


def outbox_lines(now: datetime, sites: Iterable[Site] | None = None) -> list[Line]:
    """For the status page; nothing where nothing is sent."""
    every = outbox_now(now, sites)
    if not every:
        return []
    waiting, sent = sum(each.waiting for each in every), sum(each.sent for each in every)
    failed = sum(each.failed for each in every)
    words = _("%(waiting)d documents wait, %(sent)d were sent in the last 24 hours.")
    lines = [Line(words % {"waiting": waiting, "sent": sent}, url=reverse("outbox") + "?list=waiting")]
    if failed:
        said = ngettext("%(n)d document could not be sent.", "%(n)d documents could not be sent.", failed)
        lines.append(Line(said % {"n": failed}, late=True, url=reverse("outbox")))
    oldest = max(each.oldest_s for each in every)
    if oldest > LONG_WAIT_S:
        lines.append(Line(_("The oldest has waited for more than an hour."), late=True, url=reverse("targets")))
    return lines
