"""The administrator's pages of models: what is there, its card and figures, installing, choosing, rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Action, can
from accounts.services import note_authentication, password_is_right, recently_authenticated
from screening.models import ModelBundle
from screening.scoring.bundle_schema import PROGRAMMES
from screening.selectors import models as selected
from screening.selectors.cards import card_html
from screening.services import registry, rescoring, rights

SHORTEST_REASON = 5
KINDS = {".json": "application/json", ".csv": "text/csv", ".png": "image/png", ".svg": "image/svg+xml"}
# A bundle's file is shown, never run, even when it is opened by its own address.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@login_required
@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    sites = selected.model_sites(administrator)
    programmes = [
        replace(each, waiting=rescoring.waiting_studies(each.name, sites).count())
        for each in selected.all_models(administrator)
    ]
    return render(request, "screening/models.html", {"programmes": programmes, "several_sites": len(sites) > 1})


@login_required
@require_GET
def model(request: HttpRequest, name: str, version: str) -> HttpResponse:
    return _page(request, _administrator(request), selected.model_for(name, version))


@login_required
@require_GET
def model_file(request: HttpRequest, name: str, version: str, file: str) -> HttpResponseBase:
    """A picture or a data file of the bundle."""
    _administrator(request)
    path = selected.files_of(selected.model_for(name, version)).get(file)
    if path is None:
        raise Http404(_("There is no such file."))
    answer = FileResponse(path.open("rb"), content_type=KINDS[path.suffix])
    answer["Content-Security-Policy"] = FILE_POLICY
    return answer


@login_required
@require_http_methods(["GET", "POST"])
def model_install(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    problems: list[str] = []
    if request.method == "POST":
        archive = request.FILES.get("archive")
        if archive is None:
            problems = [_("Choose the zip archive of a model.")]
        elif (archive.size or 0) > settings.MODEL_MAX_BYTES:
            problems = [_("The archive is larger than %(n)d MB.") % {"n": settings.MODEL_MAX_BYTES >> 20}]
        else:
            problems = _everywhere(administrator) or _unconfirmed(request, administrator)
        if archive is not None and not problems:
            try:
                row = registry.install_archive(archive=archive, actor=administrator, request=request)  # type: ignore[arg-type]
            except registry.BundleRefused as refusal:
                problems = refusal.faults
            else:
                messages.success(
                    request, _("%(model)s is installed. It reads nothing until it is chosen.") % {"model": row}
                )
                return redirect("model", name=row.name, version=row.version)
    context = {
        "problems": problems,
        "everywhere": selected.manages_everywhere(administrator),
        "ask_password": not recently_authenticated(request),
        "most": settings.MODEL_MAX_BYTES >> 20,
    }
    return render(request, "screening/model_install.html", context, status=400 if problems else 200)


@login_required
@require_POST
def model_activate(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """POST `reason`, and `password` unless one was given lately."""
    administrator = _administrator(request)
    row = selected.model_for(name, version)
    reason, problems = _reason(request)
    problems = problems or _everywhere(administrator) or _unconfirmed(request, administrator)
    if not problems:
        try:
            registry.activate(row=row, reason=reason, actor=administrator, request=request)
        except registry.BundleRefused as refusal:
            problems = refusal.faults
    if problems:
        return _page(request, administrator, row, problems)
    messages.success(request, _("%(model)s reads from now on. Scores there are stay as they are.") % {"model": row})
    return redirect("model", name=row.name, version=row.version)


@login_required
@require_POST
def model_rollback(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Back from this version, which reads now, to the one before it: POST `reason`, and `password`."""
    administrator = _administrator(request)
    row = selected.model_for(name, version)
    reason, problems = _reason(request)
    problems = problems or _everywhere(administrator) or _unconfirmed(request, administrator)
    if not problems:
        try:
            if selected.earlier_of(row) is None:
                raise registry.BundleRefused([_("There is no earlier version to go back to.")])
            activation = registry.roll_back(
                programme=row.programme, reason=reason, actor=administrator, request=request
            )
        except registry.BundleRefused as refusal:
            problems = refusal.faults
    if problems:
        return _page(request, administrator, row, problems)
    words = _("%(model)s reads from now on. Scores there are stay as they are.")
    messages.success(request, words % {"model": activation.bundle})
    return redirect("model", name=activation.bundle.name, version=activation.bundle.version)


