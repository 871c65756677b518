"""What the worklist's rows say of double reading: screening knows nothing of it, its template asks here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.translation import gettext as _

from accounts.models import User
from reports.selectors.double_reading import waiting_for_another_reader

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_readers(context: Mapping[str, Any], rows: Sequence[Any]) -> dict[int, str]:
    """Study id → who is wanted, of the rows (with `.study`) that have opinions already. One query for a page without."""
    user = context["request"].user
    return waiting_for_another_reader([row.study for row in rows], user) if isinstance(user, User) else {}


@register.simple_tag
def waiting_words(waiting: Mapping[int, str], study_id: int) -> str:
    """What a row says of it; "" where nothing is waited for."""
    if study_id not in waiting:
        return ""
    words = {
        "second": _("waits for the second reader"),
        "arbiter": _("waits for an arbiter"),
        "yours": _("yours is given, waits for another"),
    }
    return words[waiting[study_id]]
