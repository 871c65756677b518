"""What a report needs before it can be signed, filled in as a person would in a hurry."""

from __future__ import annotations

from typing import Any


def fill_required(room: Any) -> None:
    """Write a sentence into every section that still needs one."""
    while room.page.locator(".issue button").count():
        room.page.locator(".issue button").first.click()
        room.page.keyboard.type("Nothing to report.")
        room.page.keyboard.press("Escape")


def answer_what_is_open(room: Any) -> None:
    """The first answer of each choice that is asked for and open."""
    still_open = room.page.locator(".field.open select")
    while still_open.count():
        still_open.first.select_option(index=1)
