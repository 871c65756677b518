"""What every page takes from the person who looks at it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.keymap import page_keymap
from accounts.models import TextSize, Theme, User

# So that the page of signing in, which knows nobody yet, looks as it did at this computer.
THEME_COOKIE = "firstread_theme"
# What browsers paint before any style has arrived.
COLOUR_SCHEMES = {Theme.DARK: "dark", Theme.LIGHT: "light", Theme.SYSTEM: "light dark"}


def page(request: HttpRequest) -> dict[str, Any]:
    """Context `appearance` (theme, scheme, text) and `keymap`, the table of keys for the page's scripts."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        theme, text, keys = user.theme, user.text_size, user.keys
    else:
        theme, text, keys = request.COOKIES.get(THEME_COOKIE, ""), TextSize.USUAL, {}
    known = Theme(theme) if theme in Theme.values else Theme.DARK
    return {
        "appearance": {"theme": known.value, "scheme": COLOUR_SCHEMES[known], "text": int(text)},
        "keymap": page_keymap(keys),
    }
