"""`make screenshots`: every page of the table in both languages and both themes, to be looked at by a person.

Run by its name, so no test run collects it. Pictures go to SCREENSHOTS (var/screenshots): one sheet a page, and the
four pictures of it; what does not fit its screen is listed in cut-off.txt there.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from config.env import ROOT
from tests.pages.fit import cut_off
from tests.pages.table import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLDER = Path(os.environ.get("SCREENSHOTS") or ROOT / "var" / "screenshots")
WIDTH, HEIGHT = (int(n) for n in os.environ.get("SIZE", "1440x900").split("x"))
LANGUAGES, THEMES = ("en", "zh-hans"), ("dark", "light")


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Languages across, themes down."""
    whole = Image.new("RGB", (WIDTH * 2 + 8, HEIGHT * 2 + 8), "#888888")
    for number, picture in enumerate(pictures):
        whole.paste(picture, ((number // 2) * (WIDTH + 8), (number % 2) * (HEIGHT + 8)))
    return whole


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pictures_of_a_page(look_at, world, name):
    FOLDER.mkdir(parents=True, exist_ok=True)
    for study in world.studies.values():
        study.patient.name = "Wang^Fang=王^芳"
        study.patient.save()
    pictures = []
    for language in LANGUAGES:
        room = look_at(name, (WIDTH, HEIGHT), language)
        for theme in THEMES:
            room.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            room.page.wait_for_timeout(150)
            picture = Image.open(io.BytesIO(room.page.screenshot())).convert("RGB")
            stem = name.replace(", ", "-").replace(" ", "-")
            picture.save(FOLDER / f"{stem}.{language}.{theme}.png")
            pictures.append(picture)
        with (FOLDER / "cut-off.txt").open("a", encoding="utf-8") as list_of:
            for what in cut_off(room.page):
                list_of.write(f"{name} {language} {WIDTH}x{HEIGHT}: {what!r}\n")
    sheet(pictures).save(FOLDER / f"{stem}.png")
