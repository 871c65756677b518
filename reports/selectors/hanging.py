"""How a study's images hang for one person: their own protocol where one is in use, else the department's."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from reports.layouts import KINDS, LayoutError, checked_protocol, department_protocol, kind_of
from reports.models import UserHangingProtocol
from screening.models import Study
from screening.programmes import presets_for


def hanging_json(study: Study, user: User) -> dict[str, Any]:
    """{"kind", "own", "protocol", "department", "other", "layouts", "build", "save", "reset"}.

    department: null where `protocol` is that itself. other: what holds where a mammogram has no film, else null.
    layouts: the user's own of this kind, as `layout_json`, without those that this program no longer takes. build:
    the page where they are made. One in use that is no longer taken gives way to the department's; `own` then is
    "unusable", else "yes" or "no".
    """
    kind = kind_of(study.modality, study.programme)
    department = department_protocol(kind)
    own, protocol, listed = "no", department, []
    for kept in UserHangingProtocol.objects.filter(user=user, kind=kind).order_by("name"):
        shown = layout_json(kept)
        if shown["protocol"]:
            listed.append(shown)
        if kept.chosen:
            own, protocol = ("yes", shown["protocol"]) if shown["protocol"] else ("unusable", department)
    return {
        "kind": kind,
        "own": own,
        "protocol": protocol,
        "department": department if own == "yes" else None,
        "other": department_protocol("other") if kind == "mammography" else None,
        "layouts": listed,
        "build": f"{reverse('layouts')}?kind={kind}",
        "save": reverse("layout-save", args=(kind,)),
        "reset": reverse("layout-reset", args=(kind,)),
    }


def layout_json(layout: UserHangingProtocol) -> dict[str, Any]:
    """{"id", "kind", "name", "chosen", "protocol", "act"}; protocol: null where this program no longer takes it.
    act: the address of what can be done with it, "ACT" to be replaced."""
    try:
        protocol = checked_protocol(layout.protocol, KINDS)
    except LayoutError:
        protocol = None
    return {
        "id": layout.pk,
        "kind": layout.kind,
        "name": layout.name,
        "chosen": layout.chosen,
        "protocol": protocol,
        "act": reverse("layout-act", args=(layout.pk, "ACT")),
    }


def layouts_json(user: User) -> list[dict[str, Any]]:
    """All of the user's own, by kind and name."""
    rows = [layout_json(row) for row in UserHangingProtocol.objects.filter(user=user).order_by("name")]
    return sorted(rows, key=lambda row: KINDS.index(row["kind"]))


def kinds_json() -> list[dict[str, Any]]:
    """[{"kind", "label", "department", "presets": [{"name", "label"}]}], in the order of the page."""
    labels = {
        "mammography": _("Mammograms"),
        "lung": _("CT of the lungs"),
        "brain": _("CT of the head"),
        "other": _("Everything else"),
    }
    return [
        {
            "kind": kind,
            "label": labels[kind],
            "department": department_protocol(kind),
            "presets": [
                {"name": each.name, "label": str(each.label)}
                for each in (presets_for(kind) if kind in ("lung", "brain") else ())
            ],
        }
        for kind in KINDS
    ]


def layout_for(user: User, layout_id: int) -> UserHangingProtocol:
    """One of the user's own. Raises Http404 for anybody else's."""
    row = UserHangingProtocol.objects.filter(user=user, pk=layout_id).select_related("user").first()
    if row is None:
        raise Http404(_("There is no such layout."))
    return row
