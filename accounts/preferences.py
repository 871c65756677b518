"""What every page takes from the person who looks at it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.keymap import page_keymap


def page(_request: HttpRequest) -> dict[str, Any]:
    """Context `keymap`: the table of keys for the page's scripts."""
    return {"keymap": page_keymap({})}