@login_required
@require_POST
def model_right(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Grant or take the right at one site: POST `site` (slug), `granted` "1" or "0", `reason`, and `password`."""
    administrator = _administrator(request)
    row = selected.model_for(name, version)
    reason, problems = _reason(request)
    site = next((one for one in selected.model_sites(administrator) if one.slug == request.POST.get("site")), None)
    if not problems and site is None:
        problems = [_("Choose a site that you administer.")]
    if not problems and row.programme not in PROGRAMMES:
        problems = [_("This model orders no queue.")]
    problems = problems or _unconfirmed(request, administrator)
    if problems or site is None:
        return _page(request, administrator, row, problems)
    granted = request.POST.get("granted") == "1"
    rights.set_triage(row=row, site=site, granted=granted, reason=reason, actor=administrator, request=request)
    words = (
        _("Granted at %(site)s, for studies scored from now on.")
        if granted
        else _("Taken at %(site)s, for studies scored from now on.")
    )
    messages.success(request, words % {"site": site})
    return redirect("model", name=row.name, version=row.version)


@login_required
@require_POST
def models_rescore(request: HttpRequest) -> HttpResponse:
    """Score the waiting studies of the administrator's sites again: POST `programme`."""
    administrator = _administrator(request)
    programme = request.POST.get("programme", "")
    if programme not in PROGRAMMES:
        messages.error(request, _("There is no such programme."))
        return redirect("models")
    try:
        done = rescoring.rescore_waiting(
            programme=programme, sites=selected.model_sites(administrator), actor=administrator, request=request
        )
    except rescoring.NotRescored as refusal:
        messages.error(request, str(refusal))
        return redirect("models")
    said = [ngettext("%(n)d study is scored again.", "%(n)d studies are scored again.", done.asked) % {"n": done.asked}]
    if done.left:
        words = ngettext("%(n)d would give the same result.", "%(n)d would give the same result.", done.left)
        said.append(words % {"n": done.left})
    if done.more:
        said.append(_("%(n)d more wait: ask once more.") % {"n": done.more})
    messages.success(request, " ".join(said))
    return redirect("models")


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_MODELS):
        raise PermissionDenied(_("Only administrators manage models."))
    return request.user


def _reason(request: HttpRequest) -> tuple[str, list[str]]:
    reason = request.POST.get("reason", "").strip()[:400]
    return reason, [] if len(reason) >= SHORTEST_REASON else [_("Give a reason: it stays with the change.")]


def _everywhere(administrator: User) -> list[str]:
    if selected.manages_everywhere(administrator):
        return []
    return [_("A model reads for all sites: only somebody who administers every one of them can change this.")]


def _unconfirmed(request: HttpRequest, administrator: User) -> list[str]:
    """Nothing once a password was given within 15 minutes, or just now."""
    if recently_authenticated(request):
        return []
    if password_is_right(administrator, request.POST.get("password", "")):
        note_authentication(request)
        return []
    return [_("The password is not right.")]


def _page(
    request: HttpRequest, administrator: User, row: ModelBundle, problems: list[str] | None = None
) -> HttpResponse:
    files = {name: reverse("model-file", args=(row.name, row.version, name)) for name in selected.files_of(row)}
    card = selected.card_of(row)
    context: dict[str, Any] = {
        "version": selected.version_of(row, selected.model_sites(administrator)),
        "programme": selected.programme_label(row.programme),
        "intended_use": ""
        if str(row.metadata.get("intended_use")) in " ".join(card.split())
        else row.metadata.get("intended_use"),
        "card": card_html(card, files) if card else "",
        "pictures": [
            (name, url) for name, url in files.items() if name.endswith((".png", ".svg")) and name not in card
        ],
        "files": [(name, url) for name, url in files.items() if name.endswith((".json", ".csv"))],
        "history": selected.history_of(row.programme) if row.programme in PROGRAMMES else [],
        "earlier": selected.earlier_of(row),
        "scored": row.programme in PROGRAMMES,
        "everywhere": selected.manages_everywhere(administrator),
        "ask_password": not recently_authenticated(request),
        "problems": problems or [],
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "screening/model.html", context, status=400 if problems else 200)
