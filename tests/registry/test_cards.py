"""A card is text from elsewhere: it is shown, and can do nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from screening.scoring.bundle import BUNDLES
from screening.selectors.cards import card_html

FILES = {"r.svg": "/models/m/1.0.0/files/r.svg"}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,<script>alert(1)</script>)",
        "![a](javascript:alert(1))",
        '[a](https://x "\\" onmouseover=alert(1)")',
        "<a href='x' onclick='y'>z</a>",
        "| a |\n|:-:|\n| <svg onload=x> |",
        "```html\n<script>x</script>\n```",
    ],
)
def test_nothing_of_a_card_runs(text):
    parts = Parts()
    parts.feed(card_html(text, FILES))
    assert {tag for tag, _attributes in parts.found} <= {
        "p",
        "a",
        "span",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    for _tag, attributes in parts.found:
        assert set(attributes) <= {"href", "rel", "class", "title"}
        assert attributes.get("href", "https://").startswith("https://")


class Parts(HTMLParser):
    """Every tag with its attributes, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_pictures_come_from_the_bundle_and_from_nowhere_else():
    assert f'<img src="{FILES["r.svg"]}" alt="curve" loading="lazy"' in card_html("![curve](r.svg)", FILES)
    for source in ("https://example.org/x.png", "../../secret.png", "other.png", "//example.org/x.png"):
        html = card_html(f"![curve]({source})", FILES)
        assert "<img" not in html and "curve" in html


def test_links_lead_to_the_web_or_the_bundle():
    html = card_html("[a](https://example.org/) [b](r.svg) [c](../../docs/x.md)", FILES)
    assert '<a href="https://example.org/" rel="noopener noreferrer nofollow">a</a>' in html
    assert f'<a href="{FILES["r.svg"]}">b</a>' in html
    assert "<span>c</span>" in html


def test_tables_are_tables_without_a_style_and_headings_stand_below_the_page_s_own():
    html = card_html("# Title\n\n# One\n\n## Two\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n", {})
    assert "Title" not in html and "<h2>One</h2>" in html and "<h3>Two</h3>" in html
    assert '<td class="number">2</td>' in html and "style=" not in html


@pytest.mark.parametrize("path", sorted(BUNDLES.glob("*/CARD.md")), ids=lambda path: path.parent.name)
def test_the_shipped_cards_are_shown_with_their_tables(path):
    text = path.read_text(encoding="utf-8")
    html = card_html(text, {})
    assert html.count("<table>") == len(re.findall(r"^\|[:| ]*-[-:| ]+\|$", text, re.M))
    assert "style=" not in html
