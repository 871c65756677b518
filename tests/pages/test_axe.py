"""axe looks at every page in both themes and finds nothing serious (WCAG 2.2 A and AA); every page fits its screen."""

from __future__ import annotations

from typing import Any

import pytest

from config.env import ROOT
from tests.chromium import Room
from tests.pages.fit import cut_off_on_any_screen
from tests.pages.table import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOK = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.map((one) => ({
    rule: one.id, impact: one.impact,
    places: one.nodes.slice(0, 5).map((node) => [node.target.join(' '), node.failureSummary]),
  }));
}"""


def serious(room: Room, theme: str) -> list[dict[str, Any]]:
    room.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    return [one for one in room.page.evaluate(LOOK, RULES) if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_no_serious_barrier_in_either_theme_and_fits_every_screen(look_at, name):
    room = look_at(name)
    room.page.evaluate(AXE.read_text(encoding="utf-8"))
    assert {theme: serious(room, theme) for theme in ("dark", "light")} == {"dark": [], "light": []}
    assert cut_off_on_any_screen(room.page) == {}


def test_axe_would_find_a_barrier(look_at):
    room = look_at("account_login")
    room.page.evaluate(AXE.read_text(encoding="utf-8"))
    room.page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    assert [one["rule"] for one in serious(room, "dark")] == ["label"]
