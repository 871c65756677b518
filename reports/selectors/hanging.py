"""How a study's images hang for one person: their own protocol where they keep one, else the department's."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.models import User
from reports.layouts import KINDS, LayoutError, checked_protocol, department_protocol, kind_of
from reports.models import UserHangingProtocol
from screening.models import Study


def hanging_json(study: Study, user: User) -> dict[str, Any]:
    """{"kind", "own", "protocol", "department", "other", "save", "reset"}.

    department: null where `protocol` is that itself. other: what holds where a mammogram has no film, else null. A
    protocol of one's own that this program no longer takes gives way to the department's; `own` then is "unusable",
    else "yes" or "no".
    """
    kind = kind_of(study.modality, study.programme)
    department = department_protocol(kind)
    kept = UserHangingProtocol.objects.filter(user=user, kind=kind).first()
    own, protocol = "no", department
    if kept is not None:
        try:
            own, protocol = "yes", checked_protocol(kept.protocol, KINDS)
        except LayoutError:
            own = "unusable"
    return {
        "kind": kind,
        "own": own,
        "protocol": protocol,
        "department": department if own == "yes" else None,
        "other": department_protocol("other") if kind == "mammography" else None,
        "save": reverse("layout-save", args=(kind,)),
        "reset": reverse("layout-reset", args=(kind,)),
    }
