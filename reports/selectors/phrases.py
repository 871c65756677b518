"""A person's own phrases, and the places in them that the page can fill."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reports.models import Phrase

# Filled from the study and the chosen finding (frontend/src/report/editor.js).
PLACES: dict[str, str | Promise] = {
    "side": _("side of the chosen finding"),
    "place": _("its place"),
    "size": _("its size"),
    "type": _("its type"),
    "n": _("its number"),
    "date": _("date of the study"),
    "age": _("age of the patient"),
}


def phrases_of(user: User) -> list[Phrase]:
    return list(Phrase.objects.filter(user=user))


def phrases_json(user: User) -> list[dict[str, Any]]:
    return [{"name": each.name, "text": each.text} for each in phrases_of(user)]
