"""A bundle's card as a page shows it: Markdown without raw HTML, its pictures from the bundle alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable("table")
_OUTSIDE = ("https://", "http://")


def card_html(text: str, files: Mapping[str, str]) -> SafeString:
    """HTML of a CARD.md. files: name of a bundle's file → address it is served at.

    Raw HTML is shown as text; headings go one level down, below the page's own; links lead to the web
    or to the bundle's files, pictures only to the latter; no attribute needs a style or a script.
    """
    tokens = _MARKDOWN.parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        del tokens[:3]  # the card's title; the page has one
    for token in _all(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        elif token.type in ("th_open", "td_open"):
            right = "right" in str(token.attrs.pop("style", ""))
            if right:
                token.attrs["class"] = "number"
        elif token.type == "image":
            _picture(token, files)
    _links(tokens, files)
    # markdown-it escapes all text and attributes, and was told to let no HTML of the card through.
    return mark_safe(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _picture(token: Token, files: Mapping[str, str]) -> None:
    source = str(token.attrs.get("src", "")).removeprefix("./")
    if source in files:
        token.attrs["src"] = files[source]
        token.attrs["loading"] = "lazy"
        return
    token.type, token.tag = "text", ""
    token.attrs, token.children = {}, None


def _links(tokens: list[Token], files: Mapping[str, str]) -> None:
    for token in tokens:
        opened: list[Token] = []
        for inner in token.children or []:
            if inner.type == "link_open":
                opened.append(inner)
                address = str(inner.attrs.get("href", ""))
                target = files.get(address.removeprefix("./"))
                if target:
                    inner.attrs = {"href": target}
                elif address.startswith(_OUTSIDE):
                    inner.attrs = {"href": address, "rel": "noopener noreferrer nofollow"}
                else:
                    inner.tag, inner.attrs = "span", {}
            elif inner.type == "link_close" and opened:
                inner.tag = opened.pop().tag
