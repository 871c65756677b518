"""What every page shows of tasks: how many critical results are late, beside the link to them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from reports.selectors.communication import late_communications


def late_tasks(request: HttpRequest) -> dict[str, Any]:
    """Context `late_tasks`: {"url": of the page of tasks, "count": at the person's sites}; counted when shown."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_active:
        return {}

    def count() -> int:
        return late_communications(user)

    return {"late_tasks": {"url": reverse("tasks"), "count": SimpleLazyObject(count)}}
