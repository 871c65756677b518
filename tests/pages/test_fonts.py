"""A Chinese name has glyphs on a computer that has no Chinese font."""

from __future__ import annotations

import pytest

from config.env import ROOT
from tests.chromium import launch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOAD = """async (name) => {
  const faces = await document.fonts.load('16px "Firstread Han"', name);
  return faces.map((face) => face.status);
}"""
# A Chinese character is as wide as its font is high; the box that stands for a missing one is narrower.
WIDTHS = """() => {
  const found = {}, range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.data.trim();
    if (!/^\\p{Script=Han}+$/u.test(text)) continue;
    range.selectNodeContents(node);
    const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
    found[text] = range.getBoundingClientRect().width / (size * text.length);
  }
  return found;
}"""
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>"""


def test_the_chinese_font_of_the_build_reaches_the_page_within_its_policy(look_at):
    room = look_at("account_login")
    assert room.page.evaluate(LOAD, "王芳堃") == ["loaded"]
    assert room.page.evaluate(LOAD, "Nowak") == []
    assert "Firstread Han" in room.page.evaluate("() => getComputedStyle(document.body).fontFamily")
    assert room.complaints == []


def test_a_computer_without_any_chinese_font_shows_characters_and_no_empty_boxes(browser, live_server, tmp_path):
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    for file in (ROOT / "static" / "dist" / "fonts").glob("DejaVu*.ttf"):
        (fonts / file.name).write_bytes(file.read_bytes())
    written = tmp_path / "fonts.conf"
    written.write_text(FONTS.format(fonts=fonts, cache=tmp_path / "cache"))
    bare = launch(browser.browser_type, FONTCONFIG_FILE=str(written))
    try:
        page = bare.new_page(locale="zh-CN")
        page.goto(f"{live_server.url}/accounts/login/")
        page.evaluate(LOAD, "登录")
        widths = page.evaluate(WIDTHS)
        assert {"登录", "密码"} <= set(widths)
        assert {text: width for text, width in widths.items() if abs(width - 1) > 0.02} == {}
    finally:
        bare.close()
