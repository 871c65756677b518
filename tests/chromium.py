"""The one Chromium of a test run, and a page in it that can be waited for."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserType, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A busy machine is slow, not wrong: what is expected may take this long to come.
expect.set_options(timeout=20_000)
# What the policy forbids is told by an event that no page listens to.
LISTEN = """document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});"""


def launch(kind: BrowserType, **environment: str) -> Browser:
    """environment: beside the run's own. Raises FileNotFoundError where there is no Chromium."""
    found = next((path for name in NAMES if name and (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError("The browser tests need Chromium: install it, or set CHROMIUM to its path.")
    return kind.launch(executable_path=found, args=FLAGS, env={**os.environ, **environment})


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert Path(settings.FRONTEND_MANIFEST).exists(), "The front end is not built: run make setup."
    # Playwright keeps an event loop in this thread; the database is used from here all the same.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


class Room:
    """A page, with what the browser complained about while it was open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.pressed = 0
        page.add_init_script(LISTEN)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def data(self) -> dict[str, str]:
        """What the page says of itself; nothing between two pages, where a document has no root element yet."""
        try:
            return self.page.evaluate("() => ({...document.documentElement?.dataset})")
        except PlaywrightError as error:
            if "Execution context was destroyed" in str(error):
                return {}
            raise

    def wait(self, condition: Callable[[dict[str, str]], bool], seconds: float = 30) -> dict[str, str]:
        """Poll the page's data attributes; fails with what they are."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            data = self.data()
            if condition(data):
                return data
            time.sleep(0.05)
        raise AssertionError(f"not so within {seconds} s: {self.data()}; complaints: {self.complaints}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def box(self, selector: str, until: Callable[[dict[str, float]], bool] = lambda box: True) -> dict[str, float]:
        """Where an element stands; marks are drawn anew at each rendering, so it is asked for again."""
        stop = time.monotonic() + 10
        box = None
        while time.monotonic() < stop:
            box = self.page.locator(selector).bounding_box()
            if box is not None and until(box):
                return box
            time.sleep(0.05)
        raise AssertionError(f"{selector} stands at {box}")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)
