"""Passwords that anybody at the place would try first."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Site

# Asked for by OWASP ASVS 5.0, 6.1.2: what the product, its users and its rooms are called.
WORDS = (
    "firstread", "radiology", "radiologist", "radiologie", "reader", "reading", "screening", "mammography",
    "mammogram", "mammo", "tomography", "dicom", "pacs", "hospital", "clinic", "klinik", "department", "doctor",
    "technologist", "administrator", "admin", "auditor", "trainee", "breast", "brain", "lung", "head", "chest",
    "password", "passwort", "welcome", "login", "the", "and", "my",
)  # fmt: skip


class PlaceWordsValidator:
    """Refuses a password whose letters are words of the place and nothing else, whatever figures stand between."""

    def validate(self, password: str, user: object = None) -> None:
        if is_made_of(_letters(password), {*WORDS, *_site_words()}):
            raise ValidationError(_("Anybody here would try these words. Choose others."), code="place_words")

    def get_help_text(self) -> str:
        return _("Your password is more than words of this place.")


def is_made_of(letters: str, words: set[str]) -> bool:
    """Whether `letters` is one or several of the words, end to end. Takes time by length, not by combinations."""
    reached = {0}
    for end in range(1, len(letters) + 1):
        if any(end - len(word) in reached and letters[:end].endswith(word) for word in words):
            reached.add(end)
    return bool(letters) and len(letters) in reached


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalpha())


def _site_words() -> set[str]:
    names = [text for pair in Site.objects.values_list("name", "slug") for text in pair]
    words = {_letters(word) for name in names for word in re.split(r"[\s_-]+", name)}
    return {word for word in words if len(word) > 2}
