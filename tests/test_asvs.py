"""The checklist of docs/asvs.md: whole, and no test in it that is not there."""

from __future__ import annotations

import re

import pytest

from config.env import ROOT

ROWS = [
    tuple(cell.strip() for cell in line.strip("|\n").split("|"))
    for line in (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ ", line)
]
# How many requirements of level 1 and 2 each chapter of the standard has.
CHAPTERS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip
STATES = {"yes", "partly", "not yet", "not applicable"}
TEST = re.compile(r"`([\w/]+)::(\w+)`")


def test_every_requirement_of_both_levels_stands_once():
    numbers = [row[0] for row in ROWS]
    assert len(set(numbers)) == len(numbers)
    assert [row[1] for row in ROWS].count("1") == 70
    assert [row[1] for row in ROWS].count("2") == 183
    counted = {chapter: sum(int(number.split(".")[0]) == chapter for number in numbers) for chapter in CHAPTERS}
    assert counted == CHAPTERS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_line_names_tests_that_are_there_or_says_why_there_is_none(row):
    number, level, what, state, by = row
    assert level in "12" and what and state in STATES
    named = TEST.findall(by)
    for file, test in named:
        text = (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8")
        assert f"def {test}(" in text, f"{number}: {file}::{test}"
    if state == "yes" and not named:
        assert by.startswith("no test"), number
    assert by, number
