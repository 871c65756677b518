"""A Chinese name has glyphs on a computer that has no Chinese font."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOAD = """async (name) => {
  const faces = await document.fonts.load('16px "Firstread Han"', name);
  return faces.map((face) => face.status);
}"""


def test_the_chinese_font_of_the_build_reaches_the_page_within_its_policy(look_at):
    room = look_at("account_login")
    assert room.page.evaluate(LOAD, "王芳堃") == ["loaded"]
    assert room.page.evaluate(LOAD, "Nowak") == []
    assert "Firstread Han" in room.page.evaluate("() => getComputedStyle(document.body).fontFamily")
    assert room.complaints == []
