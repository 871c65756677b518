"""Where reports are sent: the administrator's pages of targets, and of what could not be sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from accounts.services import note_authentication, password_is_right, recently_authenticated
from reports.delivery_strings import reason_words
from reports.models import Delivery, Document, Moment, Target, TargetKind
from reports.selectors.outbox import UNDER_WAY, deliveries_of, delivery_for, target_for, targets_of
from reports.services import sending, targets
from reports.services.targets import OFFERS, WITH_SECRET, Wanted
from reports.states import DeliveryStatus
from reports.targets.results import NotSent
from reports.views.reading_room import signed_in
from screening.selectors.doors import sites_where

PER_PAGE = 50
LISTS = {
    "failed": (gettext_lazy("Could not be sent"), (DeliveryStatus.FAILED,)),
    "waiting": (gettext_lazy("On its way"), UNDER_WAY),
    "done": (
        gettext_lazy("Done"),
        (DeliveryStatus.SENT, DeliveryStatus.GIVEN_UP, DeliveryStatus.SUPERSEDED, DeliveryStatus.EMPTY),
    ),
}
HINTS = {
    TargetKind.STOW: gettext_lazy("https://pacs.example.org/dicom-web; objects go to /studies below it."),
    TargetKind.CSTORE: gettext_lazy(
        "dicom://TITLE@host:104, or dicoms:// under TLS; ?calling=TITLE for our own title."
    ),
    TargetKind.MLLP: gettext_lazy("mllp://host:2575, or mllps:// under TLS."),
    TargetKind.FHIR: gettext_lazy("https://fhir.example.org/r4; bundles go to /Bundle below it."),
    TargetKind.WEBHOOK: gettext_lazy("https://alerts.example.org/firstread"),
    TargetKind.MAIL: gettext_lazy("Up to five addresses, with commas between them."),
}


@login_required
@require_GET
def target_list(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    rows = list(targets_of(administrator))
    context = {
        "targets": [(row, [Document(each).label for each in row.documents]) for row in rows],
        "failed": deliveries_of(administrator, LISTS["failed"][1]).count(),
        "kinds": TargetKind.choices,
        "several_sites": len({row.site_id for row in rows}) > 1,
    }
    return render(request, "reports/targets.html", context)


@sensitive_variables()
@sensitive_post_parameters("secret", "password")
@login_required
@require_http_methods(["GET", "POST"])
def target_new(request: HttpRequest) -> HttpResponse:
    """`kind` in the address; POST the target, `site`, and `password` unless one was given lately."""
    administrator = _administrator(request)
    kind = request.GET.get("kind") or TargetKind.STOW
    if kind not in OFFERS:
        raise Http404(_("There is no such kind of target."))
    sites = list(sites_where(administrator, Action.MANAGE_TARGETS).order_by("name"))
    site = next((each for each in sites if each.slug == request.POST.get("site")), None)
    if request.method == "POST":
        problems = [] if site else [_("Choose a site that you administer.")]
        return _saved(request, administrator, None, site or sites[0], kind, sites, problems)
    return _form(request, None, kind, sites)


@sensitive_variables()
@sensitive_post_parameters("secret", "password")
@login_required
@require_http_methods(["GET", "POST"])
def target(request: HttpRequest, target_id: int) -> HttpResponse:
    administrator = signed_in(request)
    row = target_for(administrator, target_id)
    if request.method == "POST":
        return _saved(request, administrator, row, row.site, row.kind, [row.site], [])
    return _form(request, row, row.kind, [row.site])


@sensitive_post_parameters("password")
@login_required
@require_POST
def target_switch(request: HttpRequest, target_id: int) -> HttpResponse:
    """POST `on` "1" or "0", and `password` unless one was given lately."""
    administrator = signed_in(request)
    row = target_for(administrator, target_id)
    problems = _unconfirmed(request, administrator)
    if problems:
        return _form(request, row, row.kind, [row.site], problems=problems)
    on = request.POST.get("on") == "1"
    targets.switch_target(target=row, on=on, actor=administrator, request=request)
    messages.success(request, _("Switched on.") if on else _("Switched off. What waits for it is kept."))
    return redirect("target", target_id=row.pk)


@login_required
@require_POST
def target_try(request: HttpRequest, target_id: int) -> HttpResponse:
    """Ask the target whether it is there; nothing is stored."""
    administrator = signed_in(request)
    row = target_for(administrator, target_id)
    try:
        targets.try_target(target=row, actor=administrator, request=request)
    except NotSent as error:
        messages.error(request, reason_words(error.code, error.detail))
    else:
        messages.success(request, _("%(target)s answers.") % {"target": row.name})
    return redirect("target", target_id=row.pk)


@login_required
@require_GET
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    return _outbox(request, _administrator(request))


@login_required
@require_POST
def delivery_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    administrator = signed_in(request)
    delivery = delivery_for(administrator, delivery_id)
    try:
        sending.send_again(delivery=delivery, actor=administrator, request=request)
    except sending.DeliveryConflict as error:
        return _outbox(request, administrator, problems=[str(error)], status=409)
    messages.success(request, _("It is sent again."))
    return redirect("outbox")


@login_required
@require_POST
def delivery_give_up(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """POST `reason`."""
    administrator = signed_in(request)
    delivery = delivery_for(administrator, delivery_id)
    try:
        reason = request.POST.get("reason", "")
        sending.give_up(delivery=delivery, actor=administrator, reason=reason, request=request)
    except sending.DeliveryError as error:
        return _outbox(request, administrator, problems=[str(error)], status=400)
    except sending.DeliveryConflict as error:
        return _outbox(request, administrator, problems=[str(error)], status=409)
    messages.success(request, _("It is not sent any more."))
    return redirect("outbox")


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.MANAGE_TARGETS):
        raise PermissionDenied(_("Only administrators manage where reports are sent."))
    return user


def _unconfirmed(request: HttpRequest, administrator: User) -> list[str]:
    """Nothing once a password was given within 15 minutes, or just now."""
    if recently_authenticated(request):
        return []
    if password_is_right(administrator, request.POST.get("password", "")):
        note_authentication(request)
        return []
    return [_("The password is not right.")]


def _saved(
    request: HttpRequest,
    administrator: User,
    row: Target | None,
    site: Site,
    kind: str,
    sites: list[Site],
    problems: list[str],
) -> HttpResponse:
    given = request.POST
    secret = given.get("secret", "")
    wanted = Wanted(
        kind=kind,
        name=given.get("name", ""),
        address=given.get("address", ""),
        documents=tuple(given.getlist("documents")),
        moments=tuple(given.getlist("moments")),
        secret=secret or ("" if given.get("forget") or row is None else None),
        secret_name=given.get("secret_name", ""),
    )
    problems = problems or _unconfirmed(request, administrator)
    if not problems:
        try:
            saved = targets.save_target(target=row, site=site, wanted=wanted, actor=administrator, request=request)
        except targets.TargetRefused as refusal:
            problems = refusal.faults
            if row is not None:
                row.refresh_from_db()
        else:
            messages.success(request, _("Saved. It holds for what is signed from now on."))
            return redirect("target", target_id=saved.pk)
    return _form(request, row, kind, sites, wanted=wanted, problems=problems)


def _form(
    request: HttpRequest,
    row: Target | None,
    kind: str,
    sites: list[Site],
    *,
    wanted: Wanted | None = None,
    problems: list[str] | None = None,
) -> HttpResponse:
    """The form as it was sent, else as the target is, else empty; never with a secret in it."""
    documents, moments = OFFERS[kind]
    shown = wanted or Wanted(
        kind,
        row.name if row else "",
        row.address if row else "",
        tuple(row.documents) if row else documents,
        tuple(row.moments) if row else tuple(each for each in moments if each != Moment.UNVERIFIED),
        secret_name=row.secret_name if row else "",
    )
    context: dict[str, Any] = {
        "row": row,
        "kind": kind,
        "label": TargetKind(kind).label,
        "hint": HINTS[TargetKind(kind)],
        "sites": sites,
        "site": request.POST.get("site", ""),
        "shown": shown,
        "documents": _choices(Document, documents, shown.documents),
        "moments": _choices(Moment, moments, shown.moments),
        "with_secret": kind in WITH_SECRET,
        "ask_password": not recently_authenticated(request),
        "problems": problems or [],
        "last": row.deliveries.order_by("-id")[:5] if row else [],
    }
    return render(request, "reports/target.html", context, status=400 if problems else 200)


def _choices(of: Any, offered: tuple[str, ...], chosen: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """(value, label, chosen); empty where there is nothing to choose."""
    return [(value, of(value).label, value in chosen) for value in offered] if len(offered) > 1 else []


def _outbox(
    request: HttpRequest, administrator: User, *, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    name = request.GET.get("list", "failed")
    name = name if name in LISTS else "failed"
    page = Paginator(deliveries_of(administrator, LISTS[name][1]), PER_PAGE).get_page(request.GET.get("page"))
    audit.record(Verb.TARGETS_VIEWED, actor=administrator, object_type="outbox", object_id=name, request=request)
    context = {
        "lists": [(key, label, key == name) for key, (label, _statuses) in LISTS.items()],
        "list": name,
        "page": page,
        "rows": [(row, reason_words(row.reason, row.detail) if row.reason else "", _study_of(row)) for row in page],
        "problems": problems or [],
    }
    return render(request, "reports/outbox.html", context, status=status)


def _study_of(delivery: Delivery) -> str:
    """The UID of the study that a document is about."""
    about = delivery.report or delivery.run or delivery.task or delivery.glass
    return about.study.study_uid if about else ""
