"""What pages show of a person's rights, from the one table."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import ROLE_ACTIONS, Action


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context `navigation`: (label, url, active) of every page the signed-in person may open; `sees_images`: anywhere."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_active:
        return {"navigation": []}
    roles = user.memberships.filter(site__is_active=True).values_list("role", flat=True)
    actions = frozenset().union(*(ROLE_ACTIONS[role] for role in roles)) if roles else frozenset()
    pages = (
        (Action.VIEW_WORKLIST, _("Worklist"), reverse("worklist")),
        (Action.COMMUNICATE, _("Tasks"), reverse("tasks")),
        (Action.UPLOAD, _("Upload"), reverse("upload")),
        (Action.UPLOAD, _("Orders"), reverse("orders")),
        (Action.MANAGE_PATIENTS, _("Patients"), reverse("patients")),
        (Action.MANAGE_USERS, _("Users"), reverse("users")),
        (Action.MANAGE_MODELS, _("Models"), reverse("models")),
        (Action.MANAGE_RULES, _("Reading rules"), reverse("reading-rules")),
        (Action.MANAGE_RULES, _("Review rules"), reverse("review-rules")),
        (Action.MANAGE_RULES, _("House style"), reverse("house-style")),
        (Action.MANAGE_TARGETS, _("Targets"), reverse("targets")),
        (Action.MANAGE_SITES, _("Settings"), reverse("sites")),
        (Action.ERASE_CONTENT, _("Erasure"), reverse("erasures")),
        (Action.VIEW_STATUS, _("Status"), reverse("status")),
        (Action.VIEW_AUDIT, _("Audit"), reverse("audit")),
        # Readers open studies there, auditors see who did.
        (Action.BREAK_GLASS, _("Emergency"), reverse("emergency")),
        (Action.VIEW_AUDIT, _("Emergency"), reverse("emergency")),
    )
    allowed = dict.fromkeys((label, url) for action, label, url in pages if action in actions)
    return {
        "navigation": [(label, url, request.path.startswith(url)) for label, url in allowed],
        "sees_images": Action.VIEW_IMAGES in actions,
    }


def first_page(request: HttpRequest) -> str:
    """The address where a person's work begins: the worklist, else the first page their role opens."""
    pages = navigation(request)["navigation"]
    return pages[0][1] if pages else reverse("worklist")
