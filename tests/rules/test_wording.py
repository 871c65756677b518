"""What changed between two texts, word by word."""

from __future__ import annotations

import pytest

from reports.content.wording import changes

TEXTS = [
    "",
    "One nodule.",
    "One small nodule.",
    "右肺上叶结节 8 mm。",
    "右肺下叶结节 9 mm。",
    "  spaced   out ",
    "a b a b a",
    "b a b",
]


@pytest.mark.parametrize("before", TEXTS)
@pytest.mark.parametrize("after", TEXTS)
def test_the_pieces_spell_both_texts(before, after):
    pieces = changes(before, after)
    assert "".join(text for kind, text in pieces if kind != "gone") == after
    assert "".join(text for kind, text in pieces if kind != "new") == before
    assert all(text for _kind, text in pieces)


def test_what_went_stands_before_what_came():
    assert changes("Nodule of 8 mm.", "Nodule of 9 mm.") == [
        ("same", "Nodule of "),
        ("gone", "8 "),
        ("new", "9 "),
        ("same", "mm."),
    ]


def test_chinese_is_compared_sign_by_sign():
    assert changes("右肺上叶", "右肺下叶") == [("same", "右肺"), ("gone", "上"), ("new", "下"), ("same", "叶")]
