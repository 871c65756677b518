"""A person's own names for what they narrow the list to."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from screening.models import SavedFilter

MOST = 20
LONGEST = 40


class CannotSave(Exception):
    """No name, or too many filters; `str(error)` says which."""


def save_filter(*, user: User, name: str, values: Mapping[str, str]) -> SavedFilter:
    """Keep `values` (of `Filters.kept`) under a name; the same name is kept anew. Raises `CannotSave`."""
    name = " ".join(name.split())[:LONGEST]
    if not name:
        raise CannotSave(_("Give the filter a name."))
    own = SavedFilter.objects.filter(user=user)
    if own.exclude(name=name).count() >= MOST:
        raise CannotSave(_("There are %(n)d filters already. Remove one first.") % {"n": MOST})
    return own.update_or_create(user=user, name=name, defaults={"values": dict(values)})[0]


def remove_filter(*, user: User, pk: int) -> bool:
    """False when it is not one of the user's."""
    return bool(SavedFilter.objects.filter(user=user, pk=pk).delete()[0])
