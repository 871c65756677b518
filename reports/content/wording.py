"""What changed between two texts, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "gone", "new"]
# A word with the blank after it; Chinese is written without blanks, so each of its signs is a word.
_WORD = re.compile(r"[\u3400-\u9fff]\s*|[^\s\u3400-\u9fff]+\s*|\s+")


def changes(before: str, after: str) -> list[tuple[Kind, str]]:
    """Pieces in reading order: what stayed, what went, what came. Without "gone" they spell `after`, without "new"
    `before`."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    found: list[tuple[Kind, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", _joined(old[i1:i2])))
            continue
        found += [("gone", _joined(old[i1:i2]))] if i2 > i1 else []
        found += [("new", _joined(new[j1:j2]))] if j2 > j1 else []
    return found


def _joined(words: Sequence[str]) -> str:
    return "".join(words)
