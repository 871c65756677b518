"""A person's own phrases: kept, changed, removed; each audited without its words."""

from __future__ import annotations

import re

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from reports.models import Phrase
from reports.sections import LONGEST_TEXT, clean_text

NAME = re.compile(r"[^\W_](?:[^\W_]|-){0,23}")
MOST = 200


class PhraseError(ValueError):
    """It cannot be kept; `str(error)` is one sentence for people."""


def keep_phrase(*, user: User, name: str, text: str, request: HttpRequest | None = None) -> Phrase:
    """The person's phrase of that name says `text` from now on. Raises `PhraseError`."""
    name, text = name.strip().lstrip("/").lower(), clean_text(text)
    if not NAME.fullmatch(name):
        raise PhraseError(_("A name is one word of at most 24 letters, digits and hyphens."))
    if not text:
        raise PhraseError(_("A phrase needs words."))
    if len(text) > LONGEST_TEXT:
        raise PhraseError(_("A phrase has at most %(n)d characters.") % {"n": LONGEST_TEXT})
    with transaction.atomic():
        # Holds the person's row, so that two pages cannot both add the last one.
        User.objects.select_for_update().get(pk=user.pk)
        others = Phrase.objects.filter(user=user).exclude(name=name)
        if others.count() >= MOST:
            raise PhraseError(_("There are %(n)d phrases already: remove one first.") % {"n": MOST})
        phrase, _created = Phrase.objects.update_or_create(user=user, name=name, defaults={"text": text})
        _told(user, request)
    return phrase


def remove_phrase(*, user: User, name: str, request: HttpRequest | None = None) -> None:
    """One that is gone already stays gone."""
    with transaction.atomic():
        if Phrase.objects.filter(user=user, name=name).delete()[0]:
            _told(user, request)


def _told(user: User, request: HttpRequest | None) -> None:
    audit.record(
        Verb.USER_CHANGED,
        actor=user,
        object_type="user",
        object_id=user.pk,
        detail={"fields": ["phrases"]},
        request=request,
    )
