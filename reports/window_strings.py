"""What the room says of its second window."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STRINGS: dict[str, str | Promise] = {
    "second_window": _("Second window"),
    "images_away": _("The images are in the second window."),
    "images_back": _("Bring them back"),
    "window_refused": _("The browser did not open a second window: allow pop-up windows for this address."),
}


def window_strings() -> dict[str, str]:
    return {key: str(text) for key, text in STRINGS.items()}
