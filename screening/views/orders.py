"""The technologist's page of orders: studies that do not fit theirs, and orders whose images have not come."""

from __future__ import annotations

from itertools import islice

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import OrderMismatch
from screening.selectors import orders as selected
from screening.selectors.doors import sites_where
from screening.services.ordering import NotSettled, settle_mismatch


@login_required
@require_GET
@never_cache
def orders(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    sites = list(sites_where(person, Action.VIEW_INGEST))
    if not sites:
        raise PermissionDenied(_("Your role does not allow this."))
    audit.record(Verb.ORDERS_VIEWED, actor=person, detail={"sites": len(sites)}, request=request)
    now = timezone.now()
    context = {
        "mismatches": [
            (each, selected.study_patient_words(each.study), selected.patient_words(each.order))
            for each in islice(selected.unsettled(sites), selected.SHOWN)
        ],
        "expected": [
            (
                order,
                selected.patient_words(order),
                bool(order.scheduled_at and order.scheduled_at + selected.LATE < now),
            )
            for order in islice(selected.expected(sites), selected.SHOWN)
        ],
        "shown": selected.SHOWN,
        "several_sites": len(sites) > 1,
        "may_settle": can(person, Action.MANAGE_PATIENTS),
    }
    return render(request, "screening/orders.html", context)


@login_required
@require_POST
def mismatch_settle(request: HttpRequest, mismatch_id: int) -> HttpResponse:
    person = _person(request)
    seen = OrderMismatch.objects.filter(order__site__in=sites_where(person, Action.VIEW_INGEST))
    mismatch = seen.select_related("order__site", "study").filter(pk=mismatch_id).first()
    if mismatch is None:
        if not can(person, Action.MANAGE_PATIENTS):
            raise PermissionDenied(_("Your role does not allow this."))
        raise Http404(_("There is no such mismatch."))
    if not can(person, Action.MANAGE_PATIENTS, mismatch.order.site):
        raise PermissionDenied(_("Your role does not allow this."))
    try:
        settle_mismatch(mismatch=mismatch, actor=person, join=request.POST.get("join") == "1", request=request)
    except NotSettled as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Joined.") if mismatch.joined else _("Left apart."))
    return redirect("orders")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
