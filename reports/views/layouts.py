"""A reader's own hanging protocols: the page where they are made, and what it and the reading room send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from accounts.roles import Action, can
from reports.layout_strings import layout_strings
from reports.layouts import KINDS, LayoutError
from reports.selectors.hanging import kinds_json, layout_for, layouts_json
from reports.services.layouts import (
    LayoutRefused,
    change_layout,
    choose_layout,
    new_layout,
    remove_layout,
    reset_protocol,
    save_protocol,
)
from reports.views.reading_room import json_body, signed_in


@require_GET
@login_required
@never_cache
@ensure_csrf_cookie
def layouts(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    if not can(user, Action.VIEW_IMAGES):
        raise PermissionDenied(_("Your role does not allow this."))
    asked = request.GET.get("kind", "")
    data = {
        "kinds": kinds_json(),
        "layouts": layouts_json(user),
        "strings": layout_strings(),
        "kind": asked if asked in KINDS else KINDS[0],
    }
    return render(request, "reports/layouts.html", {"data": data})


@require_POST
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """{"kind", "name", "protocol"} → {"id", "layouts"}; 400 for what is no layout."""

    def do(sent: Mapping[str, Any]) -> dict[str, Any]:
        asked = {name: str(sent.get(name) or "") for name in ("kind", "name")}
        row = new_layout(user=signed_in(request), protocol=sent.get("protocol"), request=request, **asked)
        return {"id": row.pk}

    return _answered(request, do)


@require_POST
@login_required
def act(request: HttpRequest, layout_id: int, act: str) -> HttpResponse:
    """`act`: save ({"name"}, {"protocol"} or both), choose or remove → {"layouts"}."""

    def do(sent: Mapping[str, Any]) -> dict[str, Any]:
        layout = layout_for(signed_in(request), layout_id)
        if act == "save":
            name = sent.get("name")
            change_layout(
                layout=layout,
                name=None if name is None else str(name),
                protocol=sent.get("protocol"),
                request=request,
            )
        elif act == "choose":
            choose_layout(layout=layout, request=request)
        elif act == "remove":
            remove_layout(layout=layout, request=request)
        else:
            raise Http404(_("There is no such act."))
        return {}

    return _answered(request, do)


@require_POST
@login_required
def save(request: HttpRequest, kind: str) -> HttpResponse:
    """What stands in the room, as the user's own that is in use."""

    def do(sent: Mapping[str, Any]) -> dict[str, Any]:
        save_protocol(user=signed_in(request), kind=kind, protocol=sent, request=request)
        return {"own": "yes"}

    return _answered(request, do)


@require_POST
@login_required
def reset(request: HttpRequest, kind: str) -> HttpResponse:
    """Back to the department's."""
    if kind not in KINDS:
        return _refused(400, _("Not usable: %(fields)s.") % {"fields": ", ".join(KINDS)})

    def do(_sent: Mapping[str, Any]) -> dict[str, Any]:
        reset_protocol(user=signed_in(request), kind=kind, request=request)
        return {"own": "no"}

    return _answered(request, do)


def _answered(request: HttpRequest, do: Callable[[Mapping[str, Any]], dict[str, Any]]) -> HttpResponse:
    sent = json_body(request)
    try:
        answer = do(sent if isinstance(sent, Mapping) else {})
    except LayoutRefused as error:
        return _refused(400, str(error))
    except LayoutError:
        return _refused(400, _("This way of hanging cannot be kept."))
    except PermissionDenied as error:
        return _refused(403, str(error))
    except Http404 as error:
        return _refused(404, str(error))
    return JsonResponse({**answer, "layouts": layouts_json(signed_in(request))})


def _refused(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail or _("Your role does not allow this.")}, status=status)
