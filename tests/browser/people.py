"""What people do at the program, in the words of their work."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.chromium import Room

PASSWORD = "correct horse battery"


class Person(Room):
    """Somebody at a page of the program."""

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page)
        self.url = url

    def goto(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.goto("/accounts/login/")
        self.page.fill("input[name=login]", username)
        self.page.fill("input[name=password]", password)
        self.press("Enter")
        self.page.wait_for_url(re.compile(r"/(worklist|upload|users|audit)/"))

    def until(self, look: Callable[[], Any], seconds: float, words: str) -> Any:
        """What `look` gives as soon as it is true."""
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            found = look()
            if found:
                return found
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not within {seconds} s: {words}; complaints: {self.complaints}")

    # The technologist

    def upload(self, *files: Path) -> dict[str, int]:
        """Send files by the chooser; answers the page's counts."""
        self.goto("/upload/")
        self.wait(lambda data: data.get("upload") == "ready")
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("[data-opens=files]").click()
        chooser.value.set_files(list(files))
        self.wait(lambda data: data.get("upload") == "done", seconds=90)
        kinds = ("stored", "duplicate", "rejected")
        return {kind: int(self.text(f"[data-part=count-{kind}]")) for kind in kinds}

    # The reader at the list

    def row(self, study_uid: str) -> Locator:
        return self.page.locator(f'tr[data-uid="{study_uid}"]')

    def row_shows(self, study_uid: str, ai: str, seconds: float) -> None:
        """Watch the list until the study's row is there in that AI state."""
        row = self.row(study_uid)
        self.until(
            lambda: row.count() == 1 and row.get_attribute("data-ai") == ai,
            seconds,
            f"a row that is {ai}",
        )

    def open_by_keyboard(self, study_uid: str) -> None:
        """From the worklist into the study: down to its row, then Enter."""
        self.wait(lambda data: data.get("worklist") == "ready")
        here = self.page.locator(f'tr.here[data-uid="{study_uid}"]')
        self.press("Home")
        for _step in range(self.page.locator("tr[data-uid]").count()):
            if here.count():
                break
            self.press("ArrowDown")
        self.pressed = 0
        self.press("Enter")
        self.page.wait_for_url(re.compile(rf"/studies/{re.escape(study_uid)}/"))

    # The reader in the room

    def images_are_ready(self) -> dict[str, str]:
        return self.wait(lambda data: data.get("viewer") in ("ready", "error"), seconds=60)

    def draft_is_there(self) -> None:
        """The text comes a moment after the score; the page takes it in by itself."""
        self.page.locator("[data-part=sections] .s.ai").first.wait_for(timeout=60_000)

    def write_after_first_sentence(self, sentence: str) -> None:
        """E leads into the report; a new sentence is typed behind the first one."""
        self.press("e", "End", "Enter")
        self.page.keyboard.type(sentence)
        self.press("Escape")

    def answer_what_is_open(self) -> None:
        """The first answer of each choice that is asked for and open: what the AI suggests where it read the study."""
        still_open = self.page.locator(".field.open select")
        while still_open.count():
            still_open.first.select_option(index=1)

    def sign(self, password: str = PASSWORD) -> None:
        self.press("Control+Enter")
        self.page.locator("[data-part=password]").wait_for(state="visible")
        self.page.keyboard.type(password)
        self.press("Enter")
        self.wait(lambda data: data.get("signed") == "yes")

    def pdf(self) -> bytes:
        address = self.page.get_attribute("[data-part=pdf]", "href")
        answer = self.page.context.request.get(f"{self.url}{address}")
        assert answer.status == 200 and answer.headers["content-type"] == "application/pdf"
        return answer.body()
